"""Settings of the Gateway: what it accepts, when a session speaks, how long a stage may take."""

from typing import ClassVar, Self

from pydantic import Field, model_validator

from sokuji.config.settings import Condition, Settings
from sokuji.protocol import Commit


class SegmentationSettings(Settings):
    """When an utterance begins and ends. Times are milliseconds of audio."""

    vad_threshold: float = Field(0.5, gt=0, lt=1)
    """Speech probability from which a frame counts as speech; it ends below this minus 0.15."""
    min_speech_ms: int = Field(128, ge=32, le=2_000)
    """Speech shorter than this is taken for a click and ignored, unless the client says flush or end."""
    min_silence_ms: int = Field(480, ge=64, le=5_000)
    """Silence after which the utterance is over."""
    pre_roll_ms: int = Field(480, ge=0, le=2_000)
    """Audio kept from before the first speech frame: after silence the model can miss a whole syllable."""
    padding_ms: int = Field(160, ge=0, le=2_000)
    """Silence kept behind the last speech frame. When there is that much the session begins to speculate, for
    which this must be shorter than ``min_silence_ms``."""
    max_utterance_ms: int = Field(20_000, ge=2_000, le=28_000)
    """A longer utterance is cut at the quietest place of its last third. Whisper hears 30 s at most."""

    @model_validator(mode="after")
    def _speech_fits(self) -> Self:
        # A cut in the last third must have speech on its left.
        if 2 * (self.pre_roll_ms + self.min_speech_ms) > self.max_utterance_ms:
            raise ValueError("pre_roll_ms and min_speech_ms together may be half of max_utterance_ms at most")
        return self


class StreamingSettings(Settings):
    """How soon a session speaks. Times are milliseconds of audio unless the name says otherwise."""

    commit: Commit = "utterance"
    """For sessions that do not choose. ``utterance``: translate when the speaker pauses; ``clause``: as soon
    as the words of a clause are stable."""
    speculate: bool = True
    """Recognise, translate and begin to speak at the first silence, before the speech is surely over."""
    partial_interval_ms: int = Field(700, ge=0, le=10_000)
    """Shortest time between two interim recognitions of a session; it grows with their duration."""
    max_recognition_s: float = Field(2.0, gt=0, le=60)
    """Recognition that takes longer than this stops speculation, and makes interim recognitions rarer, until
    it is faster again."""
    max_lag_s: float = Field(10.0, gt=0, le=600)
    """New sessions are refused while the output of the present ones is further than this behind."""
    drain_s: float = Field(10.0, gt=0, le=600)
    """Longest wait for the end of an utterance before a session that is to move elsewhere is closed."""


class Deadlines(Settings):
    """Seconds that a stage may take for one answer before the call is given up."""

    stt_s: float = Field(30, gt=0, le=600)
    translation_s: float = Field(20, gt=0, le=600)
    tts_s: float = Field(30, gt=0, le=600)
    """Time to the first audio chunk, and from each chunk to the next."""


class ResilienceSettings(Settings):
    """When another provider of a stage answers instead of the preferred one."""

    circuit_breaker_threshold: int = Field(5, ge=1, le=1_000)
    """Failures in a row after which a provider is left alone, as long as there is another one."""
    circuit_breaker_reset_s: float = Field(30, gt=0, le=3_600)
    """How long; then one call tries whether it answers again. A service that asks for a longer wait
    (``Retry-After``) gets it."""
    fallback_after_s: float = Field(5, gt=0, le=600)
    """How long a provider may take while another one whose circuit is no worse could be asked instead: for an
    answer, or for the first sound. The last one has what is left of the stage's deadline, and if all others
    have failed, who was slow is asked again. At the deadline or above it has no effect."""


class Limits(Settings):
    """Bounds on what one client may send; enforced while reading."""

    max_upload_bytes: int = Field(64 * 2**20, ge=1_024, le=2**30)
    max_audio_s: float = Field(600, gt=0, le=4 * 3_600)
    """Decoded seconds of one uploaded recording."""
    max_text_chars: int = Field(5_000, ge=1, le=100_000)
    """Characters of one text to translate or to speak."""
    max_json_bytes: int = Field(256 * 1_024, ge=1_024, le=2**24)
    """Size of a JSON request body."""
    ws_max_message_size: int = Field(2**20, ge=1_024, le=2**24)
    """Bytes of one WebSocket message (the proxy itself closes the socket at 16 MiB)."""
    ws_max_connections: int = Field(100, ge=1, le=10_000)
    """Sessions held by one gateway replica; the next one is refused with close code 1013."""
    max_session_s: float = Field(4 * 3_600, gt=0, le=24 * 3_600)
    """Audio seconds of one session."""
    max_backlog_s: float = Field(120, ge=1, le=3_600)
    """Audio received but not yet delivered; a client that sends faster than that is closed with 1013. Speech
    without a pause counts while it lasts: stay above ``max_utterance_ms``."""
    idle_timeout_s: float = Field(300, gt=0, le=24 * 3_600)
    """A socket that sends nothing for this long is closed."""
    max_concurrent_uploads: int = Field(32, ge=1, le=10_000)
    """Uploads that are being received at a time; more are answered 503. Each may fill ``max_upload_bytes`` of
    temporary disk."""
    body_timeout_s: float = Field(20, gt=0, le=600)
    """A request body of which nothing comes for this long is given up with 408."""
    max_concurrent_requests: int = Field(16, ge=1, le=1_000)
    """REST calls that one gateway replica works on at the same time; the next one is refused with 503."""
    requests_per_minute: int = Field(600, ge=0, le=1_000_000)
    """REST calls and new sockets of one client address, for each gateway replica; 0: no limit."""


class GatewaySettings(Settings):
    """``user_config`` of the Gateway deployment."""

    conditions: ClassVar = (
        Condition(
            "streaming.speculate",
            "segmentation.padding_ms is below segmentation.min_silence_ms",
            lambda own: own.segmentation.padding_ms < own.segmentation.min_silence_ms,
            idle=(False,),
        ),
    )

    segmentation: SegmentationSettings = SegmentationSettings()
    streaming: StreamingSettings = StreamingSettings()
    deadlines: Deadlines = Deadlines()
    resilience: ResilienceSettings = ResilienceSettings()
    limits: Limits = Limits()
    recording_concurrency: int = Field(2, ge=1, le=64)
    """Utterances of uploaded recordings that are worked on at the same time, all uploads of a gateway replica
    together; the others wait, so that live speech does not."""
    draining: bool = False
    """Tells all conversations to move elsewhere and refuses new ones: for the time before a shutdown. The
    update with which it comes is complete when the last conversation is over."""
