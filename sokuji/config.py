"""Every setting of the service, typed; a setting that is not here is refused by name.

A deployment's settings are its ``user_config`` in the Serve YAML, validated by one of these classes. The
upper-case names of the tuning guide may be set as environment variables of the deployment and then win
(``parse_provider``). Fields marked ``LIVE`` change at once in ``reconfigure()``; a change of any other field
loads the model anew beside the old one and then swaps. Secrets never stand here: they come from the
environment alone.
"""

import os
from collections.abc import Mapping
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sokuji.errors import ConfigError

Commit = Literal["utterance", "clause"]
"""What is translated and spoken in one piece."""

MOST_WORKERS = 16
"""Of one provider."""

LIVE: dict[str, Any] = {"live": True}
"""Marks a field whose change needs no new model: ``Field(..., json_schema_extra=LIVE)``."""


class Settings(BaseModel):
    """Base of all settings: frozen, and no unknown names."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


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
    """Recognition that takes longer than this stops speculation until it is faster again."""
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

    segmentation: SegmentationSettings = SegmentationSettings()
    streaming: StreamingSettings = StreamingSettings()
    deadlines: Deadlines = Deadlines()
    limits: Limits = Limits()
    recording_concurrency: int = Field(2, ge=1, le=64)
    """Utterances of uploaded recordings that are worked on at the same time, all uploads of a gateway replica
    together; the others wait, so that live speech does not."""
    draining: bool = False
    """Tells all conversations to move elsewhere and refuses new ones: for the time before a shutdown. The
    update with which it comes is complete when the last conversation is over."""


class FasterWhisperConfig(Settings):
    """Whisper under CTranslate2. ``model_size`` is "base" (embedded), a hub name or a local folder."""

    provider: Literal["faster_whisper"] = "faster_whisper"
    model_size: str = Field("base", min_length=1)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    compute_type: str = "int8"
    """A CTranslate2 type that the device supports: int8, int8_float16, float16, float32, ..."""
    num_workers: int = Field(0, ge=0, le=MOST_WORKERS, json_schema_extra=LIVE)
    """Batches that are computed at the same time, on the same weights; 0: one for two cores, 4 at most; on a
    GPU 2. Fewer workers put more together. More than the cores, or than at the start, take a new replica."""
    cpu_threads: int = Field(0, ge=0, le=256)
    """Threads of one batch on a CPU; 0: half of the cores, divided among the workers at the start, at most 4.
    Only the encoder gains by a second one."""
    batch_size: int = Field(8, ge=1, le=64, json_schema_extra=LIVE)
    """Utterances of all callers that are computed together, at most; 1: none are."""
    batch_wait_ms: float = Field(0, ge=0, le=1_000, json_schema_extra=LIVE)
    """How long an utterance waits for others while a worker is free. Batches form without that as soon as all
    workers are busy; on a GPU, where a batch costs hardly more than one, a few milliseconds may pay."""
    beam_size: int = Field(1, ge=1, le=20, json_schema_extra=LIVE)
    best_of: int = Field(1, ge=1, le=20, json_schema_extra=LIVE)
    """Candidates when sampling, which happens only at temperatures above 0."""
    temperature: float = Field(0.0, ge=0, le=1, json_schema_extra=LIVE)
    second_hearing: Literal["always", "if_idle", "never"] = Field("if_idle", json_schema_extra=LIVE)
    """When an utterance of which the model is unsure is heard again in a window of 20 s, which takes twice as
    long as the first time, and some errors off difficult speech. ``if_idle``: not while there are others to
    recognise. One in which the model has lost itself is heard again in any case, in the full 30 s."""
    vad_filter: bool = Field(False, json_schema_extra=LIVE)
    """Drop silence once more before recognition; sessions have cut it away already."""
    vad_threshold: float = Field(0.5, gt=0, lt=1, json_schema_extra=LIVE)
    """Speech threshold of ``vad_filter``."""


class BergamotConfig(Settings):
    """Firefox's small translation models, in process: English <-> Portuguese."""

    provider: Literal["bergamot"] = "bergamot"
    num_workers: int = Field(2, ge=1, le=MOST_WORKERS, json_schema_extra=LIVE)
    """Texts translated at the same time."""


class PiperConfig(Settings):
    """Piper voices. ``tts_model`` is "en_US-joe-medium" (embedded), a hub voice or a local ``.onnx`` file."""

    provider: Literal["piper"] = "piper"
    tts_model: str = Field("en_US-joe-medium", min_length=1)
    device: Literal["cpu", "cuda"] = "cpu"
    cpu_threads: int = Field(1, ge=1, le=256)
    """Threads of one synthesis. On two free cores a second one brings the first sound some 15 ms sooner, and
    costs a quarter to two fifths more CPU time, which other sessions and stages then lack."""
    num_workers: int = Field(0, ge=0, le=MOST_WORKERS, json_schema_extra=LIVE)
    """Syntheses that run at the same time; 0: the cores found, at most 4."""
    noise_scale: float | None = Field(None, ge=0, le=2, json_schema_extra=LIVE)
    """Variation of the sound; None: the voice's own value."""
    noise_w_scale: float | None = Field(None, ge=0, le=2, json_schema_extra=LIVE)
    """Variation of the rhythm; None: the voice's own value."""


class KokoroConfig(Settings):
    """Kokoro-82M as int8 ONNX with phonemes from espeak-ng. The embedded voices have a Japanese accent."""

    provider: Literal["kokoro"] = "kokoro"
    default_voice: str = Field("jm_kumo", json_schema_extra=LIVE)
    """Speaks where a client names no voice. Of the embedded voices this one is understood best."""
    cpu_threads: int = Field(1, ge=1, le=256)
    """Threads of one synthesis. On two free cores a second one takes a tenth off the time of a phrase, and
    costs a third more CPU time, which other sessions and stages then lack."""
    num_workers: int = Field(0, ge=0, le=MOST_WORKERS, json_schema_extra=LIVE)
    """Syntheses that run at the same time; 0: the cores found, at most 4."""


PROVIDER_CONFIGS: dict[str, dict[str, type[Settings]]] = {
    "stt": {"faster_whisper": FasterWhisperConfig},
    "translation": {"bergamot": BergamotConfig},
    "tts": {"piper": PiperConfig, "kokoro": KokoroConfig},
}
"""Stage -> provider -> the class of its settings."""

ENVIRONMENT: dict[str, str] = {
    "model_size": "MODEL_SIZE",
    "device": "DEVICE",
    "compute_type": "COMPUTE_TYPE",
    "beam_size": "BEAM_SIZE",
    "best_of": "BEST_OF",
    "temperature": "TEMPERATURE",
    "vad_filter": "VAD_FILTER",
    "vad_threshold": "VAD_THRESHOLD",
    "num_workers": "NUM_WORKERS",
    "batch_size": "BATCH_SIZE",
    "tts_model": "TTS_MODEL",
}
"""Field -> the tuning guide's upper-case name for it."""

S = TypeVar("S", bound=Settings)


def parse_provider(stage: str, values: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Any:
    """The settings of one provider of a stage; the guide's upper-case variables win over ``values``.

    Raises:
        ConfigError: names every setting at fault and what is accepted.
    """
    kinds = PROVIDER_CONFIGS[stage]
    kind = kinds.get(values.get("provider", ""))
    if kind is None:
        raise ConfigError(
            f"no {stage} provider {values.get('provider')!r}; accepted: {', '.join(kinds)}", param="provider"
        )
    found = {
        field: environment[name]
        for field, name in ENVIRONMENT.items()
        if field in kind.model_fields and environment.get(name)
    }
    return parse(kind, {**values, **found}, f"{stage} provider {values['provider']}")


def parse(kind: type[S], values: Mapping[str, Any], where: str) -> S:
    """Validate ``values`` as ``kind``; ``where`` says whose settings they are.

    Raises:
        ConfigError: names every setting at fault and what is accepted.
    """
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        faults = error.errors(include_url=False)
        first = ".".join(str(part) for part in faults[0]["loc"])
        raise ConfigError(
            f"{where}: {'; '.join(_fault(item, kind) for item in faults)}", param=first
        ) from None


def _fault(item: Any, kind: type[Settings]) -> str:
    *parents, last = item["loc"] or ("(settings)",)
    name = ".".join(str(part) for part in (*parents, last))
    if item["type"] != "extra_forbidden":
        return f"{name}: {item['msg']} (got {item['input']!r})"
    for parent in parents:
        annotation = kind.model_fields[str(parent)].annotation
        kind = annotation if isinstance(annotation, type) else kind
    return f"{name} is not a setting; accepted: {', '.join(kind.model_fields)}"


def changed_fields(old: BaseModel, new: BaseModel) -> tuple[set[str], bool]:
    """The names of fields that differ, and whether all of them are live."""
    names = {name for name in type(new).model_fields if getattr(old, name, None) != getattr(new, name)}
    live = all((type(new).model_fields[name].json_schema_extra or {}) == LIVE for name in names)
    return names, live and type(old) is type(new)


def check_live(old: Settings, new: Settings) -> None:
    """Refuse a change that a loaded model cannot take over.

    Raises:
        ConfigError: names the fields that differ, one at least of which takes a new model.
    """
    names, live = changed_fields(old, new)
    if not live:
        raise ConfigError(f"a model that is loaded cannot change: {', '.join(sorted(names))}")
