"""CLDR's data for the languages of this project, by way of Babel. Pure."""

from functools import cache

from babel import Locale, UnknownLocaleError


@cache
def babel_locale(language: str) -> Locale | None:
    """Babel's data for a canonical language code; None if it has none."""
    try:
        return Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return None
