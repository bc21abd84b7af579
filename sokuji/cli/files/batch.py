"""Goes through a list of inputs: skips those that are done, survives those that fail, and can be interrupted.

Files appear when an input is complete, so that the same command goes on after whatever has ended it. An error
of one input leaves the others alone; one that all would meet ends the list.
"""

import asyncio
import errno
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import typer

from sokuji.cli.console import failure_line
from sokuji.cli.files import atomic_files
from sokuji.cli.files.outputs import Sink, WorkItem
from sokuji.cli.progress import Display
from sokuji.client.handshake import ConnectionLost, ServiceUnreachable
from sokuji.errors import ConfigError, Forbidden, RateLimited, SokujiError, Unauthenticated

_OF_ALL = (ServiceUnreachable, ConnectionLost, Unauthenticated, Forbidden, RateLimited, ConfigError)
"""Errors that the next input would meet too."""
_OF_ALL_ERRNOS = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EROFS)

Render = Callable[[str], bytes]
"""Makes the result of a format."""
Writer = Callable[[Sequence[Sink], Render, Display], None]


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run a command; Ctrl-C ends it with exit code 130."""
    try:
        asyncio.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


class Batch:
    """The work of one command.

    Args:
        overwrite: work on inputs that are done, too.
    """

    def __init__(self, work: Sequence[WorkItem], display: Display, *, overwrite: bool) -> None:
        self._display = display
        self._total = len(work)
        self._pending = [(n, item) for n, item in enumerate(work, 1) if overwrite or not item.is_done]
        self._done = self._total - len(self._pending)
        self._failed = 0
        if self._done:
            display.report(f"{self._done} of {self._total} are done and skipped; --overwrite does them again")

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return not self._pending

    async def run(self, process: Callable[[WorkItem, str], Awaitable[None]]) -> None:
        """Process all inputs that are not done.

        Args:
            process: writes all results of an input, or raises; it is given a title for the display too.

        Raises:
            SokujiError, OSError: an error that all inputs would meet.
            typer.Exit: some failed; each has been reported.
        """
        for number, item in self._pending:
            title = f"{item.input.label} ({number} of {self._total})" if self._total > 1 else item.input.label
            if self._total > 1 and not item.sinks:
                self._display.print_line(f"==> {item.input.label} <==")
            try:
                await process(item, title)
            except (SokujiError, OSError) as error:
                if _concerns_all(error):
                    self._sum_up("ended")
                    raise
                self._failed += 1
                self._display.warn(f"sokuji: {_named(item.input.label, failure_line(error))}")
            except asyncio.CancelledError:
                self._sum_up("interrupted")
                raise
            else:
                self._done += 1
                self._report(title, item.sinks)
        if self._failed:
            self._sum_up("not all could be done")
            raise typer.Exit(1)

    def _report(self, title: str, sinks: Sequence[Sink]) -> None:
        files = [str(sink.path) for sink in sinks if sink.path is not None]
        if files and self._total > 1:
            self._display.report(f"{title}: {', '.join(files)}")

    def _sum_up(self, how: str) -> None:
        if self._total > 1:
            failures = f", {self._failed} failed" if self._failed else ""
            self._display.report(
                f"{how}: {self._done} of {self._total} are done{failures}; the same command does the rest"
            )


def _concerns_all(error: SokujiError | OSError) -> bool:
    return isinstance(error, _OF_ALL) or (isinstance(error, OSError) and error.errno in _OF_ALL_ERRNOS)


def _named(label: str, line: str) -> str:
    return line if line.startswith(label) else f"{label}: {line}"


def write_results(sinks: Sequence[Sink], render: Render, display: Display) -> None:
    """Write all results of an input, once all of them are made.

    Raises:
        SokujiError: one cannot be made; none is written.
        OSError: one cannot be written.
    """
    for sink, data in [(sink, render(sink.format)) for sink in sinks]:
        if sink.path is None:
            display.print_document(data)
        else:
            atomic_files.write(sink.path, data)


def write_partial_results(sinks: Sequence[Sink], render: Render, display: Display) -> None:
    """Write what is ready of an input that is interrupted, beside where the whole would be."""
    partial = [sink.partial() for sink in sinks]
    write_results(partial, render, display)
    if paths := [str(sink.path) for sink in partial if sink.path is not None]:
        display.report(f"what is ready so far is in {', '.join(paths)}")
