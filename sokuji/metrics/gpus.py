"""What Ray's own metrics lack of NVIDIA GPUs: slowed clocks and why, memory errors, memory traffic.

Read through NVML (https://docs.nvidia.com/deploy/nvml-api/), whose Python binding is the extra
``gpu-metrics``. Each replica reports the GPUs that its process sees, by their UUIDs.
"""

import logging
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

log = logging.getLogger(__name__)

_GPU = ("gpu",)
SLOWDOWNS = {
    "thermal": ("nvmlClocksEventReasonSwThermalSlowdown", "nvmlClocksThrottleReasonHwThermalSlowdown"),
    "power": ("nvmlClocksEventReasonSwPowerCap", "nvmlClocksThrottleReasonHwPowerBrakeSlowdown"),
}
"""Reason -> the bits of NVML that stand for it."""


def gpu_metrics() -> Iterator[Metric]:
    """The metrics of all GPUs; none where there is no GPU, or no binding. Blocks for milliseconds."""
    nvml = _nvml()
    if nvml is None:
        return
    families = {
        "traffic": GaugeMetricFamily(
            "sokuji_gpu_memory_busy_ratio",
            "Share of the time in which its memory was read or written: 0 to 1.",
            labels=_GPU,
        ),
        "errors": GaugeMetricFamily(
            "sokuji_gpu_uncorrected_memory_errors",
            "Memory errors since the driver started that could not be corrected.",
            labels=_GPU,
        ),
        "slowed": GaugeMetricFamily(
            "sokuji_gpu_slowed",
            "Whether its clocks are held down for this reason: 0 or 1.",
            labels=(*_GPU, "reason"),
        ),
    }
    # A card that is lost fails every call.
    with suppress(nvml.NVMLError):
        for index in range(nvml.nvmlDeviceGetCount()):
            _add(nvml, nvml.nvmlDeviceGetHandleByIndex(index), families)
    yield from families.values()


@cache
def _nvml() -> ModuleType | None:
    """NVML, initialised; None: there is no binding or no driver."""
    try:
        pynvml = import_module("pynvml")
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        log.info("there are no metrics of GPUs: %s", error)
        return None
    return pynvml


def _add(nvml: ModuleType, gpu: Any, families: dict[str, GaugeMetricFamily]) -> None:
    """Add the values of one GPU; a card or a driver may lack some of them."""
    uuid = [nvml.nvmlDeviceGetUUID(gpu)]
    with suppress(nvml.NVMLError):
        families["traffic"].add_metric(uuid, nvml.nvmlDeviceGetUtilizationRates(gpu).memory / 100)
    with suppress(nvml.NVMLError):
        errors = nvml.nvmlDeviceGetTotalEccErrors(
            gpu, nvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED, nvml.NVML_VOLATILE_ECC
        )
        families["errors"].add_metric(uuid, errors)
    with suppress(nvml.NVMLError):
        bits = nvml.nvmlDeviceGetCurrentClocksThrottleReasons(gpu)
        for reason, names in SLOWDOWNS.items():
            slowed = any(bits & getattr(nvml, name) for name in names)
            families["slowed"].add_metric([*uuid, reason], slowed)
