"""``sokuji profile``: which Serve config suits this machine, what each asks for, whether one fits."""

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

profile = typer.Typer(
    no_args_is_help=True, help="Serve configs: which suits this machine, and what they take."
)

WishOption = Annotated[Wish | None, typer.Option(help="What matters most; default: neither above all.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@profile.command("recommend")
def recommend_profile(wish: WishOption = None, as_json: AsJson = False) -> None:
    """Look at this machine, name the profile that suits it and say why."""
    machine = detect()
    found = recommend(
        {name: configs.load_profile(name) for name in configs.profile_paths()}, machine, wish, os.environ
    )
    if as_json:
        typer.echo(json.dumps(_described(found, machine), indent=2))
    else:
        for line in _told(found):
            typer.echo(line)


def _described(advice: Recommendation, machine: Machine) -> dict[str, Any]:
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


def _told(advice: Recommendation) -> list[str]:
    found = advice.profile
    lines = [f"{found.name}: {found.purpose}", *(f"  {reason}" for reason in advice.reasons)]
    if advice.lacking:
        lines.append(f"  but it should have {'; '.join(advice.lacking)}")
    if found.hub_models:
        lines.append("before, where the model hub is within reach:")
        lines += [f"  sokuji models fetch {kind} {name}" for kind, name in found.hub_models]
    lines.append(f"then: make run CONFIG={_relative(found)}   or: serve run {_relative(found)}")
    if advice.better:
        lines.append(f"better would be {advice.better.name}: it takes {'; '.join(advice.lacking_for_better)}")
    return lines


def _relative(found: Profile) -> str:
    return os.path.relpath(found.path)


@profile.command("list")
def list_profiles() -> None:
    """Show every profile, and what it takes at the start."""
    table = Table("Name", "GPUs", "Cores", "Memory", box=None, pad_edge=False)
    found = [configs.load_profile(name) for name in configs.profile_paths()]
    for each in found:
        cards = f"{each.gpus} x {format_gb(each.gpu_memory)}" if each.gpu_memory and each.gpus else "none"
        table.add_row(each.name, cards, str(each.cores), format_gb(each.ram))
    _print(table)
    for each in found:
        typer.echo(f"\n{each.name}: {each.purpose}")
        if each.variables:
            typer.echo(f"  takes {', '.join(each.variables)} in the environment")


@profile.command()
def check(
    config: Annotated[
        str, typer.Argument(help="A profile's name, or a Serve config (YAML) of this project.")
    ],
) -> None:
    """Compare what each replica takes with its part of a GPU; the exit code is 1 if one does not fit.

    Where this machine has GPUs, they are what counts, otherwise those that the config is made for.
    """
    found, machine = configs.load_profile(config), detect()
    here = min((gpu.memory for gpu in machine.gpus), default=None)
    table = Table("Deployment", "Replicas", "GPU share", "of", "needs", "Memory", box=None, pad_edge=False)
    for each in found.deployments:
        table.add_row(*_row(each, here or found.gpu_memory))
    _print(table)
    found.check(here)
    if here and (left := unplaced(found.replicas, len(machine.gpus))):
        raise ConfigError(
            f"it takes {found.gpus} of such GPUs to hold all replicas, and this machine has "
            f"{len(machine.gpus)}: no place is left for {', '.join(each.name for each in left)}"
        )


def _row(each: Deployment, gpu_memory: int | None) -> tuple[str, ...]:
    need = each.memory_need
    share = f"{each.gpus:g}" if each.gpus else ""
    whole = format_gb(gpu_memory) if gpu_memory and each.gpus else ""
    if need is None:
        return each.name, str(each.replicas), share, whole, "not known", "not known"
    wanted = format_gb(need.gpu) if need.gpu else f"{need.gpu_share:.2f}" if need.gpu_share else ""
    return each.name, str(each.replicas), share, whole, wanted, format_gb(need.ram)


def _print(table: Table) -> None:
    console = Console()
    # Without a terminal nothing is cut off: a line is as long as it needs to be.
    console.print(table, width=None if console.is_terminal else 200)
