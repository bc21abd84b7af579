"""A JSON report, its header, and tables on the terminal."""

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console, RenderableType
from rich.table import Table

from sokuji.cli.console import writable

UNKNOWN = "-"


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
    """When, with which version and on which machine something is measured."""
    measured = datetime.now(UTC).isoformat(timespec="seconds")
    return {"measured": measured, "commit": commit(), "machine": machine()}


def machine() -> dict[str, str | int | float]:
    """Processor, cores, memory and versions; nothing that identifies the machine or its user."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def commit() -> str | None:
    """The git commit of this checkout, with "+" if files differ from it; None outside of a checkout."""
    found = _git("rev-parse", "HEAD")
    return found and found + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")


def _git(*arguments: str) -> str | None:
    command = ("git", "-C", str(Path(__file__).parent), *arguments)
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def write(path: Path | None, report: Any) -> None:
    """Write a report where one is wanted."""
    if path is not None:
        path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", "utf-8")


def show(parts: Iterable[RenderableType], width: int = 120) -> None:
    """Print to standard output; ``width`` columns where it is not a terminal."""
    console = Console(width=None if Console().is_terminal else width, highlight=False)
    for part in parts:
        console.print(part)


def progress(message: str) -> None:
    """Print a line to standard error."""
    Console(stderr=True, highlight=False).print(message)


def table(
    title: str,
    headings: Sequence[str],
    rows: Iterable[Sequence[str] | None] = (),
    *,
    left: Sequence[str] = (),
) -> Table:
    """A table with its columns to the right but those named in ``left``; a row of None ends a section."""
    found = Table(title=title, title_justify="left", box=SIMPLE)
    for heading in headings:
        found.add_column(heading, justify="left" if heading in left else "right")
    for row in rows:
        if row is None:
            found.add_section()
        else:
            found.add_row(*row)
    return found


def milliseconds(p50: float, p95: float) -> str:
    """Two percentiles in a cell."""
    return f"{p50:,.0f} / {p95:,.0f}"
