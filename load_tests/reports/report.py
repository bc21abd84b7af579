"""A JSON report, its header, and tables on the terminal."""

import json
import os
import platform
import re
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.box import SIMPLE
from rich.console import Console, RenderableType
from rich.table import Table

from sokuji.cli.console import writable

UNKNOWN = "-"


Row = TypeVar("Row")
Columns = Mapping[str, Callable[[Row], str]]
"""Heading -> the cell of a row."""


def _prepared(path: Path | None) -> Path | None:
    if path is not None:
        if path.suffix == ".png":
            raise typer.BadParameter(f"{path} is where a plot beside the report would go; name a .json file")
        path.parent.mkdir(parents=True, exist_ok=True)
        writable(path)
    return path


OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", callback=_prepared, help="JSON report to write; plots go beside it."),
]
"""A file that can be written, as far as can be told before the measurement; its folder is created."""


def header() -> dict[str, Any]:
    """When, with which version and on which machine something is measured.

    ``commit`` is that of this checkout, with "+" if files differ from it; None outside of a checkout.
    """
    commit = _git("rev-parse", "HEAD")
    if commit and _git("status", "--porcelain", "--untracked-files=no"):
        commit += "+"
    measured = datetime.now(UTC).isoformat(timespec="seconds")
    return {"measured": measured, "commit": commit, "machine": machine()}


def machine() -> dict[str, str | int | float]:
    """Processor, cores, memory and versions; nothing that identifies the machine or its user."""
    names = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return {
        "processor": names[1].strip() if names else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def _git(*arguments: str) -> str | None:
    command = ("git", "-C", str(Path(__file__).parent), *arguments)
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def write(path: Path | None, figures: Mapping[str, Any]) -> None:
    """Write a report where one is wanted: its header and the figures."""
    if path is not None:
        text = json.dumps({**header(), **figures}, indent=2, ensure_ascii=False)
        path.write_text(f"{text}\n", "utf-8")


def show(parts: Iterable[RenderableType], width: int = 120) -> None:
    """Print to standard output; ``width`` columns where it is not a terminal."""
    console = Console(width=None if Console().is_terminal else width, highlight=False)
    for part in parts:
        console.print(part)


def table(
    title: str, headings: Iterable[str], rows: Iterable[Sequence[str] | None], *, left: Sequence[str] = ()
) -> Table:
    """A table with its columns to the right but those named in ``left``; a row of None ends a section."""
    result = Table(title=title, title_justify="left", box=SIMPLE)
    for heading in headings:
        result.add_column(heading, justify="left" if heading in left else "right")
    for row in rows:
        if row is None:
            result.add_section()
        else:
            result.add_row(*row)
    return result


def columns_table(title: str, columns: Columns[Row], rows: Iterable[Row | None]) -> Table:
    """A table with a cell of each column for each row."""
    cells = (None if row is None else [cell(row) for cell in columns.values()] for row in rows)
    return table(title, columns, cells)


def milliseconds(p50: float, p95: float) -> str:
    """Two percentiles in a cell."""
    return f"{p50:,.0f} / {p95:,.0f}"


def known(value: float | None, form: str) -> str:
    """A number in a format such as ``{:.1f} ms``, or ``UNKNOWN``."""
    return UNKNOWN if value is None else form.format(value)
