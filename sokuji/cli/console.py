"""Shared by all commands: options that several of them have, and how failures are reported.

Results go to standard output and everything else to standard error, so that results can be piped. The exit
code is 0 for success, 1 for a failure (with one line on standard error), 2 for a wrong command line, and 130
after Ctrl-C.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from sokuji.client.connection import GRPC_SCHEMES
from sokuji.client.handshake import API_KEY_VARIABLE, endpoint
from sokuji.errors import SokujiError
from sokuji.protocol import Commit

CommitOption = Annotated[
    Commit | None,
    typer.Option(
        help="Translate whole utterances, each clause as soon as it is stable, or (auto) clauses once the "
        "speaker runs on; default: the setting of the service."
    ),
]
PartialsOption = Annotated[
    bool, typer.Option("--partials/--no-partials", help="Show partial transcripts, which may still change.")
]


ApiKeyOption = Annotated[
    str,
    typer.Option(
        metavar="KEY",
        envvar=API_KEY_VARIABLE,
        show_envvar=True,
        help="API key of the service. Prefer the variable: other users of the machine see command lines.",
    ),
]


class CommandGroup(TyperGroup):
    """A group of commands whose failures are one line on standard error."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with one_line_failures():
            return super().invoke(ctx)


@contextmanager
def one_line_failures() -> Iterator[None]:
    """Report an error as one line on standard error, with exit code 1."""
    try:
        yield
    except BrokenPipeError:
        raise  # The process that reads the output has closed it; Typer exits silently.
    except (SokujiError, OSError) as error:
        typer.echo(f"sokuji: {failure_line(error)}", err=True)
        raise typer.Exit(1) from None


def failure_line(error: SokujiError | OSError) -> str:
    """An error as one line for a person."""
    if isinstance(error, SokujiError):
        return error.message
    return f"{error.filename}: {error.strerror}" if error.filename else str(error)


def service_url(url: str) -> str:
    """Option callback: the address of a service, or empty."""
    try:
        return url and endpoint(url, "", "http")
    except SokujiError as error:
        raise typer.BadParameter(error.message) from None


def session_url(url: str) -> str:
    """Option callback: the address of a service, or of its gRPC."""
    return url if url.startswith(GRPC_SCHEMES) else service_url(url)


def writable(path: Path) -> Path:
    """Option callback: refuses a folder, and a file in a folder that does not exist."""
    if path.is_dir() or not path.parent.is_dir():
        raise typer.BadParameter(f"{path} is a folder, or lies in one that does not exist")
    return path


def timestamp(ms: float) -> str:
    """A position in a recording, in minutes and seconds: 83,450 ms is "1:23.4"."""
    return f"{int(ms // 60_000)}:{ms % 60_000 / 1_000:04.1f}"
