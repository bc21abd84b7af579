"""What OpenAI's recognition models take and give, and what the settings say of other servers' models.

Written against "Speech to text" (https://developers.openai.com/api/docs/guides/speech-to-text) and "Create
transcription" (.../api/reference/resources/audio), looked up 2026-11; the same is in the types of the
``openai`` package 3.54. All but gpt-transcribe, and ``/audio/translations``, are to end on 2027-02-26.
"""

from dataclasses import dataclass, replace

from sokuji.config import OpenAITranscriptionConfig
from sokuji.errors import ConfigError
from sokuji.languages import LANGUAGES


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCapabilities:
    """What may be asked of a model."""

    verbose: bool = False
    """It answers ``verbose_json``: segments with their probabilities and times, and the language."""
    detects: bool = False
    """It tells which language it has heard."""
    hints: bool = False
    """It takes ``languages[]`` and ``keywords[]`` in place of ``language`` and ``prompt``, and no
    ``response_format``: it answers ``json``."""
    prompt: bool = True
    """It takes words that are likely to be heard."""
    temperature: bool = True
    logprobs: bool = False
    """It gives the probabilities of tokens when they are asked for."""
    word_times: bool = False
    translates: bool = False
    languages: tuple[str, ...] = ()


# The languages with less than 50 % word errors, "Supported languages" of the guide.
_LISTED = (
    "af", "ar", "az", "be", "bg", "bs", "ca", "cs", "cy", "da", "de", "el", "en", "es", "et",
    "fa", "fi", "fr", "gl", "he", "hi", "hr", "hu", "hy", "id", "is", "it", "ja", "kk", "kn",
    "ko", "lt", "lv", "mi", "mk", "mr", "ms", "ne", "nl", "no", "pl", "pt", "ro", "ru", "sk",
    "sl", "sr", "sv", "sw", "ta", "th", "tl", "tr", "uk", "ur", "vi", "zh",
)  # fmt: skip
_GPT_4O = ModelCapabilities(logprobs=True, languages=_LISTED)
_MODELS = {
    "gpt-transcribe": ModelCapabilities(detects=True, hints=True, temperature=False, languages=_LISTED),
    "whisper-1": ModelCapabilities(
        verbose=True, detects=True, word_times=True, translates=True, languages=_LISTED
    ),
    "gpt-4o-transcribe": _GPT_4O,
    "gpt-4o-mini-transcribe": _GPT_4O,
    "gpt-4o-mini-transcribe-2025-12-15": _GPT_4O,
    "gpt-4o-transcribe-diarize": replace(_GPT_4O, logprobs=False, prompt=False),
}
_OTHER = ModelCapabilities(
    verbose=True,
    detects=True,
    languages=tuple(code for code, language in LANGUAGES.items() if language.whisper),
)


def model(config: OpenAITranscriptionConfig) -> ModelCapabilities:
    """What may be asked of the model that the settings name.

    Raises:
        ConfigError: a setting asks for what the model does not have.
    """
    known = _MODELS.get(config.model)
    found = known or replace(_OTHER, word_times=bool(config.word_times), translates=bool(config.translates))
    wanted = {
        "response_format": (config.response_format == "verbose_json", found.verbose),
        "word_times": (config.word_times, found.word_times),
        "translates": (config.translates, found.translates),
        "temperature": (config.temperature > 0, found.temperature),
    }
    for setting, (asked, has) in wanted.items():
        if asked and not has:
            raise ConfigError(f"{setting}: OpenAI's {config.model} does not have it", param=setting)
    if config.response_format == "json":
        if config.word_times:
            raise ConfigError("word_times: only response_format verbose_json has them", param="word_times")
        found = replace(found, verbose=False, detects=found.hints, word_times=False)
    return replace(
        found,
        translates=found.translates and config.translates is not False,
        word_times=found.word_times and config.word_times is not False,
        languages=_known(config.languages) or found.languages,
    )


def _known(languages: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [code for code in languages if code not in LANGUAGES]
    if unknown:
        raise ConfigError(
            f"languages: {', '.join(unknown)} not known; accepted: {', '.join(LANGUAGES)}", param="languages"
        )
    return languages
