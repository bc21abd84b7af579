"""The settings of the endpoint."""

import pytest
from pydantic import ValidationError

from sokuji.config import SegmentationSettings
from sokuji.config.settings import parse
from sokuji.errors import ConfigError


@pytest.mark.parametrize(
    "silences",
    [
        {"min_silence_ms": 600},
        {"max_silence_ms": 400},
        {"silence_ms": 1_000},
        {"min_silence_ms": 900, "silence_ms": 700, "max_silence_ms": 800},
    ],
)
def test_silences_out_of_order_are_refused_by_name(silences: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="min_silence_ms <= silence_ms <= max_silence_ms"):
        parse(SegmentationSettings, silences, "gateway.segmentation")


@pytest.mark.parametrize("silence_ms", [64, 480, 5_000])
def test_a_fixed_endpoint_has_no_bounds(silence_ms: int) -> None:
    settings = SegmentationSettings(endpoint="fixed", silence_ms=silence_ms)
    assert settings.silence_ms == silence_ms


def test_an_endpoint_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(ConfigError, match="adaptive.*fixed"):
        parse(SegmentationSettings, {"endpoint": "semantic"}, "gateway.segmentation")


def test_settings_are_replaced_and_checked() -> None:
    adaptive = SegmentationSettings(min_silence_ms=100, padding_ms=64)
    fixed = adaptive.replaced({"endpoint": "fixed", "silence_ms": 2_000})
    assert (fixed.endpoint, fixed.silence_ms, fixed.padding_ms) == ("fixed", 2_000, 64)
    assert adaptive.replaced({"max_silence_ms": 700}).min_silence_ms == 100
    with pytest.raises(ValidationError):
        adaptive.replaced({"silence_ms": 50})
