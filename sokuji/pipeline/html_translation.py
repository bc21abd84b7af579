"""Translates HTML: the text between the tags, which all stay as and in the order in which they are.

Text is translated block by block (paragraphs, headings, list items, table cells); tags within a block, such
as ``<b>``, are protected spans of its text. Comments, scripts, styles, code and elements with
``translate="no"`` are copied. Attributes are not translated. Entities are resolved before the translation,
except those without which text would become markup, and the result is escaped again.
"""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from itertools import groupby, pairwise
from typing import Literal, NamedTuple

from sokuji.contract import TranslatedText
from sokuji.pipeline.html_elements import BLOCK_TAGS, OpenElements
from sokuji.pipeline.text_blocks import TranslateText, translate_parts
from sokuji.text.protection.literals import TAG
from sokuji.text.protection.verification import has_letters

# What reads like an entity, and what does not.
_ENTITY_LIKE = re.compile(r"&(?=#?\w+;)")
_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt);)")
_SPACE = re.compile(r"[ \t\r\n\f]+")

_Kind = Literal["text", "inline", "copied"]


async def translate_html(document: str, translate: TranslateText) -> TranslatedText:
    """The document with its text translated by ``translate``; the score is the lowest of all blocks.

    Raises:
        SokujiError: a block could not be translated.
    """

    async def translate_block(block: str) -> TranslatedText:
        translated = await translate(block)
        return replace(translated, text=_escaped(translated.text))

    return await translate_parts(_blocks(document), translate_block)


class _Block(NamedTuple):
    """A run of the document: text with the tags inside it, or markup that is copied."""

    source: str
    is_text: bool


@dataclass(frozen=True, slots=True)
class _Token:
    """A tag, a piece of text or any other construct, from ``start`` to the start of the next token."""

    start: int
    kind: _Kind


class _Tokens(HTMLParser):
    """The tokens of a document."""

    def __init__(self, document: str) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[_Token] = []
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", document))]
        self._elements = OpenElements()
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin an element."""
        is_block = tag in BLOCK_TAGS
        self._elements.start(tag, untranslated=is_block and dict(attrs).get("translate") == "no")
        self._add("copied" if is_block else "inline")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element without content."""
        self._add("copied" if tag in BLOCK_TAGS else "inline")

    def handle_endtag(self, tag: str) -> None:
        """End an element, and those left open within it."""
        self._add("copied" if tag in BLOCK_TAGS else "inline")
        self._elements.end(tag)

    def handle_data(self, data: str) -> None:
        """Note text."""
        self._add("text")

    def handle_entityref(self, name: str) -> None:
        """Note an entity, which is text."""
        self._add("text")

    def handle_charref(self, name: str) -> None:
        """Note a character reference, which is text."""
        self._add("text")

    def handle_comment(self, data: str) -> None:
        """Note a comment."""
        self._add("copied")

    def handle_decl(self, decl: str) -> None:
        """Note a declaration."""
        self._add("copied")

    def handle_pi(self, data: str) -> None:
        """Note a processing instruction."""
        self._add("copied")

    def unknown_decl(self, data: str) -> None:
        """Note a marked section."""
        self._add("copied")

    def _add(self, kind: _Kind) -> None:
        line, column = self.getpos()
        self.found.append(
            _Token(self._line_starts[line - 1] + column, "copied" if self._elements.are_copied else kind)
        )


def _blocks(document: str) -> Iterator[_Block]:
    tokens = _Tokens(document).found
    ends = [*(each.start for each in tokens), len(document)][1:]
    sources = list(zip(tokens, ends, strict=True))
    for is_copied, run in groupby(sources, key=lambda each: each[0].kind == "copied"):
        parts = [(token.kind, document[token.start : end]) for token, end in run]
        source = "".join(part for _, part in parts)
        if is_copied or not has_letters("".join(part for kind, part in parts if kind == "text")):
            yield _Block(source, is_text=False)
        else:
            resolved = (_resolved(kind, part) for kind, part in _merged(parts))
            yield _Block("".join(resolved), is_text=True)


def _merged(parts: Sequence[tuple[_Kind, str]]) -> Iterator[tuple[_Kind, str]]:
    """The parts, with neighbours of the same kind joined: text with the entities in it."""
    for kind, run in groupby(parts, key=lambda each: each[0]):
        yield kind, "".join(part for _, part in run)


def _resolved(kind: _Kind, part: str) -> str:
    """Text with characters for its entities, and with entities only where it would become markup."""
    if kind != "text":
        return part
    text = _SPACE.sub(" ", html.unescape(part))
    return _ENTITY_LIKE.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")


def _escaped(text: str) -> str:
    """A translated block as HTML: its tags stay, and what is no entity becomes one."""
    ends = [0, *(place for match in TAG.finditer(text) for place in match.span()), len(text)]
    return "".join(
        text[begin:end] if index % 2 else _BARE_AMPERSAND.sub("&amp;", text[begin:end])
        for index, (begin, end) in enumerate(pairwise(ends))
    )
