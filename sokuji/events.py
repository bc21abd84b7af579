"""What a session emits: plain data, in the order in which a client must see it.

Times named ``*_ms`` are milliseconds of input audio since the session began. The doors turn these into wire
messages; nothing here knows of JSON or sockets.
"""

from dataclasses import dataclass
from typing import Literal

from sokuji.errors import SokujiError


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The session is configured."""

    session_id: str
    source_language: str
    target_languages: tuple[str, ...]
    input_sample_rate: int
    output_sample_rate: int | None
    """None: chunks come at the voice's own rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """Somebody began or stopped speaking."""

    state: Literal["started", "stopped"]
    at_ms: int
    segment_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcription:
    """What was heard; final ones never change."""

    segment_id: int
    text: str
    language: str
    is_final: bool
    confidence: float | None
    """0 to 1; None where the recogniser reports none."""
    start_ms: int
    end_ms: int
    stable_chars: int
    provider: str | None = None
    """Who recognised it: the preferred recogniser, or one that stands in for it."""
    snr_db: float | None = None
    """Signal-to-noise ratio of the utterance's audio; None where it held too little silence to tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslationText:
    """A committed piece of translation: append-only.

    ``is_final``: the last clause of its segment in this language; its text is empty where nothing was left to
    say when the segment ended.
    """

    segment_id: int
    clause: int
    text: str
    source_language: str
    target_language: str
    is_final: bool
    provider: str | None = None
    """Who translated it; None where the speech was in the target language."""
    score: float | None = None
    """0 to 1, the translator's own; None where it reports none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio:
    """A piece of the translated voice: mono int16 little-endian PCM."""

    segment_id: int
    clause: int
    chunk: int
    target_language: str
    pcm: bytes
    sample_rate: int
    last: bool
    provider: str | None = None
    """Who speaks."""


@dataclass(frozen=True, slots=True)
class Ack:
    """Everything the speaker said before this time has been delivered, and so has ``text`` behind it.

    A client that resumes sends its audio from this time on, and gives ``text`` back.
    """

    through_ms: int
    text: str = ""
    """Recognised words behind ``through_ms`` whose clauses have been delivered in every target language."""
    clauses: int = 0
    """How many of its segment's clauses, as this connection counts them, ``text`` covers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How far the output is behind the input."""

    load: Literal["normal", "partials_slowed", "speculation_off"]
    lag_ms: int


@dataclass(frozen=True, slots=True)
class Draining:
    """This replica goes away; the client should reconnect within the time given."""

    reconnect_within_ms: int


@dataclass(frozen=True, slots=True)
class Failed:
    """Something went wrong with one request or one utterance; ``fatal``: the session ends with it."""

    error: SokujiError
    fatal: bool = False
    segment_id: int | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """All audio has been worked off."""


Event = Ready | Speech | Transcription | TranslationText | Audio | Ack | Status | Draining | Failed | Done
