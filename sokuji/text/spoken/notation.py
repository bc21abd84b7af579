"""Arithmetic, fractions, ranges, ordinal and Roman numerals, abbreviations, and the numbers that are left."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import partial

from sokuji.text.roman import roman_value
from sokuji.text.spoken.numerals import NUMBER, NumberReader
from sokuji.text.spoken.rule import Rule

_FRACTION_SIGN = re.compile(r"(?:(?<=\d)|(?<!\d))([½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒])")
_FRACTION = re.compile(r"(?<![\w.,/])(?:(\d+) )?(\d{1,2})/(\d{1,3})(?![\w/]|[.,]\d)")
_RANGE = re.compile(
    r"(?<![\w.,/–-])(\d+(?:[.,]\d+)?)([%°]?[  ]?)([-–—~～〜])[  ]?(\d++(?:[.,]\d++)?+)(?![\w/–-]*-|[\w/]*/)"
)
_SPACED_MINUS = re.compile(
    r"((?<![\w.,])\d+(?:[.,]\d+)?|(?<=[\w)])) [-−–] (?=(\d+(?:[.,]\d+)?)([^\n]{0,40}=)?)"
)
_ROMAN = (
    r"(?<!\w)(?P<before>[^\W\d_]+)(?P<gap>[ \u00a0])(?P<roman>[IVXLCDM]+)(?:e|ᵉ|ème|º|°)?"
    r"(?![\w-]|['’](?!s\b)|\.[A-Z])"
)
_LONGEST_PLAIN_ROMAN = 39
"""Roman numerals above it are understood only after words that announce them: "CD" and "MIX" are words."""
_NUMBER_SIGN = re.compile(r"(?<!\w)(?:#|№|[Nn]os?\.|[Nn][º°]s?\.?|[Nn]\.[º°ªo]|[Nn]úm\.|[Nn]r\.|n\.) ?(?=\d)")
_MINUS = re.compile(r"(?<![\w.,)\]])[-−](?=[\d.]*\d)|−")
_LONGEST_PREPOSITION = 3
"""Longer words after a number are taken for the noun that it counts."""
_LETTER = "[A-Za-z\u00c0-\u024f\u0370-\u052f]"
"""A letter of an alphabet whose words are separated by spaces."""
_LETTERS_AND_DIGITS = re.compile(rf"(?<={_LETTER})(?=\d)|(?<=\d)(?={_LETTER})")
_JOINED_NUMBERS = re.compile(r"(?<=\d)[-:'’](?=\d)")
_DIGITS = re.compile(r"\d+")
"""Digits in what is no number, such as "..5"."""
_PLAIN = re.compile(rf"({NUMBER})(?=(?: ([^\W\d_]+))?)")


def rules(reader: NumberReader) -> Iterator[Rule]:
    """The rules that precede those of other notations."""
    lexicon = reader.lexicon
    yield _FRACTION_SIGN, _fraction_in_digits
    if lexicon.fractions:
        yield _FRACTION, partial(_fraction, reader=reader)
    if "-" in lexicon.signs:
        yield _SPACED_MINUS, partial(_spaced_minus, reader=reader)
    if lexicon.range_to:
        yield _RANGE, partial(_range, reader=reader)
    yield from _arithmetic(reader)
    if lexicon.number_sign:
        yield _NUMBER_SIGN, lambda _: f"{lexicon.number_sign} "


def closing_rules(reader: NumberReader) -> Iterator[Rule]:
    """The rules that follow those of other notations: they take what is left."""
    lexicon = reader.lexicon
    if lexicon.ordinal:
        yield (
            re.compile(rf"(?<![\w.,]){lexicon.ordinal}(?!\w)(?=(?: (\w+))?)"),
            partial(_ordinal, reader=reader),
        )
    if lexicon.roman_before:
        pattern = rf"(?<!\w)(?P<roman>[IVXL]+)(?= (?:{lexicon.roman_before})\b)"
        yield re.compile(pattern), partial(_roman_before, reader=reader)
    if lexicon.roman_after:
        yield re.compile(_ROMAN), partial(_roman, reader=reader, after=re.compile(lexicon.roman_after))
    if lexicon.roman_suffix:
        pattern = rf"(?<!\w)(?P<roman>[IVX]+){lexicon.roman_suffix}(?!\w)"
        yield re.compile(pattern), partial(_roman_before, reader=reader)
    if lexicon.abbreviations:
        pattern = "|".join(f"({each})" for each in lexicon.abbreviations)
        words = tuple(lexicon.abbreviations.values())
        yield re.compile(rf"(?<!\w)(?:{pattern})(?!\w)"), partial(_abbreviation, words=words)
    if lexicon.minus:
        yield _MINUS, lambda _: f"{lexicon.minus} "
    yield _JOINED_NUMBERS, lambda _: ", "
    yield _LETTERS_AND_DIGITS, lambda _: " "
    yield _PLAIN, partial(_plain, reader=reader)
    if reader.spells_numbers:
        yield _DIGITS, lambda match: f" {reader.digits(match[0])} "
    if lexicon.symbols:
        symbols = "".join(map(re.escape, lexicon.symbols))
        yield re.compile(rf" ?([{symbols}]) ?"), lambda match: f" {lexicon.symbols[match[1]]} "


def _fraction_in_digits(match: re.Match[str]) -> str:
    digits = unicodedata.normalize("NFKC", match[1]).replace("\u2044", "/")
    return f" {digits}" if match.start() and match.string[match.start() - 1].isdigit() else digits


def _fraction(match: re.Match[str], reader: NumberReader) -> str:
    words = reader.lexicon.fractions.get(f"{match[2]}/{match[3]}")
    if words is None:
        return match[0]
    return f"{match[1]} {reader.lexicon.fraction_link} {words}" if match[1] else words


def _range(match: re.Match[str], reader: NumberReader) -> str:
    first, last = reader.parse(match[1]), reader.parse(match[4])
    descending = first is None or last is None or first >= last
    if descending and match[3] == "-":
        return match[0]
    return f"{match[1]}{match[2].rstrip()} {reader.lexicon.range_to} {match[4]}"


def _spaced_minus(match: re.Match[str], reader: NumberReader) -> str:
    """A sign between spaces: a range if the second number is greater and no result follows."""
    first = reader.parse(match[1]) if match[1] else None
    last = reader.parse(match[2])
    if match[3]:
        return f"{match[1]} {reader.lexicon.signs['-']} "
    if first is None or last is None:
        return match[0]
    return f"{match[1]} {reader.lexicon.range_to if first < last else reader.lexicon.signs['-']} "


def _arithmetic(reader: NumberReader) -> Iterator[Rule]:
    """Signs between two operands; "<" and ">" only between spaces or digits, because they enclose tags."""
    signs = reader.lexicon.signs
    loose = "".join(re.escape(sign) for sign in signs if sign not in "-–−/<>→")
    if not signs:
        return
    yield (
        re.compile(rf"(?<=[\w)%°²³]) ?([{loose}]) ?(?=[\w(√−-])(?<![^\W\d_]{{2}}[+*·^])"),
        lambda match: f" {signs[match[1]]} ",
    )
    yield (
        re.compile(r"(?<=[\w)]) ([<>]) (?=[\w(-])|(?<=\d)([<>])(?=\d)"),
        lambda match: f" {signs[match[1] or match[2]]} ",
    )
    yield re.compile(r"(?<=\d) ?/ ?(?=\d)"), lambda _: f" {signs['/']} " if "/" in signs else "/"


def _ordinal(match: re.Match[str], reader: NumberReader) -> str:
    value = reader.parse(match[1])
    if value is None or value != int(value):
        return match[0]
    return reader.ordinal(
        int(value), feminine=bool(match[2]), noun=len(match[3] or "") > _LONGEST_PREPOSITION
    )


def _roman(match: re.Match[str], reader: NumberReader, after: re.Pattern[str]) -> str:
    numeral, before = match["roman"], match["before"]
    value = roman_value(numeral)
    announced = after.fullmatch(before) is not None
    is_name = before[0].isupper() and not before.isupper() and len(numeral) > 1
    if not value or not (announced or (is_name and value <= _LONGEST_PLAIN_ROMAN)):
        return match[0]
    return f"{before}{match['gap']}{reader.lexicon.roman(value, before, reader.say)}"


def _roman_before(match: re.Match[str], reader: NumberReader) -> str:
    """A Roman numeral that is an ordinal number; a second group marks the feminine ones."""
    value = roman_value(match["roman"])
    return reader.ordinal(value, feminine=bool(match[2])) if value else match[0]


def _plain(match: re.Match[str], reader: NumberReader) -> str:
    """A number in words, in the gender of the noun after it where that is known."""
    lexicon, noun = reader.lexicon, match[2] or ""
    feminine = noun in lexicon.feminine_nouns or (
        bool(lexicon.feminine_noun) and re.fullmatch(lexicon.feminine_noun, noun) is not None
    )
    counts = len(noun) > _LONGEST_PREPOSITION and (noun.endswith("s") or match[1] == "1")
    words = reader.words(match[1], feminine=feminine, noun=counts)
    return words or _parts(match[1], reader)


def _abbreviation(match: re.Match[str], words: Sequence[str]) -> str:
    """The words of an abbreviation; the full stop that also ends the text is kept."""
    spoken = words[(match.lastindex or 1) - 1]
    ends_text = match[0].endswith(".") and not match.string[match.end() :].strip()
    return f"{spoken}." if ends_text else spoken


def _parts(written: str, reader: NumberReader) -> str:
    """A string such as "1.2.3" that is no number: its numbers one after the other."""
    return re.sub(r"\d+", lambda digits: reader.words(digits[0]) or digits[0], re.sub(r"[.,]", " ", written))
