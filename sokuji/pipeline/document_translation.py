"""Translates files: subtitles cue by cue, plain text paragraph by paragraph, HTML block by block."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial

from sokuji.contract import TranslatedText
from sokuji.pipeline.html_translation import translate_html
from sokuji.pipeline.text_blocks import TranslateText, translate_parts
from sokuji.text.subtitles.cue_texts import divided, is_webvtt, one_line, runs

_PARAGRAPH_ENDS = re.compile(r"((?:\r\n|\r|\n)[ \t]*(?:\r\n|\r|\n)\s*)")
_POSITION = re.compile(r"(\{\\[^{}]*\}|<\d[\d:.]*>)")
"""Where a cue is shown (SubRip, as ``{\\an8}``), and when a word of it is (WebVTT)."""


async def translate_subtitles(document: str, translate: TranslateText) -> TranslatedText:
    """A SubRip or WebVTT file with what is said in it translated; numbers, times and all else are kept."""
    # A cue of WebVTT has tags and entities like those of HTML.
    translate_text = partial(translate_html, translate=translate) if is_webvtt(document) else translate

    async def translate_run(run: str) -> TranslatedText:
        pieces = [(each, index % 2 == 0) for index, each in enumerate(_POSITION.split(one_line(run)))]
        translated = await translate_parts(pieces, translate_text)
        return replace(translated, text=divided(translated.text, run))

    return await translate_parts(runs(document), translate_run)


async def translate_paragraphs(document: str, translate: TranslateText) -> TranslatedText:
    """A plain text with each paragraph translated."""
    parts = _PARAGRAPH_ENDS.split(document)
    return await translate_parts([(each, index % 2 == 0) for index, each in enumerate(parts)], translate)


TRANSLATED_FILES: Mapping[str, Callable[[str, TranslateText], Awaitable[TranslatedText]]] = {
    ".txt": translate_paragraphs,
    ".srt": translate_subtitles,
    ".vtt": translate_subtitles,
    ".html": translate_html,
    ".htm": translate_html,
}
"""Suffix of a file -> how it is translated."""
