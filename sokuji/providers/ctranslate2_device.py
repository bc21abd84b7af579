"""Device and compute type of the models that run under CTranslate2."""

from typing import Literal

import ctranslate2

from sokuji.errors import ConfigError


def select_device(configured: Literal["auto", "cpu", "cuda"]) -> Literal["cpu", "cuda"]:
    """The device to use; ``auto`` selects the GPU if there is one.

    Raises:
        ConfigError: a GPU is configured, but CTranslate2 finds none.
    """
    cuda = ctranslate2.get_cuda_device_count() > 0
    if configured == "cuda" and not cuda:
        raise ConfigError("device 'cuda': CTranslate2 finds no GPU; accepted: cpu, auto", param="device")
    return "cuda" if cuda and configured != "cpu" else "cpu"


def check_compute_type(value: str, device: str, *, setting: str) -> None:
    """Refuse a compute type that the device does not support.

    Args:
        setting: name of the setting that holds it, for the message.

    Raises:
        ConfigError: names the supported compute types.
    """
    supported = sorted(ctranslate2.get_supported_compute_types(device))
    if value not in supported:
        raise ConfigError(
            f"{setting} {value!r} is not supported on this {device}; accepted: {', '.join(supported)}",
            param=setting,
        )
