"""Metrics of live sessions, by the door through which their clients came."""

from prometheus_client import Counter, Histogram

from sokuji.errors import SokujiError
from sokuji.events import Audio, Event, Failed, Transcription, TranslationText
from sokuji.metrics.registry import LATENCY_SECONDS, REGISTRY

_DOOR = ("door",)
_BYTES_PER_SAMPLE = 2

_latency = Histogram(
    "sokuji_session_latency_seconds",
    "From the end of speech to its final transcription, its translation, or the first sound of its voice; "
    "of a clause within running speech, from when its words were certain.",
    ("door", "output"),
    buckets=LATENCY_SECONDS,
    registry=REGISTRY,
)
_opened = Counter("sokuji_sessions_opened", "Sessions that were opened.", _DOOR, registry=REGISTRY)
_closed = Counter(
    "sokuji_sessions_closed",
    "Sessions that are over, by the close code; 1006: the client left without one.",
    ("door", "close_code"),
    registry=REGISTRY,
)
_refused = Counter(
    "sokuji_connections_refused",
    "Connections that were closed before a session was open, by the code of the error.",
    ("door", "code"),
    registry=REGISTRY,
)
_resumed = Counter("sokuji_sessions_resumed", "Sessions that went on in a new connection.", registry=REGISTRY)
_failures = Counter(
    "sokuji_session_failures",
    "Errors that clients were told in a session: of a segment its speech is lost, wholly or in one language.",
    ("door", "code", "of"),
    registry=REGISTRY,
)
_received = Counter("sokuji_session_received_audio_seconds", "Audio from clients.", _DOOR, registry=REGISTRY)
_sent = Counter("sokuji_session_sent_audio_seconds", "Speech for clients.", _DOOR, registry=REGISTRY)
_snr = Histogram(
    "sokuji_speech_snr_decibels",
    "Signal-to-noise ratio of segments, where there is enough silence to measure it.",
    _DOOR,
    buckets=range(-5, 45, 5),
    registry=REGISTRY,
)
_LEFT = 1006
"""RFC 6455, section 7.1.5: no close code was received."""


def record_resumption() -> None:
    """Count a session that goes on in a new connection."""
    _resumed.inc()


class SessionMetrics:
    """Records one connection of a client.

    Args:
        door: its name, one of few.
    """

    def __init__(self, door: str) -> None:
        self._door = door
        self._received_ms = 0.0
        self._is_open = False

    def opened(self, received_ms: float) -> None:
        """Note that a session is open, of which other connections have brought ``received_ms`` of audio."""
        self._received_ms = received_ms
        self._is_open = True
        _opened.labels(self._door).inc()

    def received(self, received_ms: float) -> None:
        """Note how much audio has come in all."""
        _received.labels(self._door).inc(max(0.0, received_ms - self._received_ms) / 1_000)
        self._received_ms = received_ms

    def delivered(self, event: Event, latency_s: float | None) -> None:
        """Note an event for the client.

        Args:
            latency_s: seconds since the end of the speech to which it belongs; None: that is not known, or
                of no interest for this event.
        """
        match event:
            case Transcription(is_final=True):
                self._observe("transcription", latency_s)
                if event.snr_db is not None:
                    _snr.labels(self._door).observe(event.snr_db)
            case TranslationText():
                self._observe("translation", latency_s)
            case Audio():
                _sent.labels(self._door).inc(len(event.pcm) / _BYTES_PER_SAMPLE / event.sample_rate)
                if event.chunk == 0:
                    self._observe("audio", latency_s)
            case Failed():
                of = "session" if event.segment_id is None else "segment"
                _failures.labels(self._door, event.error.code, of).inc()

    def closed(self, code: int | None, error: SokujiError | None) -> None:
        """Note the end of the connection, with its close code; None: the client has left."""
        if self._is_open:
            _closed.labels(self._door, str(code or _LEFT)).inc()
        elif error is not None:
            _refused.labels(self._door, error.code).inc()

    def _observe(self, output: str, latency_s: float | None) -> None:
        if latency_s is not None:
            _latency.labels(self._door, output).observe(latency_s)
