"""Where a tool's JSON report goes."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from sokuji.cli.console import writable


def _prepared(path: Path | None) -> Path | None:
    if path is not None:
        if path.suffix == ".png":
            raise typer.BadParameter(f"{path} is where a plot beside the report would go; name a .json file")
        path.parent.mkdir(parents=True, exist_ok=True)
        writable(path)
    return path


OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", callback=_prepared, help="JSON report to write; plots come beside it."),
]
"""A file that can be written, as far as can be told before the work begins; its folder is made."""


def write(path: Path | None, report: Any) -> None:
    """Write a report where there is to be one."""
    if path is not None:
        path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", "utf-8")
