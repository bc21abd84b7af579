"""Word boundaries, marks that end sentences and clauses, abbreviations and widths, in any script. Pure.

A word is text between spaces without its outer punctuation ("3.5", "don't", "example.com" are words). In
scripts without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese, Tibetan) it is one character with its
combining marks. All functions take time linear in the length of the text.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

SENTENCE_MARKS = ".!?…"
UNSPACED_SENTENCE_MARKS = "。｡．！？।॥؟۔።։။។"
"""These end a sentence without a space after them."""
CLAUSE_MARKS = ",;:—–"
UNSPACED_CLAUSE_MARKS = "、､，；：،؛፣፤၊"
CLOSING = r"""["'”’」』»)\]]*"""
"""Quotes and brackets that may follow a mark."""
_SENTENCE_END = re.compile(
    rf"(?:(?<![{SENTENCE_MARKS}])([{SENTENCE_MARKS}]++){CLOSING}(?=\s)"
    rf"|([{UNSPACED_SENTENCE_MARKS}]++){CLOSING})\s*"
)

_SPACELESS = (
    ("\u0e00", "\u0fff"),  # Thai, Lao, Tibetan
    ("\u1000", "\u109f"),  # Burmese
    ("\u1780", "\u17ff"),  # Khmer
    ("\u3005", "\u3007"),  # ideographic iteration mark and zero
    ("\u3041", "\u312f"),  # kana, bopomofo
    ("\u31f0", "\u31ff"),  # small katakana
    ("\u3400", "\u9fff"),  # Han
    ("\uaa60", "\uaa7f"),  # Burmese, extended
    ("\uf900", "\ufaff"),  # Han, compatibility
    ("\uff66", "\uff9f"),  # halfwidth katakana
    ("\U00020000", "\U0003ffff"),  # Han, supplements
)
# Signs that stack the next letter below the one before: Burmese virama, Khmer coeng.
_VIRAMAS = "\u1039\u17d2"
# These are never part of a word, even between letters.
_BREAKS = "…—" + UNSPACED_SENTENCE_MARKS + UNSPACED_CLAUSE_MARKS
# A pattern over the kinds of characters that _kind() returns.
_WORD = re.compile(r"c(?:m|vc?)*|[wmv](?:[wmvp]*[wmv])?")
_OPENING = ("Ps", "Pi")
_UNSPACED = re.compile(r"\S+")

_INITIAL = "[A-ZÀ-ÖØ-ÞΑ-ΩА-ЯЁ]"
# Not "p.m.", which often ends a sentence.
_DOTTED = r"(?![ap]\.m\.)(?:[^\W\d_]\.){1,4}[^\W\d_]"
_TITLES = (
    "[MmDd]rs?|[Mm]s|[Mm]me|[Mm]lle|[DdSs]ra|[Ss]rt?a?|[Pp]rofa?|[Ee]xm[oa]|[Ss]t|Ste|[Jj]r"
    "|Gen|Sen|Capt|Lt|Sgt|Rev|Dott|Ing|Hr|Av|vs|bzw|[Uu]ds?"
)
_ABBREVIATION = re.compile(rf"(?<!\w)(?:{_INITIAL}|{_DOTTED}|{_TITLES})\.$")
# "No. 5", but "No. We stay."
_NUMBERED = re.compile(r"(?<!\w)(?:[Nn]os?|[Nn]r|[Nn]úm|[Aa]rt|[Ff]ig|[Pp]p?|[Vv]ol|[Cc]ap)\.$")
_LONGEST_ABBREVIATION = 12


class Span(NamedTuple):
    """A word of a text, without its outer punctuation: ``text[start:end]``."""

    start: int
    end: int


def words(text: str) -> list[Span]:
    """The words of a text; only spaces and punctuation lie between them."""
    return [Span(*match.span()) for match in _WORD.finditer("".join(map(_kind, text)))]


@lru_cache(maxsize=4096)
def _kind(character: str) -> str:
    """Space, (p)unctuation, (b)reak, (c)haracter that is a word, (v)irama, combining (m)ark, else (w)."""
    if character.isspace():
        return " "
    if character in _VIRAMAS:
        return "v"
    category = unicodedata.category(character)
    if category[0] == "M" or category == "Cf":
        return "m"
    if category[0] == "P" and category != "Pc":
        return "b" if character in _BREAKS or width(character) == 2 else "p"
    return "c" if is_spaceless(character) else "w"


@lru_cache(maxsize=4096)
def is_spaceless(character: str) -> bool:
    """Whether a character belongs to a script without spaces between words."""
    return any(first <= character <= last for first, last in _SPACELESS)


def width(character: str) -> int:
    """Columns of a character: two if it is wide (CJK) and takes about twice as long to say, else one."""
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def with_space(before: str, after: str) -> str:
    """``after``, with a space before it if the script has spaces between words."""
    touching = before[-1:] + after[:1]
    if len(touching) < 2 or any(is_spaceless(each) or width(each) == 2 for each in touching):
        return after
    return " " + after


def trailing_marks(gap: str) -> int:
    """How many characters of the gap between two words belong to the first word: 2 of '," ', 0 of ' ('."""
    end = 0
    for marks in _UNSPACED.finditer(gap):
        opening = next((at for at, character in enumerate(marks[0]) if _opens(character)), None)
        if marks.start() == 0:
            touches_both = marks.end() == len(gap)
            end = opening if touches_both and opening is not None else marks.end()
        elif marks.end() == len(gap) or opening == 0:
            break
        else:
            end = marks.end()
    return end


def _opens(character: str) -> bool:
    return unicodedata.category(character) in _OPENING


def ends_abbreviation(text: str, end: int) -> bool:
    """Whether ``text[:end]`` ends in the full stop of an abbreviation ("Dr.", "U.S.", "e.g.", "No. 5")."""
    begin = max(0, end - _LONGEST_ABBREVIATION)
    if _ABBREVIATION.search(text, begin, end):
        return True
    return text[end : end + 2].strip()[:1].isdigit() and _NUMBERED.search(text, begin, end) is not None


def sentence_ends(text: str) -> Iterator[int]:
    """The places between two sentences of a text, behind the mark and the space that follow the first.

    A mark before a small letter, and the full stop of an abbreviation, end no sentence.
    """
    for match in _SENTENCE_END.finditer(text):
        following = text[match.end() : match.end() + 1]
        mark_end = match.end(match.lastindex or 0)
        if following and not following.islower() and not ends_abbreviation(text, mark_end):
            yield match.end()


def has_words(text: str) -> bool:
    """Whether there is anything to say: a letter or a digit."""
    return any(map(str.isalnum, text))
