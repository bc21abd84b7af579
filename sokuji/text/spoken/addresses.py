"""E-mail addresses, URLs, telephone numbers, versions: what is said character by character."""

import re
from collections.abc import Iterator

from sokuji.text.email_addresses import EMAIL_ADDRESS
from sokuji.text.spoken.numerals import NumberReader
from sokuji.text.spoken.rule import Rule

_URL = re.compile(r"\b(?:https?://|ftp://|www\.)[^\s<>\"'“”]{1,2000}[\w/]")
_DOMAINS = "com|org|net|edu|gov|io|ai|dev|app|info|eu|br|pt|es|fr|it|de|uk|jp|in|co|us|ca|mx|ar"
_DOMAIN = re.compile(
    rf"(?<![\w@.-])(?:[a-z0-9-]{{2,63}}\.){{1,4}}(?:{_DOMAINS})\b(?:/[\w./?=&%#~+-]*[\w/])?(?!\.\w)"
)
_SCHEME = re.compile(r"^(?:https?|ftp)://|/$")
_MENTION = re.compile(r"(?<![\w@])([@#])(?=[^\W\d])")
_HASHTAG = "hashtag"
_PHONE = re.compile(
    r"(?<![\w.,+-])(?:"
    r"\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{1,5}(?:[ .-]\d{2,5}){1,5}|\+\d{8,15}"
    r"|\(\d{2,4}\) ?\d{3,5}[ .-]?\d{3,4}|\d{3}[-.]\d{3}[-.]\d{4}|\d{3}-\d{4}|\d{5}-\d{4}"
    # Not two years, and no dates.
    r"|(?!(?:1\d|20)\d\d-)\d{4}-\d{4}|(?!\d{4}-\d\d-|\d\d?-\d\d?-)\d{1,4}(?:-\d{2,4}){2,4}"
    r"|0\d{1,4}(?: \d{2,8}){1,4}|0\d(?:[ .]\d\d){4}|\d{2,3}(?:\.\d{3}){2}(?:/\d{4})?-\d\d"
    r")(?![\w]|[.,-]\d)"
)
_GROUPED = r"\d{1,3}(?:\.\d{3})+(?![.\d])"
_VERSION = re.compile(
    rf"(?<![\w.,])v?(?!{_GROUPED})(\d+(?:\.\d+){{2,}})(?![\w]|[.,]\d)|(?<!\w)v(\d+(?:\.\d+)*)(?!\w)"
)


def rules(reader: NumberReader) -> Iterator[Rule]:
    """The rules of a language, in the order in which they are applied."""
    words = reader.lexicon.address
    if words:
        for pattern in (EMAIL_ADDRESS, _URL, _DOMAIN):
            yield pattern, lambda match: _spelled(match[0], reader)
        yield _MENTION, lambda match: f"{words['@'] if match[1] == '@' else _HASHTAG} "
    yield _PHONE, lambda match: _phone(match[0], reader)
    if dot := words.get("."):
        yield (
            _VERSION,
            lambda match: f" {dot} ".join(
                _number(part, reader) for part in (match[1] or match[2]).split(".")
            ),
        )


def _spelled(address: str, reader: NumberReader) -> str:
    """The words of an address, with the names of its signs between them."""
    names = reader.lexicon.address
    parts = re.findall(r"\d+|[^\W\d_]+|[\W_]", _SCHEME.sub("", address))
    spoken = (_number(part, reader) if part.isdecimal() else names.get(part, part) for part in parts)
    return " ".join(spoken)


def _number(digits: str, reader: NumberReader) -> str:
    return reader.words(digits) or digits


def _phone(number: str, reader: NumberReader) -> str:
    """A telephone number digit by digit, with a pause between its groups."""
    plus = f"{reader.lexicon.signs['+']} " if number[0] == "+" and "+" in reader.lexicon.signs else ""
    return plus + ", ".join(reader.digits(group) for group in re.findall(r"\d+", number))
