"""Shows results and progress: a bar on a terminal, plain lines on standard error otherwise.

Results go to standard output. Without a terminal a line of progress comes every ``LINE_EVERY_S`` at most, so
that what takes less time prints none.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn
from rich.text import Text

from sokuji.cli.console import timestamp

LINE_EVERY_S = 10.0
_PARTIAL_COLUMNS = 100


class _PositionColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        position = "" if task.total is None else f"{timestamp(task.completed)} of {timestamp(task.total)}"
        return Text(position, style="progress.download")


class Display:
    """Prints results line by line, with a progress bar below them on a terminal."""

    def __init__(
        self, out: Console, bar: Progress, task: TaskID, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._out = out
        self._bar = bar
        self._task = task
        self._clock = clock
        self._activity, self._total_ms = "", 0.0
        self._reported_at = clock()

    def print_line(self, text: str, style: str = "") -> None:
        """Print a line of results."""
        self._out.print(Text(text, style=style))

    def print_document(self, data: bytes) -> None:
        """Print a result that has to stay byte for byte what it is."""
        self._bar.stop()
        stream = typer.get_binary_stream("stdout")
        stream.write(data)
        stream.flush()
        self._bar.start()

    def report(self, text: str) -> None:
        """Print a line that is no result."""
        self._bar.console.print(Text(text), soft_wrap=True)

    def warn(self, text: str) -> None:
        """Print a line about something that is missing from the results."""
        self._bar.console.print(Text(text, style="yellow"), soft_wrap=True)

    def show_partial(self, text: str) -> None:
        """Show a text that may still change: beside the bar, or without a terminal as a line."""
        if self._bar.disable:
            self.print_line(f"... {text}")
        else:
            self._bar.update(self._task, description=text[-_PARTIAL_COLUMNS:])

    def start(self, activity: str, total_ms: float) -> None:
        """Show the progress through a recording of this length."""
        self._activity, self._total_ms = activity, total_ms
        self._reported_at = self._clock()
        self._bar.reset(self._task, description=activity, total=total_ms or None)

    def advance_to(self, ms: float) -> None:
        """The recording is processed up to this position."""
        self._bar.update(self._task, completed=ms)
        if self._bar.disable and self._clock() - self._reported_at >= LINE_EVERY_S:
            self._reported_at = self._clock()
            self.report(f"{self._activity}: {timestamp(ms)} of {timestamp(self._total_ms)}")


@contextmanager
def progress_display(activity: str) -> Iterator[Display]:
    """A display that names an ``activity`` of unknown length; ``Display.start`` sets the length."""
    out, err = Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False)
    # On a terminal results and bar share one console, or they would overwrite each other.
    console = out if out.is_terminal else err
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), _PositionColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        yield Display(out, bar, bar.add_task(activity, total=None))
