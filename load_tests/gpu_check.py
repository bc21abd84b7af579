"""What has never been seen of GPUs, on one card, in eight minutes and without a network: ``make gpu-check``.

Each section runs in a process of its own with a share of the time, so that one that hangs, crashes or runs
out of memory costs itself alone. The last one serves the embedded models with recognition on the card, and
raises the number of sessions. On a machine without a card it says so in one line, with exit code 4.
``--device cpu`` tries the script itself.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
import yaml
from rich.table import Table

from load_tests.progress import progress
from load_tests.reports.report import OutputOption, header, show, write
from load_tests.scenarios import options
from load_tests.scenarios.gpu_sections import SECTIONS, Row
from sokuji.capacity.machine import visible_gpus

NO_CARD = 4
"""Exit code."""
SHARES = {"whisper": 0.3, "nllb": 0.08, "voices": 0.12, "tensorrt": 0.1}
"""Section -> share of the time that it may take. What is left is for the sessions."""
HELD_WITHIN_MS = 1_500
"""Sessions are held if the first audio comes within this in 95 of 100 sentences."""
LEVELS = "4,16,32"
SECONDS_OF_SPEECH = 15

app = options.command_line()


@app.command()
def main(
    nllb: Annotated[Path, typer.Option(help="Folder that `python -m tests.support.nllb.build` has made.")],
    device: Annotated[Literal["cuda", "cpu"], typer.Option(help="cpu: to try the script.")] = "cuda",
    only: Annotated[str, typer.Option(help="Sections, separated by commas.")] = ",".join(
        [*SECTIONS, "sessions"]
    ),
    minutes: Annotated[float, typer.Option(min=0.1, max=60, help="Time for everything.")] = 8,
    output: OutputOption = None,
) -> None:
    """Measure the card; the exit code is 1 if a section failed, and 4 if there is no card."""
    cards = visible_gpus()
    if device == "cuda" and not cards:
        typer.echo("no GPU: nvidia-smi lists none, nothing was checked")
        raise typer.Exit(NO_CARD)
    if unknown := sorted(set(only.split(",")) - {*SECTIONS, "sessions"}):
        raise typer.BadParameter(
            f"no section {', '.join(unknown)}; there are: {', '.join([*SECTIONS, 'sessions'])}"
        )
    deadline = time.monotonic() + 60 * minutes
    rows: list[Row] = []
    for section in only.split(","):
        left_s = deadline - time.monotonic()
        progress(f"{section}: {left_s:.0f} s are left")
        if section == "sessions":
            rows += sessions(device, left_s)
        else:
            rows += of_section(section, device, nllb, min(left_s, 60 * minutes * SHARES[section]))
    show([_table(rows)])
    write(output, header() | {"cards": [each.name for each in cards], "rows": rows})
    if any("failed" in row for row in rows):
        raise typer.Exit(1)


def of_section(section: str, device: str, nllb: Path, limit_s: float) -> Iterator[Row]:
    """What a section has measured, and how it failed if it did."""
    command = [sys.executable, "-m", "load_tests.scenarios.gpu_sections", section, device, str(nllb)]
    lines, failure = _run(command, limit_s)
    for line in lines.splitlines():
        if line.startswith("{"):
            yield json.loads(line)
    if failure:
        yield {"what": section, "failed": failure}


def sessions(device: str, limit_s: float) -> Iterator[Row]:
    """How many sessions a service holds whose recogniser is on the card."""
    with tempfile.TemporaryDirectory() as folder:
        config, report = Path(folder, "config.yaml"), Path(folder, "report.json")
        config.write_text(yaml.safe_dump(_service(device), sort_keys=False))
        command = [
            sys.executable,
            "-m",
            "load_tests.benchmark",
            "--config",
            str(config),
            "--output",
            str(report),
        ]
        command += ["--sessions", LEVELS, "--duration", str(SECONDS_OF_SPEECH)]
        _, failure = _run(command, limit_s)
        if not report.is_file():
            yield {"what": "sessions", "failed": failure or "the benchmark wrote no report"}
            return
        yield {
            "what": f"sessions with a p95 under {HELD_WITHIN_MS} ms",
            "sessions": held(json.loads(report.read_text())),
        }


def held(report: dict[str, Any]) -> int:
    """The largest number of sessions of a benchmark's report that were all let in and answered in time."""
    good = [
        level["sessions"]
        for level in report["levels"]
        if not level["refused"]
        and (audio := level["latency_ms"].get("first audio"))
        and audio["p95"] < HELD_WITHIN_MS
    ]
    return max(good, default=0)


def _service(device: str) -> dict[str, Any]:
    """The default config with its recogniser on the device, as large a share as there is."""
    config: dict[str, Any] = yaml.safe_load(options.DEFAULT_CONFIG.read_text())
    if device == "cuda":
        (application,) = config["applications"]
        (recogniser,) = (each for each in application["deployments"] if each["name"] == "SpeechToText")
        recogniser["ray_actor_options"]["num_gpus"] = 1
        recogniser["user_config"] |= {"device": "cuda", "compute_type": "float16", "batch_size": 16}
    return config


def _run(command: list[str], limit_s: float) -> tuple[str, str | None]:
    """The output of a program, and why it failed; None: it did not."""
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, timeout=max(limit_s, 1), check=False
        )
    except subprocess.TimeoutExpired as error:
        said = error.stdout or b""
        return said.decode(errors="replace") if isinstance(
            said, bytes
        ) else said, f"not done after {limit_s:.0f} s"
    return done.stdout, f"exit code {done.returncode}" if done.returncode else None


def _table(rows: list[Row]) -> Table:
    table = Table("What", "Figures", title="GPU check", title_justify="left")
    for row in rows:
        figures = (
            f"{name} {_figure(value)}" for name, value in row.items() if name != "what" and value is not None
        )
        table.add_row(str(row["what"]), "  ".join(figures))
    return table


def _figure(value: object) -> str:
    return (
        f"{value:,.3g}"
        if isinstance(value, float)
        else f"{value:,}"
        if isinstance(value, int)
        else str(value)
    )


if __name__ == "__main__":
    app()
