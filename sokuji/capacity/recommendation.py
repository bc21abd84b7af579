"""Recommends a profile: the first in the order of a wish that the machine can run. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sokuji.capacity.machine import Machine
from sokuji.capacity.memory import format_gb
from sokuji.capacity.profiles import Profile

Wish = Literal["latency", "quality"]

PREFERRED: dict[Wish | None, tuple[str, ...]] = {
    None: ("balanced", "memory_constrained", "cpu_only", "default"),
    "latency": ("ultra_low_latency", "low_latency", "default"),
    "quality": ("max_quality", "balanced", "memory_constrained", "cpu_only", "default"),
}
"""Wish -> profiles, the best first. Profiles for many sessions are left out, as the number is not known."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A recommended profile, with reasons."""

    profile: Profile
    reasons: list[str]
    lacking: list[str]
    """What the machine lacks for it; empty unless no profile runs on the machine."""
    better: Profile | None
    """The next better profile for the wish; None: there is none."""
    lacking_for_better: list[str]
    """What the machine lacks for ``better``."""


def recommend(
    profiles: Mapping[str, Profile],
    machine: Machine,
    wish: Wish | None,
    environment: Mapping[str, str],
) -> Recommendation:
    """The best profile that runs on a machine; the last of the order if none does.

    Args:
        profiles: by name; at least all of ``PREFERRED``.
        machine: its resources.
        wish: what matters most; None: a balance of latency and quality.
        environment: holds the keys of cloud services.
    """
    ranked = [profiles[name] for name in PREFERRED[wish]]
    lacks = [lacking(profile, machine, environment) for profile in ranked]
    chosen = next((rank for rank, lack in enumerate(lacks) if not lack), len(ranked) - 1)
    better = ranked[chosen - 1] if chosen else None
    return Recommendation(
        profile=ranked[chosen],
        reasons=_reasons(ranked[chosen], machine, wish, best=not chosen),
        lacking=lacks[chosen],
        better=better,
        lacking_for_better=lacks[chosen - 1] if better else [],
    )


def lacking(profile: Profile, machine: Machine, environment: Mapping[str, str]) -> list[str]:
    """What a machine lacks to run a profile, as text; empty: the profile runs on it."""
    lack = []
    wanted = profile.gpu_memory or 0
    if sum(gpu.memory >= wanted for gpu in machine.gpus) < profile.gpus:
        lack.append(f"{_gpus(profile.gpus, wanted)} (there {_have(machine)})")
    if machine.cores < profile.cores:
        lack.append(f"{profile.cores} cores (there are {machine.cores})")
    if machine.memory < profile.ram:
        lack.append(f"{format_gb(profile.ram)} of memory (there are {format_gb(machine.memory)})")
    lack += [f"{name} in the environment" for name in profile.variables if not environment.get(name)]
    return lack


def _reasons(profile: Profile, machine: Machine, wish: Wish | None, *, best: bool) -> list[str]:
    goal = {"latency": "the lowest latency", "quality": "the best quality"}.get(wish or "", "ordinary use")
    place = "the first choice" if best else "the best that runs here"
    reasons = [f"for {goal} it is {place}"]
    if profile.gpus:
        reasons.append(f"it needs {_gpus(profile.gpus, profile.gpu_memory or 0)}: there {_have(machine)}")
    else:
        reasons.append("it needs no GPU" if machine.gpus else "there is no GPU, and it needs none")
    reasons.append(
        f"it asks for {profile.cores} of {machine.cores} cores, and takes {format_gb(profile.ram)} of "
        f"{format_gb(machine.memory)} of memory at most"
    )
    if profile.variables:
        reasons.append(f"its keys are in the environment: {', '.join(profile.variables)}")
    return reasons


def _gpus(count: int, memory: int) -> str:
    cards = "a GPU" if count == 1 else f"{count} GPUs, each"
    return f"{cards} of {format_gb(memory)}" if memory else cards.removesuffix(", each")


def _have(machine: Machine) -> str:
    if not machine.gpus:
        return "is none"
    cards = ", ".join(f"{gpu.name} of {format_gb(gpu.memory)}" for gpu in machine.gpus)
    return f"{'is' if len(machine.gpus) == 1 else 'are'} {cards}"
