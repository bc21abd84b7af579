"""Translates one text as a request of LibreTranslate asks for it: from which language, and in which ways."""

from collections.abc import Mapping
from functools import partial
from typing import Literal, NamedTuple

from sokuji.api.libretranslate.requests import AUTO
from sokuji.api.service import NO_PREFERENCE, Service
from sokuji.contract import StageName, TranslatedText
from sokuji.pipeline.html_translation import translate_html
from sokuji.pipeline.text_blocks import TranslateText
from sokuji.pipeline.text_source import probable_source
from sokuji.text.language_identification import ProbableLanguage

TextFormat = Literal["text", "html"]


class TranslationResult(NamedTuple):
    """A text in the target language."""

    text: str
    detected: ProbableLanguage | None
    """None: the client has named the language."""
    alternatives: list[str]
    """What the other translators of the pair say, each once."""


async def translate_one(
    text: str, service: Service, source: str, target: str, text_format: TextFormat, alternatives: int
) -> TranslationResult:
    """A text from ``source``, which may be ``AUTO``, to ``target``.

    Raises:
        UnsupportedLanguage: no translator covers the pair.
        SokujiError: see ``Pipeline.translate_text``.
    """
    detected = await detect_source(text, service, target) if source == AUTO else None
    source = detected.code if detected else source

    async def translate(providers: Mapping[StageName, str] = NO_PREFERENCE) -> TranslatedText:
        translate_text = translator(service, source, target, providers)
        return await (translate_html(text, translate_text) if text_format == "html" else translate_text(text))

    translated = await translate()
    others: list[str] = []
    for member in service.pipeline.catalogue.translators(source, target):
        if len(others) < alternatives and member.info.provider != translated.provider:
            other = await translate({"translation": member.info.provider})
            if other.text not in (translated.text, *others):
                others.append(other.text)
    return TranslationResult(translated.text, detected, others)


async def detect_source(text: str, service: Service, target: str) -> ProbableLanguage:
    """The language of a text among those that can be translated to ``target``, and that itself.

    Raises:
        UnsupportedLanguage: nothing is translated to ``target``.
    """
    return await probable_source(text, service.pipeline.catalogue, target)


def translator(
    service: Service, source: str, target: str, providers: Mapping[StageName, str] = NO_PREFERENCE
) -> TranslateText:
    """Translates text on behalf of one request, which gives way to live speech.

    Raises:
        UnsupportedLanguage: no translator covers the pair.
    """
    service.pipeline.catalogue.check_text_pair(source, target)
    return partial(service.request_pipeline(providers).translate_text, source=source, target=target)
