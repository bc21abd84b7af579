"""Which profile suits a machine: the first that it can run, in the order of a wish. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sokuji.capacity.machine import Machine
from sokuji.capacity.memory import gigabytes
from sokuji.capacity.profiles import Profile

Wish = Literal["latency", "quality"]

PREFERRED: dict[Wish | None, tuple[str, ...]] = {
    None: ("balanced", "memory_constrained", "cpu_only", "default"),
    "latency": ("ultra_low_latency", "low_latency", "default"),
    "quality": ("max_quality", "balanced", "memory_constrained", "cpu_only", "default"),
}
"""Wish -> profiles, the best first. Those for many sessions are left out: nobody is asked how many."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What is recommended, and why."""

    profile: Profile
    why: list[str]
    lacking: list[str]
    """What it should have and has not: only where nothing else runs either."""
    better: Profile | None
    """The next better one for the wish; None: there is none."""
    missing: list[str]
    """What that one would take."""


def recommend(
    profiles: Mapping[str, Profile],
    machine: Machine,
    wish: Wish | None,
    environment: Mapping[str, str],
) -> Recommendation:
    """The best profile that runs here; the last of the order where none does.

    Args:
        profiles: by name, all of ``PREFERRED`` at least.
        machine: what there is.
        wish: what matters most; None: neither latency nor quality above all.
        environment: where keys are looked for.
    """
    order = [profiles[name] for name in PREFERRED[wish]]
    lacks = [missing(profile, machine, environment) for profile in order]
    chosen = next((place for place, lack in enumerate(lacks) if not lack), len(order) - 1)
    better = order[chosen - 1] if chosen else None
    return Recommendation(
        profile=order[chosen],
        why=_reasons(order[chosen], machine, wish, best=not chosen),
        lacking=lacks[chosen],
        better=better,
        missing=lacks[chosen - 1] if better else [],
    )


def missing(profile: Profile, machine: Machine, environment: Mapping[str, str]) -> list[str]:
    """What a machine would have to have besides, in words; nothing: the profile runs on it."""
    found = []
    wanted = profile.gpu_memory or 0
    if sum(gpu.memory >= wanted for gpu in machine.gpus) < profile.gpus:
        found.append(f"{_gpus(profile.gpus, wanted)} (there {_have(machine)})")
    if machine.cores < profile.cores:
        found.append(f"{profile.cores} cores (there are {machine.cores})")
    if machine.memory < profile.ram:
        found.append(f"{gigabytes(profile.ram)} of memory (there are {gigabytes(machine.memory)})")
    found += [f"{name} in the environment" for name in profile.variables if not environment.get(name)]
    return found


def _reasons(profile: Profile, machine: Machine, wish: Wish | None, *, best: bool) -> list[str]:
    goal = {"latency": "the lowest latency", "quality": "the best quality"}.get(wish or "", "ordinary use")
    place = "the first choice" if best else "the best that runs here"
    reasons = [f"for {goal} it is {place}"]
    if profile.gpus:
        reasons.append(f"it needs {_gpus(profile.gpus, profile.gpu_memory or 0)}: there {_have(machine)}")
    else:
        reasons.append("it needs no GPU" if machine.gpus else "there is no GPU, and it needs none")
    reasons.append(
        f"it asks for {profile.cores} of {machine.cores} cores, and takes {gigabytes(profile.ram)} of "
        f"{gigabytes(machine.memory)} of memory at most"
    )
    if profile.variables:
        reasons.append(f"its keys are in the environment: {', '.join(profile.variables)}")
    return reasons


def _gpus(count: int, memory: int) -> str:
    cards = "a GPU" if count == 1 else f"{count} GPUs, each"
    return f"{cards} of {gigabytes(memory)}" if memory else cards.removesuffix(", each")


def _have(machine: Machine) -> str:
    if not machine.gpus:
        return "is none"
    cards = ", ".join(f"{gpu.name} of {gigabytes(gpu.memory)}" for gpu in machine.gpus)
    return f"{'is' if len(machine.gpus) == 1 else 'are'} {cards}"
