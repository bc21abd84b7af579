"""How soon the service speaks: commitment by utterance and by clause, with speculation and without.

``python -m load_tests.latency --duration 150 --output latency.json`` starts a service of its own twice, with
speculation and without, and speaks to it in real time, once with each way of commitment.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from launcher.environment import variables_beside
from load_tests import machine
from load_tests.level import Level, summarise
from load_tests.reports import OutputOption, write
from load_tests.service import started
from load_tests.speaking import STAGGER_S, level
from sokuji.cli.console import one_line_failures
from sokuji.client.config import Config
from sokuji.config import Commit
from sokuji.errors import ConfigError, SokujiError
from sokuji.measure.latency import LATENCY_POINTS
from sokuji.measure.samples import joined, sentences

COMMITS: tuple[Commit, ...] = ("utterance", "clause")
GATEWAY = "Gateway"

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@dataclass(frozen=True, slots=True)
class Run:
    """One of the four ways, and what came of it."""

    speculate: bool
    commit: Commit
    level: Level

    def report(self) -> dict[str, Any]:
        """For JSON."""
        found = asdict(self)
        return {**found.pop("level"), **found}


@app.command()
@one_line_failures()
def main(
    config: Annotated[Path, typer.Option(help="Serve config to measure.")] = Path("serve_config.yaml"),
    port: Annotated[int, typer.Option(help="Port of the service that is started.")] = 8020,
    duration: Annotated[float, typer.Option(min=5, max=3_600, help="Seconds of speech in each run.")] = 150,
    sessions: Annotated[int, typer.Option(min=1, help="Sessions at once.")] = 1,
    run_on: Annotated[
        int, typer.Option(min=1, max=10, help="Recorded sentences that are said without a pause.")
    ] = 1,
    source: Annotated[str, typer.Option("--from", help="Language spoken.")] = "pt",
    target: Annotated[str, typer.Option("--to", help="Language wanted.")] = "en",
    output: OutputOption = None,
) -> None:
    """Measure all four ways; the exit code is 1 if a sentence was lost or came out of order."""
    wanted = Config(source_language=source, target_language=target)
    clips = joined(sentences(source), run_on)
    runs = [
        run
        for speculate in (True, False)
        for run in asyncio.run(_measure(config, port, speculate, wanted, clips, sessions, duration))
    ]
    Console(width=None if Console().is_terminal else 120).print(_table(runs))
    if output is not None:
        load = {"duration_s": duration, "run_on": run_on, "stagger_s": STAGGER_S, **asdict(wanted)}
        write(output, _report(load, runs))
    if not all(run.level.sound for run in runs):
        raise SokujiError("sentences were lost or came out of order")


async def _measure(
    config: Path,
    port: int,
    speculate: bool,
    wanted: Config,
    clips: Sequence[bytes],
    sessions: int,
    duration_s: float,
) -> list[Run]:
    """A run for each way of commitment."""
    with tempfile.TemporaryDirectory() as folder:
        changed = Path(folder) / "serve_config.yaml"
        changed.write_text(yaml.safe_dump(_changed(config, speculate)))
        async with started(changed, port, environment=variables_beside(config)) as running:
            found = []
            for commit in COMMITS:
                asked = replace(wanted, commit=commit)
                spoken = await level(running.url, asked, clips, sessions, duration_s)
                found.append(Run(speculate, commit, summarise(spoken)))
            return found


def _changed(config: Path, speculate: bool) -> dict[str, Any]:
    """The Serve config with speculation switched on or off."""
    content: dict[str, Any] = yaml.safe_load(config.read_text())
    for application in content["applications"]:
        for deployment in application.get("deployments", ()):
            if deployment["name"] == GATEWAY:
                streaming = deployment.setdefault("user_config", {}).setdefault("streaming", {})
                streaming["speculate"] = speculate
                return content
    raise ConfigError(f"{config} has no deployment named {GATEWAY}")


def _table(runs: Sequence[Run]) -> Table:
    """A row for each way."""
    table = Table(title="Milliseconds from the end of speech, p50 / p95", title_justify="left", box=SIMPLE)
    for heading in ("commit", "speculation", "sentences", "lost", *LATENCY_POINTS):
        table.add_column(heading, justify="right")
    for run in runs:
        times = [run.level.latency_ms.get(stage) for stage in LATENCY_POINTS]
        cells = [f"{each.p50:,.0f} / {each.p95:,.0f}" if each else "-" for each in times]
        on = "on" if run.speculate else "off"
        table.add_row(run.commit, on, str(run.level.sent), str(run.level.lost), *cells)
    return table


def _report(load: dict[str, Any], runs: Sequence[Run]) -> dict[str, Any]:
    return {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": machine.commit(),
        "machine": machine.describe(),
        "load": load,
        "runs": [run.report() for run in runs],
    }


if __name__ == "__main__":
    app()
