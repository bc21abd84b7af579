"""Autoscaling, routing and faults on a Ray cluster of five nodes on one machine, with models and speech.

``python -m load_tests.scaling --scenarios load,faults``; docs/scaling.md has its results.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from load_tests.cluster.cluster import GATEWAYS, SERVICE_PORT, Cluster, cluster
from load_tests.cluster.fault_runs import FAULTS, FaultRun, fault_runs
from load_tests.cluster.isolation import is_isolated, run_isolated
from load_tests.cluster.nginx import nginx
from load_tests.cluster.scaling_runs import IdleRun, LoadRun, idle_run, load_run
from load_tests.cluster.serve_configs import serve_config
from load_tests.cluster.spread_runs import SpreadRun, locality_runs, strategy_runs
from load_tests.cluster.talks import Calm, calm
from load_tests.reports import scaling_tables
from load_tests.reports.report import OutputOption, write
from load_tests.scenarios import options
from sokuji.cli.console import one_line_failures
from sokuji.errors import SokujiError

app = options.command_line()
Run = LoadRun | IdleRun | SpreadRun | FaultRun


@dataclass(frozen=True, slots=True)
class Site:
    """Where scenarios take place."""

    cluster: Cluster
    url: str
    """Of nginx."""
    calm: Calm
    faults: Sequence[str]


async def _load(site: Site) -> AsyncIterator[Run]:
    yield await load_run(site.cluster, site.url, site.calm)


async def _idle(site: Site) -> AsyncIterator[Run]:
    yield await idle_run(site.cluster, site.url, site.calm)


SCENARIOS: Mapping[str, Callable[[Site], AsyncIterator[Run]]] = {
    "load": _load,
    "idle": _idle,
    "strategies": lambda site: strategy_runs(site.cluster, site.url, site.calm),
    "locality": lambda site: locality_runs(site.cluster, site.calm),
    "faults": lambda site: fault_runs(site.cluster, site.url, site.calm, site.faults),
}
ALL_SCENARIOS, ALL_FAULTS = ",".join(SCENARIOS), ",".join(FAULTS)


@dataclass(slots=True)
class Findings:
    """What scenarios have found; it is written after each run, for all of them together take long."""

    output: Path | None
    figures: dict[str, Any] = field(default_factory=dict)
    all_sound: bool = True

    def add(self, scenario: str, run: Run) -> None:
        """Note a run."""
        self.figures.setdefault(scenario, []).append({**asdict(run), "users": run.users.figures()})
        self.all_sound &= run.users.is_sound
        write(self.output, self.figures)


@app.command()
@one_line_failures()
def main(
    scenarios: Annotated[
        str, typer.Option(callback=options.among([*SCENARIOS], "scenario"), help="What is tried.")
    ] = ALL_SCENARIOS,
    faults: Annotated[
        str, typer.Option(callback=options.among([*FAULTS], "fault"), help="Of the scenario faults.")
    ] = ALL_FAULTS,
    output: OutputOption = None,
) -> None:
    """Print tables of replicas, calls and words; the exit code is 1 if a word was lost or came twice."""
    if not is_isolated():
        raise typer.Exit(run_isolated("load_tests.scaling", sys.argv[1:]))
    found = Findings(output)
    asyncio.run(_run(found, scenarios.split(","), faults.split(",")))
    if not found.all_sound:
        raise SokujiError("words were lost, doubled or out of order, or a session met an error")


async def _run(found: Findings, scenarios: Sequence[str], faults: Sequence[str]) -> None:
    async with cluster() as running:
        gateways = [f"{running.nodes[name].host.address}:{SERVICE_PORT}" for name in GATEWAYS]
        with nginx(running.folder / "nginx", gateways) as url:
            await running.deploy(serve_config())
            site = Site(running, url, await calm(url), faults)
            found.figures["calm"] = asdict(site.calm)
            for name in scenarios:
                runs = []
                async for run in SCENARIOS[name](site):
                    runs.append(run)
                    found.add(name, run)
                print("\n\n".join([f"## {name}", *scaling_tables.tables(runs)]), flush=True)


if __name__ == "__main__":
    app()
