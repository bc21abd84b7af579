"""What has been measured of Whisper's models in single languages. Pure."""

from collections.abc import Iterable

USABLE_LANGUAGES = (
    "af", "ar", "az", "be", "bg", "bs", "ca", "cs", "cy", "da", "de", "el", "en", "es", "et",
    "fa", "fi", "fr", "gl", "he", "hi", "hr", "hu", "hy", "id", "is", "it", "ja", "kk", "kn",
    "ko", "lt", "lv", "mi", "mk", "mr", "ms", "ne", "nl", "no", "pl", "pt", "ro", "ru", "sk",
    "sl", "sr", "sv", "sw", "ta", "th", "tl", "tr", "uk", "ur", "vi", "zh",
)  # fmt: skip
"""Those with a word error rate below 50 % with OpenAI's largest model ("Supported languages" of the guide
"Speech to text", https://developers.openai.com/api/docs/guides/speech-to-text, looked up 2026-11)."""
_MEASURED_UNUSABLE = {"base": ("hi", "pl"), "tiny": ("hi", "pl")}
"""Smaller models -> further languages of which base has half of the words wrong or more in
``load_tests.language_quality``: Hindi 59 % (plain faster-whisper 69 %), Polish 92 % (93 %)."""

_FULL_WINDOW = {"base": ("pl", "zh")}
"""Model -> languages in which it errs more in a window that is shorter than those it was trained on, with
five beams in ``load_tests.language_quality``: Chinese 55 % in place of 45 %, Polish 94 % in place of 93 %.
In the others it errs less or as often there (Spanish 17 % in place of 28 %)."""


def needs_full_window(model_size: str, language: str) -> bool:
    """Whether the model errs less in ``language``, a canonical code, in the window that it was trained on."""
    return language in _FULL_WINDOW.get(model_size, ())


def unusable_languages(model_size: str, languages: Iterable[str]) -> tuple[str, ...]:
    """Those of ``languages`` whose word error rate is known to be 50 % or more.

    Args:
        model_size: as in the settings. Of one that is not Whisper's own no more is known than of the largest.
        languages: canonical codes.
    """
    measured = _MEASURED_UNUSABLE.get(model_size, ())
    return tuple(code for code in languages if code not in USABLE_LANGUAGES or code in measured)
