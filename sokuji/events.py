"""The events that a session emits, in the order in which a client receives them.

Times named ``*_ms`` are milliseconds of input audio since the session began. The API encodes events as
messages, and the client decodes messages into events.
"""

from dataclasses import dataclass
from typing import Literal

from sokuji.errors import SokujiError

BroadcastState = Literal["live", "interrupted", "ended"]
"""``interrupted``: the speaker has lost the connection and may come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The session is configured."""

    session_id: str
    source_language: str
    target_languages: tuple[str, ...]
    input_sample_rate: int
    output_sample_rate: int | None
    """Hz of all audio; None: each voice has its own rate."""
    broadcast: str | None = None
    """With it others may listen; None: nobody may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """Voice activity has started or stopped."""

    state: Literal["started", "stopped"]
    at_ms: int
    segment_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenTurn:
    """What one speaker says of a segment without interruption."""

    speaker: str | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcription:
    """The transcript of a segment; a final one never changes."""

    segment_id: int
    text: str
    language: str
    is_final: bool
    confidence: float | None
    """0 to 1; None: the recogniser reports none."""
    start_ms: int
    end_ms: int
    stable_chars: int
    """The first characters of ``text``, which later transcripts of the segment will not change."""
    provider: str | None = None
    """The recogniser: the preferred one, or a fallback."""
    snr_db: float | None = None
    """Signal-to-noise ratio of the segment; None: it has too little silence to measure the noise."""
    speaker: str | None = None
    """With ``diarize``, of a final transcript: who says most of it; None: not known."""
    turns: tuple[SpokenTurn, ...] = ()
    """The parts of a final transcript in which several speak, in order; else none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslationText:
    """The translation of a clause; it is never changed or withdrawn.

    ``is_final``: the last clause of its segment in this language. Its text is empty where the segment ended
    without new words.
    """

    segment_id: int
    clause: int
    text: str
    source_language: str
    target_language: str
    is_final: bool
    provider: str | None = None
    """The translator; None: the speech was in the target language."""
    score: float | None = None
    """0 to 1; None: the translator reports none."""
    speaker: str | None = None
    """With ``diarize``: who says the clause; None: not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialTranslation:
    """What is known of the translation of a clause whose words are still being spoken."""

    segment_id: int
    clause: int
    text: str
    stable_chars: int
    """The translation of the clause will begin with so many characters of ``text``; the others may change."""
    source_language: str
    target_language: str
    provider: str | None = None
    """The translator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio:
    """A chunk of the synthesised audio of a clause: mono int16 little-endian PCM."""

    segment_id: int
    clause: int
    chunk: int
    target_language: str
    pcm: bytes
    sample_rate: int
    last: bool
    """Whether it is the last chunk of its clause."""
    provider: str | None = None
    """The synthesiser."""
    speaker: str | None = None
    """As in ``TranslationText``."""


@dataclass(frozen=True, slots=True)
class Ack:
    """The results of all speech before ``through_ms`` have been delivered, and those of ``text`` after it.

    A client that resumes the session sends its audio from ``through_ms`` on, and ``text`` unchanged.
    """

    through_ms: int
    text: str = ""
    """Recognised words after ``through_ms`` whose clauses are delivered in every target language."""
    clauses: int = 0
    """Number of clauses of the current segment that ``text`` covers, as numbered on this connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The load of the service, and how far the output is behind the input."""

    load: Literal["normal", "partials_slowed", "speculation_off"]
    lag_ms: int
    voice_left_out: bool = False
    """Whether translations are not spoken at present, because their voices would come too late."""


@dataclass(frozen=True, slots=True)
class Draining:
    """This replica shuts down; the client should reconnect within this time."""

    reconnect_within_ms: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A request or an utterance has failed; ``fatal``: the session ends."""

    error: SokujiError
    fatal: bool = False
    segment_id: int | None = None
    target_language: str | None = None
    """None: it concerns all languages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    """How many listen to the broadcast of a session, and in which languages."""

    listeners: int
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Boundary:
    """A flush or clear is done: no segment that began before ``at_ms`` goes on."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class Done:
    """All audio has been processed."""


Event = (
    Ready
    | Speech
    | Transcription
    | TranslationText
    | PartialTranslation
    | Audio
    | Ack
    | Status
    | Draining
    | Attendance
    | Boundary
    | Failed
    | Done
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningOffer:
    """What a listener can choose from: languages by canonical code."""

    languages: tuple[str, ...]
    voiced: tuple[str, ...]
    """Those of them that a voice speaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """A listener has joined a broadcast."""

    language: str
    voice: bool
    """Whether its voice is sent; False: captions only, as asked for or because there is no voice."""
    source_language: str
    """What is spoken; ``auto``: it is detected."""
    state: BroadcastState


@dataclass(frozen=True, slots=True)
class BroadcastChanged:
    """The speaker has come back, has gone for now, or has ended the broadcast."""

    state: BroadcastState


@dataclass(frozen=True, slots=True)
class VoiceSkipped:
    """So much of the voice was left out, because this listener reads too slowly."""

    skipped_ms: int


HeardEvent = Transcription | TranslationText | Audio | Failed
"""What the listeners of a broadcast get of its session."""
ListenerEvent = ListeningOffer | Joined | BroadcastChanged | VoiceSkipped | Draining | HeardEvent | Done
"""All that a listener gets."""
