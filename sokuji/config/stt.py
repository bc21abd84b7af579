"""Settings of the recognisers."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from sokuji.config.azure import AzureSettings
from sokuji.config.cloud import CloudSettings
from sokuji.config.settings import LIVE, MOST_WORKERS, Condition, Settings

Code = Annotated[str, StringConstraints(pattern="^[a-z]{2,3}(-[A-Z][a-z]{3})?$")]
"""A language of the service, for example ``pt``."""
Locale = Annotated[str, StringConstraints(pattern="^[a-z]{2,3}(-[A-Za-z0-9]{2,8})+$")]
"""A locale of Azure, for example ``pt-BR``."""


class FasterWhisperConfig(Settings):
    """Whisper under CTranslate2. ``model_size`` is "base" (embedded), a hub name or a local folder."""

    conditions: ClassVar = (
        Condition("beam_size", "temperature is 0", lambda own: own.temperature == 0, idle=(1,)),
        Condition("vad_threshold", "vad_filter is true", lambda own: own.vad_filter),
        Condition("batch_wait_ms", "batch_size is above 1", lambda own: own.batch_size > 1, idle=(0,)),
        Condition("cpu_threads", "device is auto or cpu", lambda own: own.device != "cuda", idle=(0,)),
    )

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
    """Width of the beam search at temperature 0; above 0 tokens are sampled instead."""
    best_of: int = Field(1, ge=1, le=20, json_schema_extra=LIVE)
    """Candidates that are sampled at a temperature above 0; the most probable one is taken. Above 1 it also
    turns temperature fallback on, as in faster-whisper: a final transcript that is too repetitive
    (compression ratio above 2.4) or too improbable (mean log probability below -1) is decoded again at the
    next temperature, in steps of 0.2 up to 1. If none passes, the most probable result is taken."""
    temperature: float = Field(0.0, ge=0, le=1, json_schema_extra=LIVE)
    """Temperature of the first attempt; 0: beam search, always the most probable words."""
    second_hearing: Literal["always", "if_idle", "never"] = Field("if_idle", json_schema_extra=LIVE)
    """When an utterance of which the model is unsure is heard again in a window of 20 s, which takes twice as
    long as the first time, and some errors off difficult speech. ``if_idle``: not while there are others to
    recognise. One in which the model has lost itself is heard again in any case, in the full 30 s."""
    vad_filter: bool = Field(False, json_schema_extra=LIVE)
    """Drop silence once more before recognition; sessions have cut it away already."""
    vad_threshold: float = Field(0.5, gt=0, lt=1, json_schema_extra=LIVE)
    """Speech threshold of ``vad_filter``."""


class OpenAITranscriptionConfig(CloudSettings):
    """OpenAI, or a server that speaks its protocol. The key comes from OPENAI_API_KEY.

    The server must answer ``GET /models``, which is what a health check asks. A key of OpenAI that is
    restricted must be allowed to list models. One's own servers may do without a key, and without encryption:
    but then no key is sent to them either, unless they are on loopback.
    """

    provider: Literal["openai"] = "openai"
    base_url: str = Field("https://api.openai.com/v1", max_length=500)
    model: str = Field("gpt-transcribe", min_length=1, max_length=200)
    """As the server calls it. What OpenAI's own models can do is known; of any other name the next four
    settings say what it can."""
    response_format: Literal["auto", "verbose_json", "json"] = "auto"
    """How the server answers. Only ``verbose_json`` tells language, segments and probabilities. ``auto``: the
    most that OpenAI's models give, and ``verbose_json`` from others."""
    languages: tuple[Code, ...] = ()
    """What it recognises; none: the languages that OpenAI lists for its models, for others Whisper's."""
    translates: bool | None = None
    """Whether ``/audio/translations`` makes English of it; None: what OpenAI's models can, not for others."""
    word_times: bool | None = None
    """Whether it tells the times of words (with ``verbose_json`` only); None as for ``translates``."""
    temperature: float = Field(0.0, ge=0, le=1, json_schema_extra=LIVE)
    """Of sampling; 0: the most probable words (OpenAI's Whisper goes higher by itself where those make no
    sense). gpt-transcribe has none: more than 0 is refused."""

    @classmethod
    def takes_http(cls) -> bool:
        """For servers in one's own network."""
        return True


class AzureTranscriptionConfig(AzureSettings):
    """Azure Speech, fast transcription. The key comes from AZURE_SPEECH_KEY."""

    provider: Literal["azure"] = "azure"
    base_url: str = Field("https://{region}.api.cognitive.microsoft.com", max_length=500)
    """Resources with a name of their own have another one: https://my-name.cognitiveservices.azure.com."""
    locales: dict[Code, Locale] = Field({})
    """Locale in which a language is recognised, where another one is wanted (``pt: pt-PT``) or the service
    has learned a new one (``el: el-GR``)."""
    candidates: tuple[Code, ...] = Field((), json_schema_extra=LIVE)
    """Languages among which is chosen where the speaker's is not known; none: all. Fewer are told apart
    better."""
    profanity: Literal["raw", "masked", "removed"] = Field("raw", json_schema_extra=LIVE)
    """What becomes of swear words: as they were said, asterisks, or nothing."""
