"""Which profile is recommended for which machine and wish, and what the next better one would take."""

import pytest

from sokuji.capacity import profiles
from sokuji.capacity.machine import Gpu, Machine
from sokuji.capacity.memory import GB
from sokuji.capacity.recommendation import PREFERRED, Wish, recommend

PROFILES = {name: profiles.load_profile(name) for name in profiles.profile_paths()}
KEYS = {
    "AZURE_SPEECH_KEY": "k",
    "AZURE_SPEECH_REGION": "westeurope",
    "DEEPL_API_KEY": "k",
    "ELEVENLABS_API_KEY": "k",
}


def machine(*gpus_gb: float, memory_gb: float = 32, cores: int = 8) -> Machine:
    cards = tuple(Gpu(f"card {number}", round(size * GB)) for number, size in enumerate(gpus_gb))
    return Machine(cards, round(memory_gb * GB), cores)


SMALL, LAPTOP, SERVER = machine(cores=2, memory_gb=8), machine(4.3, cores=8), machine(24.1, 24.1, cores=32)


@pytest.mark.parametrize(
    ("found", "wish", "environment", "profile", "better"),
    [
        (SMALL, None, {}, "default", "cpu_only"),
        (SMALL, "latency", {}, "default", "low_latency"),
        (SMALL, "quality", {}, "default", "cpu_only"),
        (machine(cores=8), None, {}, "cpu_only", "memory_constrained"),
        (machine(cores=8), "latency", {}, "default", "low_latency"),
        (machine(cores=8), "latency", KEYS, "ultra_low_latency", None),
        (LAPTOP, None, {}, "memory_constrained", "balanced"),
        (LAPTOP, "latency", {}, "low_latency", "ultra_low_latency"),
        (LAPTOP, "latency", KEYS, "ultra_low_latency", None),
        (LAPTOP, "quality", {}, "memory_constrained", "balanced"),
        (machine(8.6), "quality", {}, "balanced", "max_quality"),
        (machine(8.6), None, {}, "balanced", None),
        # A card that does not have the memory for which the shares were chosen does not count.
        (machine(5.9), "quality", {}, "memory_constrained", "balanced"),
        (machine(24.1, cores=2), None, {}, "default", "cpu_only"),
        (machine(24.1, memory_gb=6), "quality", {}, "memory_constrained", "balanced"),
        (SERVER, None, {}, "balanced", None),
        (SERVER, "quality", {}, "max_quality", None),
    ],
)
def test_the_first_of_the_wish_that_runs_is_recommended(
    found: Machine, wish: Wish | None, environment: dict[str, str], profile: str, better: str | None
) -> None:
    advice = recommend(PROFILES, found, wish, environment)
    assert advice.profile.name == profile
    assert (advice.better.name if advice.better else None) == better
    assert bool(advice.lacking_for_better) == bool(better)
    assert advice.lacking == []


def test_what_the_next_better_one_takes_is_said_in_full() -> None:
    advice = recommend(PROFILES, machine(4.3, cores=2, memory_gb=4.5), "quality", {})
    assert advice.profile.name == "default"
    assert advice.lacking_for_better == ["8 cores (there are 2)", "7.1 GB of memory (there are 4.5 GB)"]
    advice = recommend(PROFILES, machine(8.6), "quality", {})
    assert advice.lacking_for_better == ["a GPU of 24.0 GB (there is card 0 of 8.6 GB)"]
    advice = recommend(PROFILES, SERVER, "latency", KEYS | {"DEEPL_API_KEY": ""})
    assert advice.lacking_for_better == ["DEEPL_API_KEY in the environment"]


def test_why_speaks_of_the_machine() -> None:
    advice = recommend(PROFILES, machine(8.6, cores=16), "quality", {})
    taken = f"{PROFILES['balanced'].ram / GB:.1f} GB of 32.0 GB"
    assert advice.reasons == [
        "for the best quality it is the best that runs here",
        "it needs a GPU of 6.0 GB: there is card 0 of 8.6 GB",
        f"it asks for 3 of 16 cores, and takes {taken} of memory at most",
    ]


def test_where_nothing_runs_the_smallest_is_named_and_what_it_lacks() -> None:
    advice = recommend(PROFILES, machine(cores=1, memory_gb=1), None, {})
    assert advice.profile.name == "default"
    needed = f"{PROFILES['default'].ram / GB:.1f} GB"
    assert advice.lacking == ["2 cores (there are 1)", f"{needed} of memory (there are 1.0 GB)"]


def test_every_order_ends_with_what_needs_no_gpu_no_key_and_no_download() -> None:
    for order in PREFERRED.values():
        last = PROFILES[order[-1]]
        assert (last.gpus, last.variables, last.hub_models) == (0, [], [])
