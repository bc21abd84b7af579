"""The settings of the service's session that follow from the configuration of a realtime session."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sokuji import languages
from sokuji.api.openai import voice_names
from sokuji.api.openai.model_ids import ModelIds
from sokuji.api.openai.realtime.session_config import SessionConfig, TranscriptionConfig
from sokuji.api.openai.realtime.turn_detection import segmentation
from sokuji.api.service import Service
from sokuji.audio.noise_suppression import NoiseSuppression
from sokuji.config import INTERPRETER
from sokuji.contract import StageName
from sokuji.errors import NotSupported, SokujiError
from sokuji.pipeline.catalogue import Catalogue
from sokuji.pipeline.voice_selection import DEFAULT_VOICE
from sokuji.protocol import MAX_CONTEXT_CHARS
from sokuji.session.conversation import ConversationSettings
from sokuji.text import language_names

LANGUAGE_PARAM = "session.audio.output.language"
VOICE_PARAM = "session.audio.output.voice"
_TRANSCRIPTION = "session.audio.input.transcription"
_PARAMS = {
    "source_language": f"{_TRANSCRIPTION}.language",
    "source_languages": f"{_TRANSCRIPTION}.languages",
    "context": f"{_TRANSCRIPTION}.prompt",
    "voice_id": VOICE_PARAM,
}
"""Field of the session settings -> field of the client."""


def providers(config: SessionConfig, service: Service) -> dict[StageName, str]:
    """The providers to call first.

    Raises:
        UnknownModel, InvalidRequest: see ``ModelIds.providers``.
    """
    ids = ModelIds(service.pipeline.catalogue, service.settings.openai.aliases)
    chosen: dict[StageName, str] = {}
    if config.model is not None and ids.find(config.model).purpose != INTERPRETER:
        chosen |= ids.providers(config.model, INTERPRETER if config.type == "realtime" else "stt")
    if config.transcription is not None and config.transcription.model is not None:
        chosen |= ids.providers(config.transcription.model, "stt", param=f"{_TRANSCRIPTION}.model")
    return chosen


def target_language(config: SessionConfig, default: str) -> str:
    """The language to which a session translates (canonical code).

    Args:
        default: where the client names none.

    Raises:
        UnsupportedLanguage: ``audio.output.language`` is no language.
    """
    if config.audio.output.language is not None:
        return languages.parse(config.audio.output.language, LANGUAGE_PARAM)
    return language_names.asked_for(config.instructions) or default


def conversation_settings(config: SessionConfig, service: Service) -> ConversationSettings:
    """The settings of the session.

    Raises:
        UnsupportedLanguage, UnknownVoice, InvalidRequest: a value that cannot be served.
    """
    catalogue = service.pipeline.catalogue
    detection, noise = config.audio.input.turn_detection, config.audio.input.noise_reduction
    heard = config.transcription or TranscriptionConfig()
    target = (
        target_language(config, service.settings.openai.target_language)
        if config.type == "realtime"
        else None
    )
    speaks = target is not None and config.is_answered and config.speaks
    with named_params(session_params(config)):
        source = languages.parse_source(heard.language) if heard.language else None
        return ConversationSettings(
            target_languages=() if target is None else (target,),
            source_language=source,
            source_languages=() if source else languages.parse_sources(heard.languages or ()),
            voice_id=voice(config, catalogue, target) if speaks and target else DEFAULT_VOICE,
            input_sample_rate=config.audio.input.format.sample_rate,
            noise_suppression=NoiseSuppression(noise.type, noise.strength) if noise else None,
            speak=speaks,
            output_sample_rate=config.audio.output.format.sample_rate,
            speed=config.audio.output.speed,
            context=_context(heard, source, catalogue),
            partials=config.transcription is not None and heard.is_live,
            segmentation=segmentation(detection, service.settings.segmentation) if detection else None,
            # A response is to an item, which is complete when it is committed.
            commit="utterance",
            ends_by_silence=detection is not None,
        )


def voice(config: SessionConfig, catalogue: Catalogue, target: str) -> str:
    """The id of the voice that speaks a language in a session; errors as ``voice_names.voice_id``."""
    return voice_names.voice_id(catalogue, config.audio.output.voice_name, target, param=VOICE_PARAM)


@contextmanager
def named_params(params: Mapping[str, str]) -> Iterator[None]:
    """Replace the ``param`` of an error: field of the engine -> field of the client."""
    try:
        yield
    except SokujiError as error:
        error.param = params.get(error.param or "", error.param)
        raise


def session_params(config: SessionConfig) -> dict[str, str]:
    """Field of the session settings -> field of the client, for ``named_params``."""
    by_name = config.audio.output.language is None and config.instructions
    return {**_PARAMS, "target_language": "session.instructions" if by_name else LANGUAGE_PARAM}


def _context(heard: TranscriptionConfig, source: str | None, catalogue: Catalogue) -> str:
    """The words to expect: a hint, which a recogniser without context does not get."""
    context = ", ".join([*([heard.prompt] if heard.prompt else []), *(heard.keywords or ())])
    if not context:
        return ""
    try:
        catalogue.check_recognition_context(source)
    except NotSupported:
        return ""
    return context[:MAX_CONTEXT_CHARS]
