"""A rule of the spoken form: what it finds, and the words that it makes of it."""

import re
from collections.abc import Callable, Iterable

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]
"""A pattern, and the replacement of what it finds; the text as it was if the rule does not apply."""


def alternatives(symbols: Iterable[str]) -> str:
    """A pattern of any of some symbols, the longest that fits; of nothing if there are none."""
    return "|".join(map(re.escape, sorted(symbols, key=len, reverse=True))) or "(?!)"
