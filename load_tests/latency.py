"""Latency by commitment, of utterances and of clauses, with speculation and without.

``python -m load_tests.latency --duration 150 --output latency.json`` starts a service of its own twice, with
speculation and without, and speaks to it in real time, once with each kind of commitment.
"""

import asyncio
import tempfile
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, get_args

import yaml

from launcher.dashboard import GATEWAY
from launcher.environment import variables_beside
from load_tests.measurements.load_level import LoadLevel, require_sound, summarise
from load_tests.reports.report import (
    UNKNOWN,
    Columns,
    OutputOption,
    columns_table,
    milliseconds,
    show,
    write,
)
from load_tests.scenarios import options
from load_tests.scenarios.service import started_service
from load_tests.scenarios.sessions import Scenario, run_scenario
from sokuji.cli.console import one_line_failures
from sokuji.client.config import Config
from sokuji.config import Commit
from sokuji.errors import ConfigError
from sokuji.measure.latency import LATENCY_POINTS, LatencyPoint

app = options.command_line()


@dataclass(frozen=True, slots=True)
class CommitmentRun:
    """One combination of commitment and speculation."""

    speculate: bool
    commit: Commit
    level: LoadLevel

    def report(self) -> dict[str, Any]:
        """For JSON."""
        figures = asdict(self)
        return {**figures.pop("level"), **figures}

    def cell(self, point: LatencyPoint) -> str:
        """p50 and p95 of one point."""
        delays = self.level.latency_ms.get(point)
        return milliseconds(delays.p50, delays.p95) if delays else UNKNOWN


COLUMNS: Columns[CommitmentRun] = {
    "commit": lambda run: run.commit,
    "speculation": lambda run: "on" if run.speculate else "off",
    "sentences": lambda run: str(run.level.sent),
    "lost": lambda run: str(run.level.lost),
    **{point: partial(CommitmentRun.cell, point=point) for point in LATENCY_POINTS},
}


@app.command()
@one_line_failures()
def main(
    config: options.ConfigOption = options.DEFAULT_CONFIG,
    port: options.PortOption = 8020,
    duration: options.DurationOption = 150,
    sessions: options.SessionsOption = 1,
    run_on: options.RunOnOption = 1,
    source: options.SourceOption = "pt",
    target: options.TargetOption = "en",
    output: OutputOption = None,
) -> None:
    """Measure all four combinations; the exit code is 1 if a sentence was lost or came out of order."""
    scenario = Scenario(Config(source_language=source, target_language=target), sessions, duration, run_on)
    runs = [run for on in (True, False) for run in asyncio.run(_measure(config, port, on, scenario))]
    show([columns_table("Milliseconds from the end of speech, p50 / p95", COLUMNS, runs)])
    write(output, {"load": scenario.report(), "runs": [run.report() for run in runs]})
    require_sound(run.level for run in runs)


async def _measure(config: Path, port: int, speculate: bool, scenario: Scenario) -> list[CommitmentRun]:
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        changed = Path(folder) / "serve_config.yaml"
        changed.write_text(yaml.safe_dump(with_speculation(config, speculate)))
        async with started_service(changed, port, environment=variables_beside(config)) as service:
            for commit in get_args(Commit):
                requested = replace(scenario, config=replace(scenario.config, commit=commit))
                level = summarise(await run_scenario(service.url, requested))
                runs.append(CommitmentRun(speculate, commit, level))
    return runs


def with_speculation(config: Path, speculate: bool) -> dict[str, Any]:
    """The Serve config with speculation switched on or off."""
    content: dict[str, Any] = yaml.safe_load(config.read_text())
    for application in content["applications"]:
        for deployment in application.get("deployments", ()):
            if deployment["name"] == GATEWAY:
                streaming = deployment.setdefault("user_config", {}).setdefault("streaming", {})
                streaming["speculate"] = speculate
                return content
    raise ConfigError(f"{config} has no deployment named {GATEWAY}")


if __name__ == "__main__":
    app()
