"""Checks of GPU shares: by the launcher for a complete config, by a replica for its own settings."""

from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ray.serve.exceptions import RayServeException

from deployments import gpu_share
from launcher import preflight
from sokuji.capacity.machine import Gpu, Machine
from sokuji.capacity.profiles import profile_paths
from sokuji.config import BergamotConfig, FasterWhisperConfig
from sokuji.errors import ConfigError

MEDIUM = FasterWhisperConfig(
    model_size="medium", compute_type="int8_float16", beam_size=5, batch_size=4, num_workers=1
)
"""Needs 2.9 GB of a GPU."""


def machine(*gpus_gb: float, cores: int = 64) -> Machine:
    return Machine(tuple(Gpu("card", round(size * 1e9)) for size in gpus_gb), 64 * 10**9, cores)


def on(monkeypatch: pytest.MonkeyPatch, found: Machine, name: str) -> list[str]:
    monkeypatch.setattr(preflight, "detect", lambda: found)
    return preflight.check_capacity(yaml.safe_load(profile_paths()[name].read_text()))


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (machine(6.4), "balanced"),
        (machine(8.6, 8.6), "scale_out"),
        (machine(), "cpu_only"),
        (machine(), "default"),
    ],
)
def test_the_launcher_starts_what_fits(monkeypatch: pytest.MonkeyPatch, found: Machine, name: str) -> None:
    assert on(monkeypatch, found, name) == []


@pytest.mark.parametrize(
    ("found", "name", "message"),
    [
        (machine(4.3), "balanced", "SpeechToText does not fit: .* 0.8 GB are missing"),
        (
            machine(),
            "balanced",
            "needs 1 GPUs and this machine has 0: there is no room for SpeechToText, Tr",
        ),
        (machine(8.6), "scale_out", "needs 2 GPUs and this machine has 1"),
    ],
)
def test_the_launcher_refuses_what_does_not_fit(
    monkeypatch: pytest.MonkeyPatch, found: Machine, name: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        on(monkeypatch, found, name)


def test_the_launcher_says_so_where_cores_are_too_few(monkeypatch: pytest.MonkeyPatch) -> None:
    (warning,) = on(monkeypatch, machine(cores=2), "cpu_only")
    assert "needs 8 cores and this machine has 2" in warning


def test_the_launcher_leaves_other_applications_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "detect", machine)
    content = {
        "applications": [{"name": "other", "import_path": "somebody:app", "args": {"stt": ["parrot"]}}]
    }
    assert preflight.check_capacity(content) == []


@pytest.fixture
def replica(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A fake replica: ``cards`` is what the driver reports, ``resources`` what Ray has assigned."""
    place = SimpleNamespace(cards=(), resources={"CPU": 1.0, "GPU": 0.5})
    context = SimpleNamespace(get_assigned_resources=lambda: place.resources)
    replica = SimpleNamespace(deployment="SpeechToText")
    monkeypatch.setattr("ray.serve.get_replica_context", lambda: replica)
    monkeypatch.setattr("ray.get_runtime_context", lambda: context)
    monkeypatch.setattr(gpu_share, "visible_gpus", lambda: place.cards)
    return place


async def test_a_replica_takes_settings_that_fit_its_share(replica: Any) -> None:
    await gpu_share.check(MEDIUM, None, 6)
    replica.cards = machine(6).gpus
    await gpu_share.check(MEDIUM, None, None)


async def test_the_memory_of_the_card_overrides_the_configured_memory(replica: Any) -> None:
    replica.cards = machine(4).gpus
    with pytest.raises(ConfigError, match=r"share of 0\.5 of 4\.0 GB is 2\.0 GB"):
        await gpu_share.check(MEDIUM, None, 24)
    replica.cards = machine(24).gpus
    await gpu_share.check(MEDIUM, None, 4)


async def test_a_new_model_has_to_fit_beside_the_old_one(replica: Any) -> None:
    with pytest.raises(ConfigError, match=r"with the present model .* needs 5\.3 GB .* 2\.3 GB are missing"):
        await gpu_share.check(MEDIUM, MEDIUM, 6)
    await gpu_share.check(MEDIUM, MEDIUM, 12)


async def test_a_model_on_the_cpu_needs_no_share(replica: Any) -> None:
    replica.resources = {"CPU": 1.0}
    await gpu_share.check(BergamotConfig(), None, None)
    await gpu_share.check(MEDIUM, None, 6)
    with pytest.raises(ConfigError, match="has no share"):
        await gpu_share.check(MEDIUM.model_copy(update={"device": "cuda"}), None, None)


async def test_outside_of_a_replica_nothing_is_refused(replica: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> None:
        raise RayServeException("not in a replica")

    monkeypatch.setattr("ray.serve.get_replica_context", nowhere)
    await gpu_share.check(MEDIUM, None, 1)
