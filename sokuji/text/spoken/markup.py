"""Removes the marks of Markdown and HTML, and names emoji: only words are spoken."""

import html
import re
import unicodedata
from functools import lru_cache

import emoji

_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.MULTILINE), replacement)
    for pattern, replacement in (
        (r"^[ \t]*(?:```|~~~)[^\n]*$", ""),
        (r"^[ \t]*(?:[-*_][ \t]*){3,}$", ""),
        (r"^[ \t]*+(?:\|[ \t]*+)?:?-{2,}+:?[ \t]*+(?:\|[ \t]*+:?-{2,}+:?[ \t]*+)*+\|?[ \t]*+$", ""),
        # Items and headings are sentences of their own.
        (r"^[ \t]*(?:[-*+•][ \t]+(?:\[[ xX]\][ \t]+)?|#{1,6}[ \t]+)", "\n"),
        (r"^[ \t]*>[ \t]?", ""),
        (r"^[ \t]*\|(.*)\|[ \t]*$", r"\1"),
        (r"(?<![ \t])[ \t]++\|[ \t]++", ", "),
        (r"!?\[([^\[\]\n]{1,500})\]\([^()\s]{1,2000}(?:[ \t]+\"[^\"\n]*\")?\)", r"\1"),
        (r"<(https?://[^<>\s]+|[\w.+-]+@[\w.-]+)>", r"\1"),
        (r"</?[A-Za-z][^<>\n]{0,500}>", ""),
        (r"(?<!`)`++([^`\n]++)`++", r"\1"),
        (r"(\*{1,3}|~~)(?=\S)([^\n*~]+?)(?<=\S)\1", r"\2"),
        (r"(?<!\w)(_{1,3})(?=\S)([^\n]{1,500}?)(?<=\S)\1(?!\w)", r"\2"),
        (r"[{}]+|(?<=\w)_(?=\w)", " "),
    )
)
_SIGNS = re.compile(r"[*_`~<>#|{}\[\]\n•]|^[ \t]*[-+] ")
_ENTITY = re.compile(r"&(?:[A-Za-z]{2,10}|#\d{1,6});")
_MAYBE_EMOJI = re.compile("[\u00a9\u00ae\u200d\u203c-\u3299\U0001f000-\U0001faff]")
_NOT_EMOJI = re.compile("[\u00a9\u00ae\u2122\u2190-\u21ff]")


def without_markup(text: str, language: str) -> str:
    """``text`` without the marks of Markdown and HTML, with the names of its emoji.

    Args:
        text: any text.
        language: canonical code of the names; emoji that have none in it are left to the voice.
    """
    if _ENTITY.search(text):
        text = html.unescape(text)
    if _SIGNS.search(text):
        for pattern, replacement in _RULES:
            text = pattern.sub(replacement, text)
    return _with_emoji_names(text, language) if _MAYBE_EMOJI.search(text) else text


def _with_emoji_names(text: str, language: str) -> str:
    if language not in emoji.LANGUAGES:
        return text
    _load_names(language)

    def name(characters: str, data: dict[str, str]) -> str:
        if _NOT_EMOJI.match(characters) or language not in data:
            return characters
        return f" {data[language].strip(':').replace('_', ' ').replace('-', ' ')} "

    return emoji.replace_emoji(text, replace=name)


@lru_cache
def _load_names(language: str) -> None:
    emoji.config.load_language(language)


def composed(text: str) -> str:
    """``text`` in NFC, with ASCII for full-width letters and signs and for the digits of all scripts."""
    return "".join(map(_plain, unicodedata.normalize("NFC", text)))


def _plain(character: str) -> str:
    if character.isascii():
        return character
    if "\uff01" <= character <= "\uff5e":
        return chr(ord(character) - 0xFEE0)
    if unicodedata.category(character) == "Nd":
        return str(unicodedata.digit(character))
    return character
