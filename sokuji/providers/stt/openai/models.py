"""What OpenAI's transcription models support, and what the settings say of the models of other servers.

Written against "Speech to text" (https://developers.openai.com/api/docs/guides/speech-to-text) and "Create
transcription" (.../api/reference/resources/audio), looked up 2026-11, which agree with the types of the
``openai`` package 3.54. Announced to end on 2027-02-26: all models but gpt-transcribe, and
``/audio/translations``.
"""

from dataclasses import dataclass, replace

from sokuji.config import OpenAITranscriptionConfig
from sokuji.errors import ConfigError
from sokuji.languages import LANGUAGES
from sokuji.providers.stt.whisper_quality import USABLE_LANGUAGES


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCapabilities:
    """What a transcription model supports."""

    verbose_json: bool = False
    """The response format ``verbose_json``: segments with their probabilities and times, and the language."""
    detects_language: bool = False
    """The response names the language spoken."""
    takes_lists: bool = False
    """``languages[]`` and ``keywords[]`` replace ``language`` and ``prompt``; there is no
    ``response_format``, the format is ``json``."""
    takes_prompt: bool = True
    """Likely words can be given."""
    takes_temperature: bool = True
    gives_logprobs: bool = False
    """The probabilities of tokens can be requested."""
    word_times: bool = False
    translates: bool = False
    languages: tuple[str, ...] = ()


_GPT_4O = ModelCapabilities(gives_logprobs=True, languages=USABLE_LANGUAGES)
_MODELS = {
    "gpt-transcribe": ModelCapabilities(
        detects_language=True, takes_lists=True, takes_temperature=False, languages=USABLE_LANGUAGES
    ),
    "whisper-1": ModelCapabilities(
        verbose_json=True, detects_language=True, word_times=True, translates=True, languages=USABLE_LANGUAGES
    ),
    "gpt-4o-transcribe": _GPT_4O,
    "gpt-4o-mini-transcribe": _GPT_4O,
    "gpt-4o-mini-transcribe-2025-12-15": _GPT_4O,
    "gpt-4o-transcribe-diarize": replace(_GPT_4O, gives_logprobs=False, takes_prompt=False),
}
_OTHER = ModelCapabilities(
    verbose_json=True,
    detects_language=True,
    languages=tuple(code for code, language in LANGUAGES.items() if language.whisper),
)


def capabilities(config: OpenAITranscriptionConfig) -> ModelCapabilities:
    """What the configured model supports, restricted to what the settings ask for.

    Raises:
        ConfigError: a setting asks for something that the model does not support.
    """
    known = _MODELS.get(config.model)
    model = known or replace(_OTHER, word_times=bool(config.word_times), translates=bool(config.translates))
    requirements = {
        "response_format": (config.response_format == "verbose_json", model.verbose_json),
        "word_times": (config.word_times, model.word_times),
        "translates": (config.translates, model.translates),
        "temperature": (config.temperature > 0, model.takes_temperature),
    }
    for setting, (requested, supported) in requirements.items():
        if requested and not supported:
            raise ConfigError(f"{setting}: OpenAI's {config.model} does not support it", param=setting)
    if config.response_format == "json":
        if config.word_times:
            raise ConfigError("word_times: only response_format verbose_json has them", param="word_times")
        model = replace(model, verbose_json=False, detects_language=model.takes_lists, word_times=False)
    return replace(
        model,
        translates=model.translates and config.translates is not False,
        word_times=model.word_times and config.word_times is not False,
        languages=_checked(config.languages) or model.languages,
    )


def _checked(languages: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [code for code in languages if code not in LANGUAGES]
    if unknown:
        raise ConfigError(
            f"languages: {', '.join(unknown)} not known; accepted: {', '.join(LANGUAGES)}", param="languages"
        )
    return languages
