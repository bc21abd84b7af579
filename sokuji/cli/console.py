"""What all commands share: how they fail, how they check options, and how they show results and progress.

Results go to standard output and everything else to standard error, so that results can be piped. The exit
code is 0, 1 for a failure, which is told in one line, 2 for a wrong command line, 130 after Ctrl-C.
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
from sokuji.client.handshake import endpoint
from sokuji.config import Commit
from sokuji.errors import SokujiError

CommitOption = Annotated[
    Commit | None,
    typer.Option(
        help="Translate whole utterances, or clauses while the speaker goes on; default: as the service does."
    ),
]
PartialsOption = Annotated[
    bool, typer.Option("--partials/--no-partials", help="Ask for captions that still change.")
]


class CommandGroup(TyperGroup):
    """A group of commands whose failures are one line on standard error."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with one_line_failures():
            return super().invoke(ctx)


@contextmanager
def one_line_failures() -> Iterator[None]:
    """What goes wrong is said in one line on standard error, and the exit code is 1."""
    try:
        yield
    except BrokenPipeError:
        raise  # Whoever read our output has had enough; Typer ends quietly.
    except (SokujiError, OSError) as error:
        typer.echo(f"sokuji: {_line(error)}", err=True)
        raise typer.Exit(1) from None


def _line(error: SokujiError | OSError) -> str:
    if isinstance(error, SokujiError):
        return error.message
    return f"{error.filename}: {error.strerror}" if error.filename else str(error)


def _parsed(parse: Callable[[str], str]) -> Callable[[str], str]:
    """An option callback: what ``parse`` refuses is a wrong command line."""

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
target_languages = _parsed(
    lambda tags: ",".join(dict.fromkeys(languages.parse(tag.strip(), "language") for tag in tags.split(",")))
)
"""Option callback: canonical codes, with commas between them."""
service_url = _parsed(lambda url: url and endpoint(url, "", "http"))
"""Option callback: the address of a service, or empty."""


def not_empty(text: str) -> str:
    """Argument callback: a text with words in it."""
    if not text.strip():
        raise typer.BadParameter("the text is empty")
    return text


def writable(path: Path) -> Path:
    """Option callback: a file that can be written, as far as can be told before the work begins."""
    if path.is_dir() or not path.parent.is_dir():
        raise typer.BadParameter(f"{path} is a folder, or lies in one that does not exist")
    return path


def clock(ms: float) -> str:
    """A place in a recording, as minutes and seconds: 83,450 ms is "1:23.4"."""
    return f"{int(ms // 60_000)}:{ms % 60_000 / 1_000:04.1f}"


class _Clock(ProgressColumn):
    def render(self, task: Task) -> Text:
        times = "" if task.total is None else f"{clock(task.completed)} of {clock(task.total)}"
        return Text(times, style="progress.download")


class Screen:
    """Lines of results, and below them a bar on a terminal."""

    def __init__(self, out: Console, bar: Progress, task: TaskID) -> None:
        self._out = out
        self._bar = bar
        self._task = task

    def line(self, text: str, style: str = "") -> None:
        """A line of results; it stays."""
        self._out.print(Text(text, style=style))

    def changing(self, text: str) -> None:
        """A caption that may yet change: it stands before the bar, or where there is none in a line."""
        if self._bar.disable:
            self.line(f"... {text}")
        else:
            self._bar.update(self._task, description=text)

    def begin(self, what: str, total_ms: float) -> None:
        """From now on there is a recording of this length to be worked off."""
        self._bar.update(self._task, description=what, total=total_ms)

    def reached(self, ms: float) -> None:
        """The place in the recording up to which it is done."""
        self._bar.update(self._task, completed=ms)


@contextmanager
def audio_screen(what: str) -> Iterator[Screen]:
    """A screen that says ``what`` is being done, with nothing to count yet."""
    out, err = Console(highlight=False, soft_wrap=True), Console(stderr=True)
    # On one terminal both must go through one console, or they would overwrite each other.
    console = out if out.is_terminal else err
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), _Clock()
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        yield Screen(out, bar, bar.add_task(what, total=None))
