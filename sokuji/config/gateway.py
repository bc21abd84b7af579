"""Settings of the Gateway: streaming, deadlines, fallback and limits; ``segmentation`` has its own file."""

from typing import ClassVar

from pydantic import Field

from sokuji.config.access import AccessSettings, is_loopback
from sokuji.config.admission import AdmissionSettings
from sokuji.config.broadcast import BroadcastSettings
from sokuji.config.debug import DebugSettings
from sokuji.config.grpc import GrpcSettings
from sokuji.config.libretranslate import LibreTranslateSettings
from sokuji.config.openai import OpenAISettings
from sokuji.config.segmentation import SegmentationSettings
from sokuji.config.settings import Condition, Settings
from sokuji.protocol import Commit


class StreamingSettings(Settings):
    """How early a session translates and speaks."""

    commit: Commit = "auto"
    """Default for sessions that do not choose. ``utterance``: translate when the speaker pauses; ``clause``:
    translate a clause as soon as its words are stable; ``auto``: short utterances whole, and clause by clause
    once the speaker runs on."""
    run_on_ms: int = Field(4_500, ge=0, le=28_000)
    """With ``auto``: milliseconds of speech without a pause that ends the utterance, after which its clauses
    are translated as soon as they are stable."""
    partial_translations: bool = True
    """Translate every partial transcript for sessions that ask for ``partials`` and do not commit by
    ``utterance``: the words on which two translations agree are sent before their clause is complete. A
    translator that is paid by the character gets about twenty times as many."""
    speculate: bool = True
    """Recognise, translate and start to synthesise at the first silence, before the utterance has ended."""
    partial_interval_ms: int = Field(300, ge=0, le=10_000)
    """Shortest time between two partial transcripts of a session, in milliseconds of audio; it grows with the
    duration of recognition."""
    max_recognition_s: float = Field(2.0, gt=0, le=60)
    """While recognition takes longer than this, sessions do not speculate and make fewer partial
    transcripts."""
    max_lag_s: float = Field(10.0, gt=0, le=600)
    """New sessions are refused while the output of the current sessions lags by more than this."""
    max_voice_lag_s: float = Field(20.0, gt=0, le=600)
    """A translation is not spoken if what it translates was said longer ago than this; its text is sent, and
    later translations are spoken again. Not for clients that send faster than speech, as a file does."""
    late_audio_ms: int = Field(400, ge=0, le=60_000)
    """Wall-clock time by which audio may be late before it is missing: an utterance ends after this time and
    the silence that ends it without audio, as from a muted microphone. A network that stalls for longer cuts
    it."""
    drain_s: float = Field(10.0, gt=0, le=600)
    """When a replica drains: longest wait for the end of an utterance, which is then cut."""


class Deadlines(Settings):
    """Seconds after which a call to a stage fails."""

    stt_s: float = Field(30, gt=0, le=600)
    translation_s: float = Field(20, gt=0, le=600)
    """For each thousand characters begun."""
    tts_s: float = Field(30, gt=0, le=600)
    """Limit for the first audio chunk, and between two chunks."""
    speakers_s: float = Field(20, gt=0, le=600)
    """Then an utterance is without its speaker: it does not wait longer for that."""


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
    deadline has no effect. Like the deadline, it is for each thousand characters of a text to translate."""


class Limits(Settings):
    """Limits on what clients send; enforced while it is read."""

    max_upload_bytes: int = Field(64 * 2**20, ge=1_024, le=2**30)
    max_audio_s: float = Field(600, gt=0, le=4 * 3_600)
    """Duration of one uploaded recording, in seconds of decoded audio."""
    max_decodings: int = Field(4, ge=1, le=64)
    """Recordings decoded at the same time, each in a process of its own; one client address has half of them
    at most, and further recordings wait."""
    decoding_cpu_s: int = Field(20, ge=1, le=3_600)
    """Processor time for decoding one recording, in seconds."""
    decoding_memory_bytes: int = Field(2**27, ge=2**24, le=2**34)
    """Memory for decoding one recording, beyond the 55 MB of a decoder that has nothing to do."""
    decoding_timeout_s: float = Field(90, gt=0, le=3_600)
    """Time for decoding one recording by the clock, which a busy machine may need."""
    max_text_chars: int = Field(5_000, ge=1, le=100_000)
    """Characters of one text to translate or synthesise."""
    max_json_bytes: int = Field(256 * 1_024, ge=1_024, le=2**24)
    """Size of a JSON request body."""
    ws_max_message_size: int = Field(2**20, ge=1_024, le=2**24)
    """Bytes of one WebSocket message. Serve's proxy closes the socket above 16 MiB."""
    ws_max_connections: int = Field(100, ge=1, le=10_000)
    """Sessions of one gateway replica; further sessions are refused with close code 1013."""
    ws_max_client_connections: int = Field(50, ge=1, le=10_000)
    """Sessions of one client address in one gateway replica; further ones are refused with 1013."""
    ws_max_client_unopened: int = Field(25, ge=1, le=10_000)
    """Sockets of one client address in one gateway replica on which no session is open yet; further ones
    are refused with 1013."""
    max_session_s: float = Field(4 * 3_600, gt=0, le=24 * 3_600)
    """Duration of one session, in seconds of audio."""
    max_backlog_s: float = Field(120, ge=1, le=3_600)
    """Seconds of audio that a session may be behind: while half of it is recognised and not delivered,
    further audio waits on disk, and outages are waited out for half of it. The current utterance counts, so
    the value should exceed twice ``max_utterance_ms``."""
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
    """A socket on which the client sends nothing, or of which it reads nothing, for this long is closed. The
    time in which the service does not read it does not count."""
    max_concurrent_uploads: int = Field(32, ge=1, le=10_000)
    """Uploads received at the same time; further uploads are refused with 503. Each takes up to
    ``max_upload_bytes`` of temporary disk space."""
    max_client_uploads: int = Field(12, ge=1, le=10_000)
    """Uploads of one client address that are received or worked on at the same time; further ones are refused
    with 429."""
    body_timeout_s: float = Field(20, gt=0, le=600)
    """A request whose body does not advance for this long is refused with 408."""
    min_body_bytes_per_s: int = Field(1_000, ge=0, le=2**20)
    """Slowest mean rate of a body, from ``body_timeout_s`` after its beginning on; 0: any. A slower request
    is refused with 408."""
    max_body_s: float = Field(600, gt=0, le=24 * 3_600)
    """A request whose body is not complete after this long is refused with 408. The default is enough for
    ``max_upload_bytes`` at 1 Mbit/s."""
    max_concurrent_requests: int = Field(16, ge=1, le=1_000)
    """REST calls that one gateway replica handles at the same time; further calls are refused with 503."""
    requests_per_minute: int = Field(600, ge=0, le=1_000_000)
    """REST calls and new sockets of one client address, counted by each gateway replica; 0: no limit."""


class GatewaySettings(Settings):
    """``user_config`` of the Gateway deployment."""

    conditions: ClassVar = (
        Condition(
            "streaming.speculate",
            "segmentation.padding_ms is below segmentation.silence_ms",
            lambda config: config.segmentation.padding_ms < config.segmentation.silence_ms,
            neutral=(False,),
        ),
        Condition(
            "grpc.address",
            "it is a loopback address, or access.keys_file, access.keys or access.keyless is set",
            lambda config: is_loopback(config.grpc.host) or not config.access.is_loopback_only,
            neutral=("",),
        ),
    )

    segmentation: SegmentationSettings = SegmentationSettings()
    streaming: StreamingSettings = StreamingSettings()
    deadlines: Deadlines = Deadlines()
    resilience: ResilienceSettings = ResilienceSettings()
    limits: Limits = Limits()
    admission: AdmissionSettings = AdmissionSettings()
    access: AccessSettings = AccessSettings()
    openai: OpenAISettings = OpenAISettings()
    debug: DebugSettings = DebugSettings()
    libretranslate: LibreTranslateSettings = LibreTranslateSettings()
    grpc: GrpcSettings = GrpcSettings()
    broadcast: BroadcastSettings = BroadcastSettings()
    recording_concurrency: int = Field(2, ge=1, le=64)
    """Utterances of uploaded recordings that a gateway replica processes at the same time, over all uploads;
    further utterances wait, so that live sessions do not."""
    draining: bool = False
    """Before a shutdown: ask the clients of all sessions to reconnect, and refuse new sessions. The update
    that sets it completes when the last session has ended."""
