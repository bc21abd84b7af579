"""``sokuji profile``: recommends a Serve config for this machine, lists all, and checks one."""

import json
import os
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from sokuji.capacity import profiles as configs
from sokuji.capacity.machine import Machine, detect
from sokuji.capacity.memory import format_gb
from sokuji.capacity.placement import unplaced
from sokuji.capacity.profiles import Deployment, Profile
from sokuji.capacity.recommendation import Recommendation, Wish, recommend
from sokuji.errors import ConfigError

profile = typer.Typer(no_args_is_help=True, help="Recommend, list and check Serve configs.")

WishOption = Annotated[Wish | None, typer.Option(help="What matters most; default: a balance.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@profile.command("recommend")
def recommend_profile(wish: WishOption = None, as_json: AsJson = False) -> None:
    """Recommend the profile that suits this machine, with the reasons."""
    machine = detect()
    advice = recommend(
        {name: configs.load_profile(name) for name in configs.profile_paths()}, machine, wish, os.environ
    )
    if as_json:
        typer.echo(json.dumps(_as_dict(advice, machine), indent=2))
    else:
        for line in _lines(advice):
            typer.echo(line)


def _as_dict(advice: Recommendation, machine: Machine) -> dict[str, Any]:
    better = advice.better
    return {
        "profile": advice.profile.name,
        "file": str(advice.profile.path),
        "why": advice.reasons,
        "lacking": advice.lacking,
        "fetch": [f"{kind} {name}" for kind, name in advice.profile.hub_models],
        "better": {"profile": better.name, "missing": advice.lacking_for_better} if better else None,
        "machine": asdict(machine),
    }


def _lines(advice: Recommendation) -> list[str]:
    recommended = advice.profile
    lines = [f"{recommended.name}: {recommended.purpose}", *(f"  {reason}" for reason in advice.reasons)]
    if advice.lacking:
        lines.append(f"  but it should have {'; '.join(advice.lacking)}")
    if recommended.hub_models:
        lines.append("before, where the model hub is within reach:")
        lines += [f"  sokuji models fetch {kind} {name}" for kind, name in recommended.hub_models]
    lines.append(f"then: make run CONFIG={_relative(recommended)}   or: serve run {_relative(recommended)}")
    if advice.better:
        lines.append(f"better would be {advice.better.name}: it takes {'; '.join(advice.lacking_for_better)}")
    return lines


def _relative(profile: Profile) -> str:
    return os.path.relpath(profile.path)


@profile.command("list")
def list_profiles() -> None:
    """List the profiles, with the hardware that each needs at the start."""
    table = Table("Name", "GPUs", "Cores", "Memory", box=None, pad_edge=False)
    profiles = [configs.load_profile(name) for name in configs.profile_paths()]
    for each in profiles:
        cards = f"{each.gpus} x {format_gb(each.gpu_memory)}" if each.gpu_memory and each.gpus else "none"
        table.add_row(each.name, cards, str(each.cores), format_gb(each.ram))
    _print(table)
    for each in profiles:
        typer.echo(f"\n{each.name}: {each.purpose}")
        if each.variables:
            typer.echo(f"  takes {', '.join(each.variables)} in the environment")


@profile.command()
def check(
    config: Annotated[
        str, typer.Argument(help="A profile's name, or a Serve config (YAML) of this project.")
    ],
) -> None:
    """Compare the memory of each replica with its share of a GPU; the exit code is 1 if one needs more.

    The GPUs are those of this machine; where it has none, those that the config is made for.
    """
    checked, machine = configs.load_profile(config), detect()
    memory = min((gpu.memory for gpu in machine.gpus), default=None)
    table = Table("Deployment", "Replicas", "GPU share", "of", "needs", "Memory", box=None, pad_edge=False)
    for each in checked.deployments:
        table.add_row(*_row(each, memory or checked.gpu_memory))
    _print(table)
    checked.check(memory)
    if memory and (left := unplaced(checked.replicas, len(machine.gpus))):
        raise ConfigError(
            f"it takes {checked.gpus} of such GPUs to hold all replicas, and this machine has "
            f"{len(machine.gpus)}: no place is left for {', '.join(each.name for each in left)}"
        )


def _row(each: Deployment, gpu_memory: int | None) -> tuple[str, ...]:
    need = each.memory_need
    share = f"{each.gpus:g}" if each.gpus else ""
    total = format_gb(gpu_memory) if gpu_memory and each.gpus else ""
    if need is None:
        return each.name, str(each.replicas), share, total, "not known", "not known"
    needed = format_gb(need.gpu) if need.gpu else f"{need.gpu_share:.2f}" if need.gpu_share else ""
    return each.name, str(each.replicas), share, total, needed, format_gb(need.ram)


def _print(table: Table) -> None:
    console = Console()
    # Without a terminal the table is wide enough that no cell is cut off.
    console.print(table, width=None if console.is_terminal else 200)
