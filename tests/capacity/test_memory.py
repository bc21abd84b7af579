"""The memory budget: above what others have measured and not far above; what settings change in it."""

from pathlib import Path
from typing import Any

import pytest

from sokuji.capacity.memory import PROCESS_BYTES, MemoryNeed, estimate
from sokuji.config import (
    BergamotConfig,
    DeepLConfig,
    FasterWhisperConfig,
    KokoroConfig,
    NllbConfig,
    PiperConfig,
    PocketTtsConfig,
    VllmConfig,
)
from tests.support.pocket_tts.description import write_empty_model

MIB = 2**20
ONE = {"num_workers": 1, "beam_size": 5, "device": "cuda"}


def whisper(**settings: Any) -> MemoryNeed:
    found = estimate(FasterWhisperConfig(**{**ONE, "batch_size": 1, **settings}), share=1)
    assert found is not None
    return found


def nllb(**settings: Any) -> MemoryNeed:
    settings = {"translation_model": "facebook/nllb-200-distilled-600M", "device": "cuda", **settings}
    found = estimate(NllbConfig(**settings), share=1)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("model_size", "compute_type", "batch_size", "measured_mib"),
    [
        # https://github.com/SYSTRAN/faster-whisper/issues/1030: beam 5, RTX 2080 Ti
        ("large-v3", "float16", 1, 4521),
        ("large-v3", "int8_float16", 1, 2953),
        ("turbo", "float16", 1, 2537),
        ("turbo", "int8_float16", 1, 1545),
        ("distil-large-v3", "float16", 1, 2409),
        ("distil-large-v3", "int8_float16", 1, 1481),
        # faster-whisper's README 1.1: beam 5, RTX 3070 Ti
        ("large-v2", "float16", 8, 6090),
        ("large-v2", "int8_float16", 8, 4500),
    ],
)
def test_the_estimate_is_an_upper_bound_of_what_was_measured_and_a_near_one(
    model_size: str, compute_type: str, batch_size: int, measured_mib: int
) -> None:
    estimate = whisper(model_size=model_size, compute_type=compute_type, batch_size=batch_size).gpu
    assert measured_mib * MIB <= estimate
    assert estimate <= 1.4 * measured_mib * MIB


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ({"model_size": "tiny"}, {"model_size": "base"}),
        ({"model_size": "small.en"}, {"model_size": "medium.en"}),
        ({"compute_type": "int8_float16"}, {"compute_type": "float16"}),
        ({"compute_type": "float16"}, {"compute_type": "float32"}),
        ({"batch_size": 1}, {"batch_size": 8}),
        ({"num_workers": 1}, {"num_workers": 0}),
        ({"beam_size": 1}, {"beam_size": 5}),
        ({"beam_size": 1}, {"beam_size": 1, "best_of": 5}),
    ],
)
def test_what_makes_a_recogniser_larger_makes_its_need_larger(
    less: dict[str, Any], more: dict[str, Any]
) -> None:
    assert whisper(**less).gpu < whisper(**more).gpu


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ({}, {"translation_model": "facebook/nllb-200-distilled-1.3B"}),
        ({"precision": "int8"}, {"precision": "float32"}),
        ({"num_beams": 1}, {"num_beams": 5}),
        ({"max_length": 50}, {"max_length": 200}),
        ({"max_input_length": 100}, {"max_input_length": 250}),
        ({"max_batch_size": 1}, {"max_batch_size": 16}),
        (
            {"precision": "float32"},
            {
                "precision": "float32",
                "use_onnx": True,
                "device": "auto",
                "onnx_providers": ["CUDAExecutionProvider"],
            },
        ),
    ],
)
def test_what_makes_a_translator_larger_makes_its_need_larger(
    less: dict[str, Any], more: dict[str, Any]
) -> None:
    assert nllb(**less).gpu < nllb(**more).gpu


def test_the_largest_translator_in_full_precision_needs_more_than_its_weights() -> None:
    found = nllb(translation_model="facebook/nllb-200-3.3B", precision="float32", max_batch_size=1)
    assert 3.34e9 * 4 < found.gpu < 24e9


def test_a_name_of_the_hub_is_the_model_behind_it() -> None:
    assert whisper(model_size="Systran/faster-whisper-large-v3") == whisper(model_size="large-v3")
    assert whisper(model_size="large-v3-turbo") == whisper(model_size="turbo")


def test_a_folder_counts_by_the_size_of_its_files_and_a_model_that_is_nowhere_not_at_all(
    tmp_path: Path,
) -> None:
    with (tmp_path / "model.bin").open("wb") as file:
        file.truncate(480_000_000)
    folder = whisper(model_size=str(tmp_path), compute_type="float16")
    small = whisper(model_size="small", compute_type="float16")
    assert abs(folder.gpu - small.gpu) < 20_000_000
    assert estimate(FasterWhisperConfig(model_size="somebody/elses-whisper"), share=1) is None
    assert estimate(NllbConfig(translation_model="somebody/elses-nllb"), share=1) is None


def test_only_what_runs_on_a_gpu_needs_its_memory() -> None:
    auto = FasterWhisperConfig()
    on_gpu, on_cpu = estimate(auto, share=0.5), estimate(auto, share=0)
    assert on_gpu is not None
    assert on_cpu is not None
    assert on_gpu.gpu > 0
    assert on_cpu.gpu == 0
    for config in (
        BergamotConfig(), KokoroConfig(), PiperConfig(), PocketTtsConfig(), NllbConfig(device="cpu"),
    ):  # fmt: skip
        found = estimate(config, share=1)
        assert found is not None
        assert (found.gpu, found.ram > PROCESS_BYTES) == (0, True)
    voice = estimate(PiperConfig(device="cuda"), share=1)
    assert voice is not None
    assert voice.gpu > 500_000_000


def test_a_voice_of_pytorch_counts_by_its_layers_or_by_its_files(tmp_path: Path) -> None:
    def ram(name: str) -> int:
        found = estimate(PocketTtsConfig(tts_model=name), share=0)
        assert found is not None
        return found.ram

    # Measured while models of both sizes with random weights were loaded: 1.25 and 3.02 GB, without Ray.
    assert 1_250_000_000 < ram("french") < 1_600_000_000
    assert 3_020_000_000 < ram("french_24l") < 3_600_000_000
    assert ram(str(write_empty_model(tmp_path / "own"))) < ram("french")
    assert estimate(PocketTtsConfig(tts_model="/nowhere/own.yaml"), share=0) is None


def test_an_engine_that_fills_its_part_of_a_gpu_takes_that_part() -> None:
    found = estimate(VllmConfig(gpu_memory_utilization=0.6), share=0.7)
    assert found is not None
    assert (found.gpu, found.gpu_share) == (0, 0.6)
    on_cpu = estimate(VllmConfig(gpu_memory_utilization=0.6), share=0)
    assert on_cpu is not None
    assert on_cpu.gpu_share == 0


def test_a_client_of_a_service_needs_a_process_and_nothing_else() -> None:
    assert estimate(DeepLConfig(), share=0) == MemoryNeed(gpu=0, ram=PROCESS_BYTES)
