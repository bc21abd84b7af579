"""Settings of the translators."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from sokuji.config.cloud import CloudSettings
from sokuji.config.settings import LIVE, MOST_WORKERS, Condition, Settings


class BergamotConfig(Settings):
    """Firefox's small translation models, in process: English <-> Portuguese."""

    provider: Literal["bergamot"] = "bergamot"
    num_workers: int = Field(2, ge=1, le=MOST_WORKERS, json_schema_extra=LIVE)
    """Texts translated at the same time."""


def _comma_separated(value: Any) -> Any:
    return [name.strip() for name in value.split(",")] if isinstance(value, str) else value


_TENSORRT = "use_onnx is true and onnx_providers contains TensorrtExecutionProvider"


class NllbConfig(Settings):
    """NLLB-200: any of 202 languages and scripts to any other. Weights: CC-BY-NC-4.0, not for commercial use.

    ``translation_model`` is a name such as "facebook/nllb-200-distilled-600M", a converted model of a hub
    (owner/name), or a local folder.
    """

    conditions: ClassVar = (
        Condition("length_penalty", "num_beams is above 1", lambda own: own.num_beams > 1),
        Condition(
            "device",
            "use_onnx is false (onnx_providers names the device)",
            lambda own: not own.use_onnx,
            idle=("auto",),
        ),
        Condition("cpu_threads", "device is auto or cpu", lambda own: own.device != "cuda", idle=(0,)),
        Condition("onnx_providers", "use_onnx is true", lambda own: own.use_onnx, idle=((),)),
        Condition("trt_fp16_enable", _TENSORRT, lambda own: own.uses_tensorrt, idle=(False,)),
        Condition("trt_engine_cache_path", _TENSORRT, lambda own: own.uses_tensorrt, idle=(None,)),
    )

    provider: Literal["nllb"] = "nllb"
    translation_model: str = Field("facebook/nllb-200-distilled-1.3B", min_length=1)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Under ONNX Runtime it is ``onnx_providers`` that says so."""
    precision: str = "int8"
    """A CTranslate2 type that the device supports: int8, int8_float16, float16, float32, ...; with
    ``use_onnx`` int8, float16 or float32, whichever of these the model has been exported in."""
    num_beams: int = Field(2, ge=1, le=20, json_schema_extra=LIVE)
    """Translations that are followed up at a time; 1: always the most probable next word, the fastest."""
    length_penalty: float = Field(1.0, ge=0, le=5, json_schema_extra=LIVE)
    """With more beams than one: above 1 longer translations win more often, below it shorter ones. It is the
    power of its length by which the logarithm of a translation's probability is divided."""
    max_length: int = Field(200, ge=1, le=1_000, json_schema_extra=LIVE)
    """Tokens (about three quarters of a word) of the translation of one sentence. One that would be longer is
    not cut: the sentence is translated in two halves, and where that does not help the request fails."""
    max_input_length: int = Field(250, ge=1, le=1_000, json_schema_extra=LIVE)
    """Tokens of one sentence. A longer one is divided at commas, else between words, and never cut off."""
    max_batch_size: int = Field(16, ge=1, le=256, json_schema_extra=LIVE)
    """Sentences of all callers, whatever their languages, that are computed together, at most."""
    num_workers: int = Field(0, ge=0, le=MOST_WORKERS)
    """Batches that are computed at the same time, on the same weights; 0: one for two cores, 4 at most; on a
    GPU 2."""
    cpu_threads: int = Field(0, ge=0, le=256)
    """Threads of one batch on a CPU; 0: half of the cores, divided among the workers."""
    use_onnx: bool = False
    """Compute with ONNX Runtime instead of CTranslate2, from graphs that Hugging Face's Optimum exports for
    the task text2text-generation-with-past. The search for the best words runs on the CPU even so."""
    onnx_providers: Annotated[tuple[str, ...], BeforeValidator(_comma_separated)] = ()
    """ONNX Runtime's execution providers, the preferred one first, as a list or with commas between them:
    TensorrtExecutionProvider, CUDAExecutionProvider, CPUExecutionProvider, ... None: CPUExecutionProvider."""
    trt_fp16_enable: bool = False
    """TensorrtExecutionProvider: compute with 16-bit numbers."""
    trt_engine_cache_path: str | None = Field(None, min_length=1)
    """TensorrtExecutionProvider: a folder for the engines that it builds, which takes minutes; None: they are
    built anew at each start."""

    @property
    def uses_tensorrt(self) -> bool:
        """Whether ONNX Runtime may compute with TensorRT."""
        return self.use_onnx and "TensorrtExecutionProvider" in self.onnx_providers


Code = Annotated[str, Field(pattern="^[a-z]{2,3}$")]
Variant = Annotated[str, Field(pattern="^[A-Z]{2,3}(-[A-Z0-9]{2,8})?$")]


class DeepLConfig(CloudSettings):
    """DeepL. The key comes from DEEPL_API_KEY."""

    provider: Literal["deepl"] = "deepl"
    base_url: str = Field("https://api.deepl.com", max_length=500)
    """Where it is left out, a key of the free plan (it ends in ``:fx``) goes to https://api-free.deepl.com."""
    formality: Literal["default", "more", "less", "prefer_more", "prefer_less"] = Field(
        "default", json_schema_extra=LIVE
    )
    """``more`` and ``less`` fail for target languages without such forms; with ``prefer_`` they do not."""
    model_type: Literal["latency_optimized", "quality_optimized", "prefer_quality_optimized"] | None = Field(
        None, json_schema_extra=LIVE
    )
    """What a model is chosen for; None: DeepL decides."""
    target_variants: dict[Code, Variant] = Field({}, max_length=100, json_schema_extra=LIVE)
    """Target language -> DeepL's code for the variant that is written, for example ``{pt: PT-PT}``. Of the
    languages that are not here English is EN-US, Portuguese PT-BR, and Chinese ZH-HANS."""
    max_glossaries: int = Field(50, ge=1, le=1_000, json_schema_extra=LIVE)
    """Glossaries that a replica keeps at DeepL, one for each pair of languages and content; the one that was
    unused for longest makes room. An account may have 1,000."""


class OpenAIChatConfig(CloudSettings):
    """A language model of OpenAI, or of any server that speaks its protocol for chats. The key comes from
    OPENAI_API_KEY.

    The server must answer ``GET /models``, which is what a health check asks. One's own servers may do
    without a key, and without encryption: but then no key is sent to them, unless they are on loopback.
    """

    conditions: ClassVar = (
        Condition(
            "thinking_tokens",
            "reasoning_effort is not none",
            lambda own: own.reasoning_effort != "none",
            idle=(0,),
        ),
    )

    provider: Literal["openai"] = "openai"
    base_url: str = Field("https://api.openai.com/v1", max_length=500)
    translation_model: str = Field("gpt-6-luna", min_length=1, max_length=200)
    """As the server calls it."""
    temperature: float | None = Field(None, ge=0, le=2, json_schema_extra=LIVE)
    """Of sampling; 0: the most probable words. None: the server's own; models that think take no other."""
    reasoning_effort: Literal["auto", "none", "minimal", "low", "medium", "high", "xhigh", "max"] = Field(
        "auto", json_schema_extra=LIVE
    )
    """How long a model thinks before it answers. ``auto``: not at all where OpenAI's models can be told so,
    GPT-5.1 and later ones; to others nothing is said of it."""
    thinking_tokens: int = Field(0, ge=0, le=100_000, json_schema_extra=LIVE)
    """Tokens for what a model thinks before it answers: they count in the limit of an answer."""
    max_tokens: int = Field(4_096, ge=64, le=100_000, json_schema_extra=LIVE)
    """Of a translation; short texts have a lower limit of their own. What is cut off there is a failure."""
    limit_field: Literal["max_completion_tokens", "max_tokens"] = Field(
        "max_completion_tokens", json_schema_extra=LIVE
    )
    """What the server calls that limit: older ones know ``max_tokens`` only."""
    max_context: int = Field(6, ge=0, le=50, json_schema_extra=LIVE)
    """Sentences said before that a model is told, the last ones."""

    @classmethod
    def takes_http(cls) -> bool:
        """For servers in one's own network."""
        return True


class VllmConfig(Settings):
    """A language model that runs here, under vLLM. ``translation_model`` is a name of the hub, a local folder
    or, on a GPU, a GGUF file; it must be one that follows instructions."""

    provider: Literal["vllm"] = "vllm"
    translation_model: str = Field("Qwen/Qwen3-4B-Instruct-2507", min_length=1)
    precision: Literal["auto", "float32", "float16", "bfloat16", "fp8"] = "auto"
    """``auto``: as the model is stored, quantized ones too. ``fp8``: the weights are converted as they are
    loaded; for GPUs. There is no ``int8``: vLLM would convert mixtures of experts only, and leave others."""
    gpu_memory_utilization: float = Field(0, ge=0, le=1)
    """Part of a GPU's memory that the engine takes for itself, the weights included; at most what the replica
    has of a GPU (``num_gpus``). 0: that, less a tenth. Without a GPU: of the machine's memory, 0: three
    tenths of it."""
    max_model_len: int = Field(4_096, ge=512, le=1_048_576)
    """Tokens of a request and its answer together. The rest of the memory holds as many of them as fit."""
    max_batch_size: int = Field(64, ge=1, le=1_024)
    """Requests of all callers that are computed together, at most (vLLM's ``max_num_seqs``); others wait."""
    tensor_parallel_size: int = Field(1, ge=1, le=16)
    """GPUs among which the model is divided; the replica must have as many."""
    enforce_eager: bool = False
    """Compile nothing: starts sooner, and translates more slowly."""
    temperature: float = Field(0, ge=0, le=2, json_schema_extra=LIVE)
    """Of sampling; 0: always the most probable token."""
    max_length: int = Field(512, ge=16, le=8_192, json_schema_extra=LIVE)
    """Tokens of a translation; short texts have a lower limit of their own. What is cut off is a failure."""
    max_context: int = Field(6, ge=0, le=50, json_schema_extra=LIVE)
    """Sentences said before that the model is told, the last ones."""

    @model_validator(mode="after")
    def _answers_fit(self) -> Self:
        if self.max_length >= self.max_model_len:
            raise ValueError("max_length must be less than max_model_len, which counts the request as well")
        return self
