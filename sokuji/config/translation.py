"""Settings of the translation providers."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from sokuji.config.cloud import CloudSettings
from sokuji.config.settings import LIVE, MAX_WORKERS, Condition, Settings


class BergamotConfig(Settings):
    """Firefox's small translation models, in the replica's process: English <-> Portuguese."""

    provider: Literal["bergamot"] = "bergamot"
    num_workers: int = Field(2, ge=1, le=MAX_WORKERS, json_schema_extra=LIVE)
    """Texts translated at the same time."""


def _comma_separated(value: Any) -> Any:
    return [name.strip() for name in value.split(",")] if isinstance(value, str) else value


_TENSORRT = "use_onnx is true and onnx_providers contains TensorrtExecutionProvider"


class NllbConfig(Settings):
    """NLLB-200: between any two of 202 languages. The weights are CC-BY-NC-4.0, not for commercial use.

    ``translation_model`` is a name such as "facebook/nllb-200-distilled-600M", the owner/name of a converted
    model on the hub, or a local folder.
    """

    conditions: ClassVar = (
        Condition("length_penalty", "num_beams is above 1", lambda config: config.num_beams > 1),
        Condition(
            "device",
            "use_onnx is false (onnx_providers names the device)",
            lambda config: not config.use_onnx,
            neutral=("auto",),
        ),
        Condition(
            "cpu_threads", "device is auto or cpu", lambda config: config.device != "cuda", neutral=(0,)
        ),
        Condition("onnx_providers", "use_onnx is true", lambda config: config.use_onnx, neutral=((),)),
        Condition("trt_fp16_enable", _TENSORRT, lambda config: config.uses_tensorrt, neutral=(False,)),
        Condition("trt_engine_cache_path", _TENSORRT, lambda config: config.uses_tensorrt, neutral=(None,)),
    )

    provider: Literal["nllb"] = "nllb"
    translation_model: str = Field("facebook/nllb-200-distilled-1.3B", min_length=1)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device of CTranslate2. With ``use_onnx``, ``onnx_providers`` selects the device instead."""
    precision: str = "int8"
    """A CTranslate2 type that the device supports: int8, int8_float16, float16, float32, ...; with
    ``use_onnx`` int8, float16 or float32, if the model was exported in that type."""
    num_beams: int = Field(2, ge=1, le=20, json_schema_extra=LIVE)
    """Beam width; 1: greedy search, the fastest."""
    length_penalty: float = Field(1.0, ge=0, le=5, json_schema_extra=LIVE)
    """Exponent of the length by which the log probability of a translation is divided. Above 1 the beam
    search prefers longer translations, below 1 shorter ones."""
    max_length: int = Field(200, ge=1, le=1_000, json_schema_extra=LIVE)
    """Tokens (about three quarters of a word) of the translation of one sentence. A longer translation is
    not truncated: the sentence is translated in two halves, and the request fails if a half is too long as
    well."""
    max_input_length: int = Field(250, ge=1, le=1_000, json_schema_extra=LIVE)
    """Tokens of one sentence. A longer sentence is divided at commas or else between words, not truncated."""
    max_batch_size: int = Field(16, ge=1, le=256, json_schema_extra=LIVE)
    """Largest number of sentences, of all callers and languages, in one batch."""
    num_workers: int = Field(0, ge=0, le=MAX_WORKERS)
    """Batches computed at the same time, with shared weights; 0: one for each two CPU cores, at most 4; on
    a GPU 2."""
    cpu_threads: int = Field(0, ge=0, le=256)
    """Threads of one batch on a CPU; 0: half of the CPU cores, divided by the number of workers."""
    use_onnx: bool = False
    """Compute with ONNX Runtime instead of CTranslate2, from graphs that Hugging Face's Optimum exports for
    the task text2text-generation-with-past. The beam search itself always runs on the CPU."""
    onnx_providers: Annotated[tuple[str, ...], BeforeValidator(_comma_separated)] = ()
    """ONNX Runtime's execution providers in order of preference, as a list or separated by commas:
    TensorrtExecutionProvider, CUDAExecutionProvider, CPUExecutionProvider, ... Empty:
    CPUExecutionProvider."""
    trt_fp16_enable: bool = False
    """TensorrtExecutionProvider: compute in 16-bit floating point."""
    trt_engine_cache_path: str | None = Field(None, min_length=1)
    """TensorrtExecutionProvider: folder in which the engines are cached. Without it they are built at each
    start, which takes minutes."""

    @property
    def uses_tensorrt(self) -> bool:
        """Whether ONNX Runtime uses TensorRT where it can."""
        return self.use_onnx and "TensorrtExecutionProvider" in self.onnx_providers


Code = Annotated[str, Field(pattern="^[a-z]{2,3}$")]
Variant = Annotated[str, Field(pattern="^[A-Z]{2,3}(-[A-Z0-9]{2,8})?$")]


class DeepLConfig(CloudSettings):
    """DeepL. The key comes from DEEPL_API_KEY."""

    provider: Literal["deepl"] = "deepl"
    base_url: str = Field("https://api.deepl.com", max_length=500)
    """If it is not set, a key of the free plan (it ends in ``:fx``) is used with
    https://api-free.deepl.com."""
    formality: Literal["default", "more", "less", "prefer_more", "prefer_less"] = Field(
        "default", json_schema_extra=LIVE
    )
    """``more`` and ``less`` fail for target languages without such forms; ``prefer_more`` and ``prefer_less``
    are ignored for these."""
    model_type: Literal["latency_optimized", "quality_optimized", "prefer_quality_optimized"] | None = Field(
        None, json_schema_extra=LIVE
    )
    """Kind of model; None: DeepL's default."""
    target_variants: dict[Code, Variant] = Field({}, max_length=100, json_schema_extra=LIVE)
    """Target language -> DeepL's code of its variant, for example ``{pt: PT-PT}``. The defaults are EN-US for
    English, PT-BR for Portuguese and ZH-HANS for Chinese."""
    max_glossaries: int = Field(50, ge=1, le=1_000, json_schema_extra=LIVE)
    """Glossaries that a replica keeps at DeepL, one for each language pair and content; the least recently
    used glossary is deleted first. The limit of an account is 1,000."""


class OpenAIChatConfig(CloudSettings):
    """A language model of OpenAI, or of a server with its chat completions API. The key comes from
    OPENAI_API_KEY.

    The server must answer ``GET /models``, which the health check calls. Other servers may work without a
    key, and over http; over http beyond loopback no key is sent.
    """

    conditions: ClassVar = (
        Condition(
            "thinking_tokens",
            "reasoning_effort is not none",
            lambda config: config.reasoning_effort != "none",
            neutral=(0,),
        ),
    )

    provider: Literal["openai"] = "openai"
    base_url: str = Field("https://api.openai.com/v1", max_length=500)
    translation_model: str = Field("gpt-6-luna", min_length=1, max_length=200)
    """Name of the model at the server."""
    temperature: float | None = Field(None, ge=0, le=2, json_schema_extra=LIVE)
    """Sampling temperature; 0: the most probable words. None: the server's default, the only value that
    reasoning models accept."""
    reasoning_effort: Literal["auto", "none", "minimal", "low", "medium", "high", "xhigh", "max"] = Field(
        "auto", json_schema_extra=LIVE
    )
    """How much a reasoning model reasons before it answers. ``auto``: none for OpenAI's models that support
    this, GPT-5.1 and later; for other models the parameter is not sent."""
    thinking_tokens: int = Field(0, ge=0, le=100_000, json_schema_extra=LIVE)
    """Tokens for reasoning, which are added to the token limit of the response."""
    max_tokens: int = Field(4_096, ge=64, le=100_000, json_schema_extra=LIVE)
    """Token limit of a translation; for short texts it is lower. A truncated translation is a failure."""
    limit_field: Literal["max_completion_tokens", "max_tokens"] = Field(
        "max_completion_tokens", json_schema_extra=LIVE
    )
    """Name of that limit in the request: older servers accept ``max_tokens`` only."""
    max_context: int = Field(6, ge=0, le=50, json_schema_extra=LIVE)
    """Number of preceding sentences that are sent as context."""

    @classmethod
    def allows_http(cls) -> bool:
        """True, for servers in a private network."""
        return True


class VllmConfig(Settings):
    """A language model on vLLM, in the replica. ``translation_model`` is a name of the hub, a local folder
    or, on a GPU, a GGUF file; the model must be instruction-tuned."""

    provider: Literal["vllm"] = "vllm"
    translation_model: str = Field("Qwen/Qwen3-4B-Instruct-2507", min_length=1)
    precision: Literal["auto", "float32", "float16", "bfloat16", "fp8"] = "auto"
    """``auto``: as the model is stored, which may be quantized. ``fp8``: the weights are converted while
    they are loaded; GPUs only. There is no ``int8``: vLLM would convert mixture-of-experts models only."""
    gpu_memory_utilization: float = Field(0, ge=0, le=1)
    """Fraction of the GPU's memory that the engine reserves, weights included; at most the replica's share
    of the GPU (``num_gpus``). 0: nine tenths of that share. Without a GPU: fraction of the machine's
    memory; 0: three tenths."""
    max_model_len: int = Field(4_096, ge=512, le=1_048_576)
    """Tokens of a request and its response together. The KV cache takes the memory that the weights leave."""
    max_batch_size: int = Field(64, ge=1, le=1_024)
    """Largest number of requests, of all callers, in one batch (vLLM's ``max_num_seqs``); others wait."""
    tensor_parallel_size: int = Field(1, ge=1, le=16)
    """Number of GPUs over which the model is split; the replica must have as many."""
    enforce_eager: bool = False
    """Do not compile the model: it starts sooner and translates more slowly."""
    temperature: float = Field(0, ge=0, le=2, json_schema_extra=LIVE)
    """Sampling temperature; 0: always the most probable token."""
    max_length: int = Field(512, ge=16, le=8_192, json_schema_extra=LIVE)
    """Token limit of a translation; for short texts it is lower. A truncated translation is a failure."""
    max_context: int = Field(6, ge=0, le=50, json_schema_extra=LIVE)
    """Number of preceding sentences that are sent as context."""

    @model_validator(mode="after")
    def _check_max_length(self) -> Self:
        if self.max_length >= self.max_model_len:
            raise ValueError("max_length must be less than max_model_len, which counts the request as well")
        return self
