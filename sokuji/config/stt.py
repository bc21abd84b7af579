"""Settings of the speech recognition providers."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from sokuji.config.azure import AzureSettings
from sokuji.config.cloud import CloudSettings
from sokuji.config.settings import LIVE, MAX_WORKERS, Condition, Settings

Code = Annotated[str, StringConstraints(pattern="^[a-z]{2,3}(-[A-Z][a-z]{3})?$")]
"""A language code of the service, for example ``pt``."""
Locale = Annotated[str, StringConstraints(pattern="^[a-z]{2,3}(-[A-Za-z0-9]{2,8})+$")]
"""An Azure locale, for example ``pt-BR``."""


class FasterWhisperConfig(Settings):
    """Whisper on CTranslate2. ``model_size`` is "base" (embedded), a name of the hub or a local folder."""

    conditions: ClassVar = (
        Condition("beam_size", "temperature is 0", lambda config: config.temperature == 0, neutral=(1,)),
        Condition("vad_threshold", "vad_filter is true", lambda config: config.vad_filter),
        Condition(
            "batch_wait_ms", "batch_size is above 1", lambda config: config.batch_size > 1, neutral=(0,)
        ),
        Condition(
            "cpu_threads", "device is auto or cpu", lambda config: config.device != "cuda", neutral=(0,)
        ),
        Condition(
            "cpu_decoder",
            "device is auto or cpu and compute_type has 8 bits",
            lambda config: config.device != "cuda" and config.decodes_in_8_bits,
        ),
    )

    provider: Literal["faster_whisper"] = "faster_whisper"
    model_size: str = Field("base", min_length=1)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    compute_type: str = "int8"
    """A CTranslate2 type that the device supports: int8, int8_float16, float16, float32, ..."""
    num_workers: int = Field(0, ge=0, le=MAX_WORKERS, json_schema_extra=LIVE)
    """Batches computed at the same time, with shared weights; 0: one for each two CPU cores, at most 4; on
    a GPU 2. Fewer workers form larger batches. A number above that of the cores, or above the number at
    the start, requires a new replica."""
    cpu_threads: int = Field(0, ge=0, le=256)
    """Threads of one batch on a CPU; 0: half of the CPU cores, divided by the number of workers at the
    start, at least 2 where there are so many cores and at most 4. The encoder benefits most."""
    cpu_decoder: Literal["onnxruntime", "ctranslate2"] = "onnxruntime"
    """What decodes greedily on a CPU in 8 bits. ``onnxruntime`` takes half of the time for one utterance
    and takes in at once what earlier hypotheses have said; it needs the memory of the decoder's weights
    a second time, because CTranslate2 still encodes, and decodes with beams."""
    batch_size: int = Field(8, ge=1, le=64, json_schema_extra=LIVE)
    """Largest number of utterances, of all callers, in one batch."""
    batch_wait_ms: float = Field(0, ge=0, le=1_000, json_schema_extra=LIVE)
    """How long an utterance waits for a batch while a worker is free. When all workers are busy, batches
    form without this wait. On a GPU a batch costs little more than one utterance, so a few milliseconds
    may pay."""
    beam_size: int = Field(1, ge=1, le=20, json_schema_extra=LIVE)
    """Beam width at temperature 0; at higher temperatures tokens are sampled instead."""
    best_of: int = Field(1, ge=1, le=20, json_schema_extra=LIVE)
    """Candidates sampled at a temperature above 0; the most probable candidate is used. A value above 1 also
    turns on temperature fallback, as in faster-whisper: a final transcript that is too repetitive
    (compression ratio above 2.4) or too improbable (mean log probability below -1) is decoded again at the
    next temperature, in steps of 0.2 up to 1. If none passes, the most probable result is used."""
    temperature: float = Field(0.0, ge=0, le=1, json_schema_extra=LIVE)
    """Temperature of the first attempt; 0: beam search, which is deterministic."""
    second_hearing: Literal["always", "if_idle", "never"] = Field("if_idle", json_schema_extra=LIVE)
    """When a final transcript gets more effort than ``beam_size`` asks for: for the low-confidence result of
    an utterance under 2 s a second pass in a 20 s window, which takes twice as long as the first; and in
    recordings five beams, which take a fifth more time. ``if_idle``: only while no other utterance waits, and
    in sessions the second pass only for a very low confidence. ``always``: sessions get as much as
    recordings. ``never``: neither. An implausible result (no words, a repetition, too few words for the
    speech, a low probability) is always decoded again, in the full 30 s window."""
    vad_filter: bool = Field(False, json_schema_extra=LIVE)
    """Remove silence before recognition; sessions have already removed silence between utterances."""
    vad_threshold: float = Field(0.5, gt=0, lt=1, json_schema_extra=LIVE)
    """Speech threshold of ``vad_filter``."""

    @property
    def decodes_in_8_bits(self) -> bool:
        """Whether the weights have 8 bits, whatever they are multiplied with."""
        return self.compute_type.startswith("int8")


class OpenAITranscriptionConfig(CloudSettings):
    """OpenAI, or a server with its API. The key comes from OPENAI_API_KEY.

    The server must answer ``GET /models``, which the health check calls; a restricted key of OpenAI needs the
    permission to list models. Other servers may work without a key, and over http; over http beyond loopback
    no key is sent.
    """

    provider: Literal["openai"] = "openai"
    base_url: str = Field("https://api.openai.com/v1", max_length=500)
    model: str = Field("gpt-transcribe", min_length=1, max_length=200)
    """Name of the model at the server. The abilities of OpenAI's models are known; those of any other
    model are given by the next four settings."""
    response_format: Literal["auto", "verbose_json", "json"] = "auto"
    """Format of the response. Only ``verbose_json`` contains language, segments and probabilities.
    ``auto``: the most detailed format that an OpenAI model supports, and ``verbose_json`` for other
    models."""
    languages: tuple[Code, ...] = ()
    """Languages that the model recognises; empty: those that OpenAI lists for its models, and Whisper's for
    other models."""
    translates: bool | None = None
    """Whether ``/audio/translations`` translates to English; None: as known for OpenAI's models, false for
    other models."""
    word_times: bool | None = None
    """Whether the model returns word times (``verbose_json`` only); None: as for ``translates``."""
    temperature: float = Field(0.0, ge=0, le=1, json_schema_extra=LIVE)
    """Sampling temperature; 0: the most probable words (OpenAI's Whisper raises the temperature itself
    after an unusable result). gpt-transcribe has no temperature: values above 0 are refused."""

    @classmethod
    def allows_http(cls) -> bool:
        """True, for servers in a private network."""
        return True


class AzureTranscriptionConfig(AzureSettings):
    """Azure Speech, fast transcription. The key comes from AZURE_SPEECH_KEY."""

    provider: Literal["azure"] = "azure"
    base_url: str = Field("https://{region}.api.cognitive.microsoft.com", max_length=500)
    """A resource with a custom domain has an address such as https://my-name.cognitiveservices.azure.com."""
    locales: dict[Code, Locale] = Field({})
    """Language -> locale in which it is recognised, to replace a default (``pt: pt-PT``) or to add a language
    that the service has since gained (``el: el-GR``)."""
    candidates: tuple[Code, ...] = Field((), json_schema_extra=LIVE)
    """Candidates for language detection where a client names none (or more than ten); empty: all languages.
    Detection is more accurate with fewer."""
    profanity: Literal["raw", "masked", "removed"] = Field("raw", json_schema_extra=LIVE)
    """Swear words in the transcript: unchanged (``raw``), replaced by asterisks, or removed."""
