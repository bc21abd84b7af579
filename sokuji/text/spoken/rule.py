"""A rule of the spoken form: what it finds, and the words that it makes of it."""

import re
from collections.abc import Callable

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]
"""A pattern, and the replacement of what it finds; the text as it was if the rule does not apply."""
