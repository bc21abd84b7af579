"""What a client asks a session for: the settings of its conversation, and commands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from sokuji.audio.noise_suppression import NoiseSuppression
from sokuji.config import Commit, SegmentationSettings
from sokuji.errors import InvalidRequest, UnknownVoice, listed
from sokuji.languages import LANGUAGES
from sokuji.pipeline.catalogue import Catalogue
from sokuji.pipeline.diarization import check_diarization
from sokuji.pipeline.language_candidates import check_candidates
from sokuji.pipeline.voice_selection import DEFAULT_VOICE


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationSettings:
    """What the client asked for; languages are canonical codes."""

    target_languages: tuple[str, ...]
    """Each has a branch of its own; none: the speech is recognised and not translated."""
    source_language: str | None = None
    """None: detect it for each utterance."""
    source_languages: tuple[str, ...] = ()
    """Candidates of the detection; none: all languages with a route to a target."""
    voice_id: str = DEFAULT_VOICE
    """Speaks the targets that it can; the others have their default voice."""
    input_sample_rate: int = 16_000
    channels: int = 1
    noise_suppression: NoiseSuppression | None = None
    """Before voice activity detection; what is recognised is the audio as it came."""
    speak: bool = True
    """False: captions only."""
    output_sample_rate: int | None = None
    """Hz; None: the voice's own rate."""
    speed: float = 1.0
    context: str = ""
    """Names and words that the recogniser is likely to hear."""
    glossary: Mapping[str, str] = field(default_factory=dict)
    """Source term -> what it must be in the translation; a term that maps to itself is not translated."""
    echo: bool = True
    """Whether speech that is in a target language already is passed on in this language."""
    both_ways: bool = False
    """Whether people speak to each other, each in one of the source languages, which are the targets too.
    Nothing is passed on in the language in which it was said."""
    partials: bool = False
    """Whether interim transcriptions are wanted."""
    partial_translations: bool = False
    """Whether interim translations are wanted, where not whole utterances are committed."""
    commit: Commit | None = None
    """What is translated and spoken in one piece; None: as the service is configured."""
    segmentation: SegmentationSettings | None = None
    """When utterances begin and end; None: as the service is configured."""
    diarize: bool = False
    """Whether to tell speakers apart, and to speak with a voice for each of them."""
    max_speakers: int | None = None
    """More are not told apart; None: the default."""
    speaker_voices: Mapping[str, str] = field(default_factory=dict)
    """Label of a speaker -> voice, where that speaks the target; the others have voices that are free."""
    ends_by_silence: bool = True
    """False: only ``flush`` ends an utterance, and the length that the recogniser can take."""

    def is_left_out(self, language: str, target: str) -> bool:
        """Whether speech in ``language`` is in ``target`` already, and the client does not want it back."""
        return (self.both_ways or not self.echo) and language == LANGUAGES[target].spoken

    @property
    def input_format(self) -> tuple[int, int]:
        """Samples per second and channel, and channels."""
        return self.input_sample_rate, self.channels


class Command(Enum):
    """What a session can be told beside audio and settings."""

    FLUSH = auto()
    CLEAR = auto()
    CANCEL = auto()
    END = auto()
    DRAIN = auto()
    """Sent by the service itself: finish the utterance in progress, and end."""
    SILENCE = auto()
    """Sent by the service itself: no audio comes any more, so the utterance in progress is over."""
    RATE_PAUSE = auto()
    """Sent by the service itself: what was said before a pause has been recognised."""


Message = bytes | ConversationSettings | Command


def check_conversation(settings: ConversationSettings, catalogue: Catalogue) -> None:
    """Refuse settings that the configured providers cannot serve.

    Raises:
        InvalidRequest: a source language, and candidates for its detection.
        UnsupportedLanguage: no route leads to a target language, or a candidate cannot be detected.
        UnknownVoice: the voice does not exist, or speaks none of the target languages.
        InvalidRequest: an option of ``diarize`` without it.
        NotSupported: the providers take no context or no glossary for these languages, or none tells speakers
            apart.
    """
    targets = settings.target_languages
    if settings.source_language is not None:
        catalogue.check_spoken(settings.source_language)
    check_candidates(catalogue, settings.source_language, settings.source_languages, targets)
    for target in settings.target_languages:
        catalogue.check_speech_pair(settings.source_language, target)
        if settings.glossary:
            catalogue.check_glossary(settings.source_language, target)
    if settings.context:
        catalogue.check_recognition_context(settings.source_language)
    _check_speakers(settings, catalogue)
    if settings.speak:
        _check_voice(settings, catalogue)


def _check_speakers(settings: ConversationSettings, catalogue: Catalogue) -> None:
    if settings.diarize:
        check_diarization(catalogue)
    elif settings.max_speakers is not None:
        raise InvalidRequest("max_speakers needs diarize", param="max_speakers")
    elif settings.speaker_voices:
        raise InvalidRequest("speaker_voices needs diarize", param="speaker_voices")
    known = [voice.id for voice in catalogue.voices]
    for speaker, voice_id in settings.speaker_voices.items():
        if voice_id not in known:
            raise UnknownVoice(
                f"no voice {voice_id[:80]!r} for {speaker[:80]!r}; accepted: {listed(known)}",
                param="speaker_voices",
            )


def _check_voice(settings: ConversationSettings, catalogue: Catalogue) -> None:
    """Every target needs a voice, and a voice that is named must speak at least one target."""
    unknown: UnknownVoice | None = None
    spoken = 0
    for target in settings.target_languages:
        catalogue.voice(DEFAULT_VOICE, target, settings.speed)
        try:
            catalogue.voice(settings.voice_id, target, settings.speed)
            spoken += 1
        except UnknownVoice as error:
            unknown = error
    if unknown is not None and not spoken:
        raise unknown
