"""Finds the parts of a text that are the same in every language: addresses, paths, markup, placeholders,
identifiers and codes, emoji, signs, and names in another script than the text. Pure.

All patterns take time linear in the length of the text.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from sokuji.languages.scripts import script_of
from sokuji.text.email_addresses import EMAIL_ADDRESS

TAG = re.compile(
    r"<!--.{0,2000}?-->|</?[A-Za-z][\w:-]{0,100}+"
    r"(?:[^<>\"']{1,500}+|\"[^\"]{0,2000}+\"|'[^']{0,2000}+'){0,40}+>|</?[A-Za-z][^<>]{0,2000}>",
    re.DOTALL,
)
_ELEMENT = re.compile(
    r"<(code|kbd|samp|var)\b[^<>]{0,200}>[^<>]{0,500}</\1>"
    r"|<([A-Za-z]\w{0,20})\b[^<>]{0,200}\btranslate=[\"']?no\b[^<>]{0,200}>[^<>]{0,500}</\2>"
)
"""An element of which nothing is translated."""
_ENDINGS = (
    "com|org|net|edu|gov|info|io|dev|app|ai|br|pt|es|fr|it|de|uk|eu|txt|pdf|csv|json|ya?ml|xml|html?|md|py|js"
    "|ts|exe|dll|zip|tar|gz|jpe?g|png|gif|svg|mp[34]|wav|docx?|xlsx?|pptx?|log|ini|cfg|conf|sh|bat|sql|toml"
)
MARKUP = (
    _ELEMENT,
    re.compile(r"(?:https?://|www\.)[^\s<>]{0,2000}[\w/]"),
    EMAIL_ADDRESS,
    TAG,
    re.compile(r"&(?:amp;#?\w{1,32}|[A-Za-z]{2,32}|#\d{1,7}|#[xX][\da-fA-F]{1,6});"),
    re.compile(r"\{\{[^{}\n]{0,200}\}\}|\$\{[^{}\n]{0,200}\}|\{%[^{}\n]{0,200}%\}|\{[\w.:!-]{0,100}\}"),
    re.compile(r"%(?:\d{1,2}\$|\(\w{1,64}\))?[-+#0]?(?<!\d%)\d{0,3}(?:\.\d{1,3})?l{0,2}[sdifgexuc@](?!\w)"),
    re.compile(r"\[\[[^\[\]\n]{1,200}\]\]|(?<![\w$])\$[A-Za-z_]\w{0,100}"),
    re.compile(r"`[^`\n]{1,500}`"),
    re.compile(r"(?<!\w)[A-Za-z]:\\[^\s<>\"|?*,;]*+|\\\\[\w.$-]++(?:\\[^\s<>\"|?*,;]++)++|\\[nrt](?!\w)"),
    re.compile(r"(?<![\w/<.])(?:~|\.{1,2})?/[\w.-]*\w/?(?:[\w.@-]*\w/?)*+"),
    re.compile(r"(?<![\w\\])\w++(?:\\\w++)++"),
)
"""Of these nothing is translated, not even a glossary's term."""
_OPERAND = r"(?:(?!I\b)[A-Za-z]\d{0,2}|[-−]?\d++(?:[.,]\d++)*+)"
_OPERATOR = r"[<>=≤≥≠≈×÷±∓·]{1,2}|(?<=\d)\s[-+−*/]\s(?=\d)"
EXPRESSION = re.compile(rf"(?<![\w.,]){_OPERAND}(?:\s?(?:{_OPERATOR})\s?{_OPERAND})++(?!\w)")
"""Calculations and comparisons, in which numbers are written as in the target language."""
_EMOJI = "\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff"
_BYTE = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
IDENTIFIERS = (
    re.compile(rf"(?<![\w.]){_BYTE}(?:\.{_BYTE}){{3}}(?::\d{{1,5}})?(?![\w]|\.\d)"),
    re.compile(r"(?<![\w#&])#\w++(?:-\w++)*+|(?<![\w@])@\w++(?:\.\w++)*+"),
    re.compile(r"(?<![\w&])[A-Z]{1,5}&[A-Z]{1,5}(?![\w&;])"),
    re.compile(rf"(?<![\w.-])(?:[\w-]{{1,64}}\.){{1,8}}(?:{_ENDINGS})(?![\w-]|\.\w)"),
    re.compile(r"(?<!\w)--[A-Za-z][\w-]*+|(?<!\w)[^\W_]++(?:_[^\W_]++)++|(?<!\w)[A-Za-z]\w*+\(\)"),
    # After the first emoji: further emoji, joiners, variation selectors and tags; keycaps.
    re.compile(rf"[{_EMOJI}][{_EMOJI}\ufe0f\u200d\U000e0020-\U000e007f]*+|[\d#*]\ufe0f?\u20e3"),
)
_ALNUM = "[0-9A-Za-zÀ-ɏ]"
CODE = re.compile(rf"(?<![\w.]){_ALNUM}++(?:[-_./:]{_ALNUM}++)*+(?!\w)")
_NUMBER_WITH_SUFFIX = re.compile(r"\d+(?:[.,]\d+)*(?:'?[A-Za-zÀ-ɏ]{1,3})")
_WORD_IN_COMPOUND = re.compile(r"(?<![A-Za-z0-9])[a-z]{3,}(?![A-Za-z0-9])")
_LETTER_WITH_RAISED_DIGIT = r"[^\W\d_]{1,3}[²³¹⁰⁴-⁹₀-₉]+[^\W\d_]{0,2}"
_FRACTION = "[¼-¾⅐-⅞↉]"
MIXED_NUMBER = re.compile(rf"(?<![\d.,])\d++{_FRACTION}")
SIGNS = re.compile(
    rf"{_LETTER_WITH_RAISED_DIGIT}|{_FRACTION}|[²³¹⁰⁴-⁹₀-₉]+"
    r"|[+=<>|~^¬±×÷§¶†‡©®™°№‰•‖∞√←-⇿∀-⋿⟀-⟿⤀-⫿℀-⅏⌀-⏿─-◿]"
    r"|[$¢-¥₠-₿]"
)
_LETTERS = re.compile(r"[^\W\d_]++")


class LiteralPart(NamedTuple):
    """A part that is the same in every language: ``text[start:end]``."""

    start: int
    end: int
    is_tag: bool = False


def find_markup(text: str) -> Iterator[LiteralPart]:
    """Addresses, tags, placeholders and paths, in order of precedence."""
    for pattern in MARKUP:
        for match in pattern.finditer(text):
            yield LiteralPart(*match.span(), is_tag=pattern in (TAG, _ELEMENT))


def find_identifiers(text: str) -> Iterator[LiteralPart]:
    """``#tag``, ``@name``, names of files, options and variables, emoji, codes, and numbers such as 10½."""
    for pattern in IDENTIFIERS:
        for match in pattern.finditer(text):
            yield LiteralPart(*match.span())
    for match in MIXED_NUMBER.finditer(text):
        yield LiteralPart(*match.span())
    for match in CODE.finditer(text):
        if _is_code(match[0]):
            yield LiteralPart(*match.span())


def _is_code(text: str) -> bool:
    """Whether letters and digits are a code, rather than a number with a unit ("5km") or a compound with a
    word ("10-minute")."""
    if not (any(map(str.isdigit, text)) and any(map(str.isalpha, text))):
        return False
    return not (_NUMBER_WITH_SUFFIX.fullmatch(text) or _WORD_IN_COMPOUND.search(text))


def find_signs(text: str) -> Iterator[LiteralPart]:
    """Signs of mathematics and the like, and fractions that are one character."""
    for match in SIGNS.finditer(text):
        yield LiteralPart(*match.span())


def find_foreign_names(text: str) -> Iterator[LiteralPart]:
    """Runs of letters in another script than that of most letters of the text."""
    scripts = Counter(_script(letter) for letter in text if letter.isalpha())
    if len(scripts) < 2:
        return
    (own, count), *_ = scripts.most_common()
    if 2 * count <= scripts.total():
        return
    for match in _LETTERS.finditer(text):
        begin = None
        for place, letter in enumerate(match[0] + " ", match.start()):
            is_foreign = letter.isalpha() and _script(letter) != own
            if is_foreign and begin is None:
                begin = place
            elif not is_foreign and begin is not None and unicodedata.category(letter)[0] != "M":
                yield LiteralPart(begin, place)
                begin = None


def _script(letter: str) -> str:
    """The script of a letter, of which Chinese and Japanese are one."""
    script = script_of(letter)
    east_asian = script in ("CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "IDEOGRAPHIC", "BOPOMOFO")
    if east_asian:
        return "CJK"
    # ª, º, ﬁ, full width letters.
    return "LATIN" if script in ("MODIFIER", "FEMININE", "MASCULINE", "FULLWIDTH", "MICRO") else script
