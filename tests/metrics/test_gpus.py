"""What is read of GPUs through NVML, whose binding and driver a stand-in takes the place of."""

import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from sokuji.metrics import gpus
from sokuji.metrics.exposition import exposition
from sokuji.metrics.gpus import gpu_metrics
from tests.support.metrics_page import total


class NotSupportedByCard(Exception):
    """What the binding raises."""


def binding(ecc_errors: int | None, reasons: int) -> Any:
    """The binding's functions and constants, with the values of its header ``nvml.h``, over two cards."""

    def errors(gpu: int, kind: int, counter: int) -> int:
        assert (kind, counter) == (1, 0)
        if ecc_errors is None:
            raise NotSupportedByCard
        return ecc_errors

    module: Any = ModuleType("pynvml")
    module.NVMLError = NotSupportedByCard
    module.NVML_MEMORY_ERROR_TYPE_UNCORRECTED, module.NVML_VOLATILE_ECC = 1, 0
    module.nvmlClocksEventReasonSwPowerCap = 0x04
    module.nvmlClocksEventReasonSwThermalSlowdown = 0x20
    module.nvmlClocksThrottleReasonHwThermalSlowdown = 0x40
    module.nvmlClocksThrottleReasonHwPowerBrakeSlowdown = 0x80
    module.nvmlInit = lambda: None
    module.nvmlDeviceGetCount = lambda: 2
    module.nvmlDeviceGetHandleByIndex = lambda index: index
    module.nvmlDeviceGetUUID = lambda gpu: f"GPU-{gpu}"
    module.nvmlDeviceGetUtilizationRates = lambda gpu: SimpleNamespace(gpu=90, memory=40)
    module.nvmlDeviceGetTotalEccErrors = errors
    module.nvmlDeviceGetCurrentClocksThrottleReasons = lambda gpu: reasons
    return module


@pytest.fixture(autouse=True)
def _nothing_is_remembered() -> Iterator[None]:
    gpus._nvml.cache_clear()
    yield
    gpus._nvml.cache_clear()


def page(monkeypatch: pytest.MonkeyPatch, module: Any) -> str:
    monkeypatch.setitem(sys.modules, "pynvml", module)
    return exposition(gpu_metrics()).decode()


def test_each_gpu_has_its_memory_traffic_errors_and_reasons_of_slowness(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = page(monkeypatch, binding(ecc_errors=2, reasons=0x40 | 0x01))
    for gpu in ("GPU-0", "GPU-1"):
        assert total(text, "sokuji_gpu_memory_busy_ratio", gpu=gpu) == 0.4
        assert total(text, "sokuji_gpu_uncorrected_memory_errors", gpu=gpu) == 2
        assert total(text, "sokuji_gpu_slowed", gpu=gpu, reason="thermal") == 1
        assert total(text, "sokuji_gpu_slowed", gpu=gpu, reason="power") == 0
    assert text.count('reason="power"') == 2


def test_a_card_without_error_correction_has_the_other_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    text = page(monkeypatch, binding(ecc_errors=None, reasons=0x04))
    assert "sokuji_gpu_uncorrected_memory_errors{" not in text
    assert total(text, "sokuji_gpu_slowed", reason="power") == 2


def test_a_card_that_is_lost_costs_its_own_metrics_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = binding(ecc_errors=0, reasons=0)

    def handle(index: int) -> int:
        if index == 1:
            raise NotSupportedByCard("GPU is lost")
        return index

    lost.nvmlDeviceGetHandleByIndex = handle
    text = page(monkeypatch, lost)
    assert 'gpu="GPU-0"' in text
    assert 'gpu="GPU-1"' not in text


def test_there_are_none_without_the_binding_or_a_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    assert page(monkeypatch, None) == ""
    gpus._nvml.cache_clear()
    no_driver = binding(0, 0)

    def fail() -> None:
        raise NotSupportedByCard("NVML Shared Library Not Found")

    no_driver.nvmlInit = fail
    assert page(monkeypatch, no_driver) == ""
