"""Shared by all commands: error output, checks of options, and the display of results and progress.

Results go to standard output and everything else to standard error, so that results can be piped. The exit
code is 0 for success, 1 for a failure (with one line on standard error), 2 for a wrong command line, and 130
after Ctrl-C.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn
from rich.text import Text
from typer.core import TyperGroup

from sokuji import languages
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
        typer.echo(f"sokuji: {_line(error)}", err=True)
        raise typer.Exit(1) from None


def _line(error: SokujiError | OSError) -> str:
    if isinstance(error, SokujiError):
        return error.message
    return f"{error.filename}: {error.strerror}" if error.filename else str(error)


def _parsed(parse: Callable[[str], str]) -> Callable[[str], str]:
    """An option callback that reports an error of ``parse`` as a wrong command line."""

    def callback(value: str) -> str:
        try:
            return parse(value)
        except SokujiError as error:
            raise typer.BadParameter(error.message) from None

    return callback


source_language = _parsed(lambda tag: languages.parse_source(tag, "language") or languages.AUTO)
"""Option callback: "auto" or the canonical code of a language tag."""
target_language = _parsed(lambda tag: languages.parse(tag, "language"))
"""Option callback: the canonical code of a language tag."""
source_languages = _parsed(lambda tags: tags and ",".join(languages.parse_sources(tags.split(","))))
"""Option callback: canonical codes of the languages that may be spoken, separated by commas, or empty."""
target_languages = _parsed(
    lambda tags: ",".join(dict.fromkeys(languages.parse(tag.strip(), "language") for tag in tags.split(",")))
)
"""Option callback: canonical codes, separated by commas."""
service_url = _parsed(lambda url: url and endpoint(url, "", "http"))
"""Option callback: the address of a service, or empty."""


def non_empty(text: str) -> str:
    """Argument callback: a text that is not blank."""
    if not text.strip():
        raise typer.BadParameter("the text is empty")
    return text


def writable(path: Path) -> Path:
    """Option callback: refuses a folder, and a file in a folder that does not exist."""
    if path.is_dir() or not path.parent.is_dir():
        raise typer.BadParameter(f"{path} is a folder, or lies in one that does not exist")
    return path


def timestamp(ms: float) -> str:
    """A position in a recording, in minutes and seconds: 83,450 ms is "1:23.4"."""
    return f"{int(ms // 60_000)}:{ms % 60_000 / 1_000:04.1f}"


class _PositionColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        position = "" if task.total is None else f"{timestamp(task.completed)} of {timestamp(task.total)}"
        return Text(position, style="progress.download")


class Display:
    """Prints results line by line, with a progress bar below them on a terminal."""

    def __init__(self, out: Console, bar: Progress, task: TaskID) -> None:
        self._out = out
        self._bar = bar
        self._task = task

    def print_line(self, text: str, style: str = "") -> None:
        """Print a line of results."""
        self._out.print(Text(text, style=style))

    def warn(self, text: str) -> None:
        """Print a line that is no result."""
        self._bar.console.print(Text(text, style="yellow"))

    def show_partial(self, text: str) -> None:
        """Show a text that may still change: beside the bar, or without a terminal as a line."""
        if self._bar.disable:
            self.print_line(f"... {text}")
        else:
            self._bar.update(self._task, description=text)

    def start(self, activity: str, total_ms: float) -> None:
        """Show the progress through a recording of this length."""
        self._bar.update(self._task, description=activity, total=total_ms)

    def advance_to(self, ms: float) -> None:
        """The recording is processed up to this position."""
        self._bar.update(self._task, completed=ms)


@contextmanager
def progress_display(activity: str) -> Iterator[Display]:
    """A display that names an ``activity`` of unknown length; ``Display.start`` sets the length."""
    out, err = Console(highlight=False, soft_wrap=True), Console(stderr=True)
    # On a terminal results and bar share one console, or they would overwrite each other.
    console = out if out.is_terminal else err
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), _PositionColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        yield Display(out, bar, bar.add_task(activity, total=None))
