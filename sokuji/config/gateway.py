"""Settings of the Gateway: segmentation, streaming, deadlines, fallback and limits."""

from typing import ClassVar, Self

from pydantic import Field, model_validator

from sokuji.config.openai import OpenAISettings
from sokuji.config.settings import Condition, Settings
from sokuji.protocol import Commit


class SegmentationSettings(Settings):
    """Voice activity detection: when an utterance begins and ends. Times are milliseconds of audio."""

    vad_threshold: float = Field(0.5, gt=0, lt=1)
    """Speech probability at which speech begins; it ends when the probability falls below this minus 0.15."""
    min_speech_ms: int = Field(128, ge=32, le=2_000)
    """Shorter speech is discarded as noise, unless the client sends flush or end."""
    min_silence_ms: int = Field(480, ge=64, le=5_000)
    """Silence that ends the utterance."""
    pre_roll_ms: int = Field(480, ge=0, le=2_000)
    """Audio kept before the first speech frame: after silence the model can miss the first syllable."""
    padding_ms: int = Field(160, ge=0, le=2_000)
    """Silence kept after the last speech frame. After this much silence the session starts to speculate,
    which requires that it is shorter than ``min_silence_ms``."""
    max_utterance_ms: int = Field(20_000, ge=2_000, le=28_000)
    """A longer utterance is cut at the quietest point of its last third. Whisper's window is 30 s."""

    @model_validator(mode="after")
    def _check_utterance_length(self) -> Self:
        # A cut in the last third must leave speech before it.
        if 2 * (self.pre_roll_ms + self.min_speech_ms) > self.max_utterance_ms:
            raise ValueError("pre_roll_ms + min_speech_ms must not exceed half of max_utterance_ms")
        return self


class StreamingSettings(Settings):
    """How early a session translates and speaks."""

    commit: Commit = "auto"
    """Default for sessions that do not choose. ``utterance``: translate when the speaker pauses; ``clause``:
    translate a clause as soon as its words are stable; ``auto``: short utterances whole, and clause by clause
    once the speaker runs on."""
    run_on_ms: int = Field(4_500, ge=0, le=28_000)
    """With ``auto``: milliseconds of speech without a pause that ends the utterance, after which its clauses
    are translated as soon as they are stable."""
    speculate: bool = True
    """Recognise, translate and start to synthesise at the first silence, before the utterance has ended."""
    partial_interval_ms: int = Field(700, ge=0, le=10_000)
    """Shortest time between two partial transcripts of a session, in milliseconds of audio; it grows with the
    duration of recognition."""
    max_recognition_s: float = Field(2.0, gt=0, le=60)
    """While recognition takes longer than this, sessions do not speculate and make fewer partial
    transcripts."""
    max_lag_s: float = Field(10.0, gt=0, le=600)
    """New sessions are refused while the output of the current sessions lags by more than this."""
    late_audio_ms: int = Field(400, ge=0, le=60_000)
    """Wall-clock time by which audio may be late before it is missing: an utterance ends after this time and
    ``min_silence_ms`` without audio, as from a muted microphone. A network that stalls for longer cuts it."""
    drain_s: float = Field(10.0, gt=0, le=600)
    """When a replica drains: longest wait for the end of an utterance, which is then cut."""


class Deadlines(Settings):
    """Seconds after which a call to a stage fails."""

    stt_s: float = Field(30, gt=0, le=600)
    translation_s: float = Field(20, gt=0, le=600)
    tts_s: float = Field(30, gt=0, le=600)
    """Limit for the first audio chunk, and between two chunks."""


class ResilienceSettings(Settings):
    """Fallback to the other providers of a stage."""

    circuit_breaker_threshold: int = Field(5, ge=1, le=1_000)
    """Consecutive failures that open a provider's circuit: it is not called if the stage has another
    provider."""
    circuit_breaker_reset_s: float = Field(30, gt=0, le=3_600)
    """Time for which a circuit stays open; then one call tests the provider. A longer ``Retry-After`` of a
    service takes precedence."""
    fallback_after_s: float = Field(5, gt=0, le=600)
    """Time limit for a provider's result, or its first audio chunk, while another provider remains whose
    circuit is in the same or a better state. The last provider may use the rest of the stage's deadline.
    If all others have failed, a provider that was too slow is called again. A value at or above the
    deadline has no effect."""


class Limits(Settings):
    """Limits on what clients send; enforced while it is read."""

    max_upload_bytes: int = Field(64 * 2**20, ge=1_024, le=2**30)
    max_audio_s: float = Field(600, gt=0, le=4 * 3_600)
    """Duration of one uploaded recording, in seconds of decoded audio."""
    max_text_chars: int = Field(5_000, ge=1, le=100_000)
    """Characters of one text to translate or synthesise."""
    max_json_bytes: int = Field(256 * 1_024, ge=1_024, le=2**24)
    """Size of a JSON request body."""
    ws_max_message_size: int = Field(2**20, ge=1_024, le=2**24)
    """Bytes of one WebSocket message. Serve's proxy closes the socket above 16 MiB."""
    ws_max_connections: int = Field(100, ge=1, le=10_000)
    """Sessions of one gateway replica; further sessions are refused with close code 1013."""
    max_session_s: float = Field(4 * 3_600, gt=0, le=24 * 3_600)
    """Duration of one session, in seconds of audio."""
    max_backlog_s: float = Field(120, ge=1, le=3_600)
    """Seconds of received audio whose results are not yet sent. A session with more is closed with 1013,
    unless its client sends faster than speech, as a file does. The current utterance counts, so the value
    should exceed twice ``max_utterance_ms``."""
    max_waiting_bytes: int = Field(2**28, ge=2**20, le=2**34)
    """Audio of one session that waits on disk; the socket of a client that is further ahead is not read until
    all of it is worked off. The default is 2.3 h of mono at 16 kHz."""
    max_total_waiting_bytes: int = Field(2**32, ge=2**20, le=2**40)
    """Audio of all sessions of one gateway replica that waits on disk. Above it, the socket of each client
    whose audio would wait there too is not read until its own is worked off. Each session may exceed it by
    one message."""
    config_timeout_s: float = Field(15, gt=0, le=3_600)
    """A socket on which no ``config`` has been accepted for this long after its handshake is closed."""
    idle_timeout_s: float = Field(300, gt=0, le=24 * 3_600)
    """A socket on which the client sends nothing for this long is closed. The time in which it is not read
    does not count."""
    max_concurrent_uploads: int = Field(32, ge=1, le=10_000)
    """Uploads received at the same time; further uploads are refused with 503. Each takes up to
    ``max_upload_bytes`` of temporary disk space."""
    body_timeout_s: float = Field(20, gt=0, le=600)
    """A request whose body does not advance for this long is refused with 408."""
    max_concurrent_requests: int = Field(16, ge=1, le=1_000)
    """REST calls that one gateway replica handles at the same time; further calls are refused with 503."""
    requests_per_minute: int = Field(600, ge=0, le=1_000_000)
    """REST calls and new sockets of one client address, counted by each gateway replica; 0: no limit."""


class GatewaySettings(Settings):
    """``user_config`` of the Gateway deployment."""

    conditions: ClassVar = (
        Condition(
            "streaming.speculate",
            "segmentation.padding_ms is below segmentation.min_silence_ms",
            lambda config: config.segmentation.padding_ms < config.segmentation.min_silence_ms,
            neutral=(False,),
        ),
    )

    segmentation: SegmentationSettings = SegmentationSettings()
    streaming: StreamingSettings = StreamingSettings()
    deadlines: Deadlines = Deadlines()
    resilience: ResilienceSettings = ResilienceSettings()
    limits: Limits = Limits()
    openai: OpenAISettings = OpenAISettings()
    recording_concurrency: int = Field(2, ge=1, le=64)
    """Utterances of uploaded recordings that a gateway replica processes at the same time, over all uploads;
    further utterances wait, so that live sessions do not."""
    draining: bool = False
    """Before a shutdown: ask the clients of all sessions to reconnect, and refuse new sessions. The update
    that sets it completes when the last session has ended."""
