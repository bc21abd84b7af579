"""Autoscaling, routing and faults on a Ray cluster of five nodes on one machine, with models and speech.

``python -m load_tests.scaling --scenarios load,faults``; docs/scaling.md has its results.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any

import typer

from load_tests.cluster.cluster import GATEWAYS, SERVICE_PORT, Cluster, cluster
from load_tests.cluster.fault_runs import FAULTS, fault_runs
from load_tests.cluster.isolation import is_isolated, run_isolated
from load_tests.cluster.nginx import nginx
from load_tests.cluster.scaling_runs import idle_run, load_run
from load_tests.cluster.serve_configs import serve_config
from load_tests.cluster.spread_runs import locality_runs, strategy_runs
from load_tests.cluster.talks import Calm, calm
from load_tests.measurements.heard_words import UsersReport
from load_tests.reports import scaling_tables
from load_tests.reports.report import OutputOption, write
from load_tests.scenarios import options
from sokuji.cli.console import one_line_failures
from sokuji.errors import SokujiError

app = options.command_line()


@dataclass(slots=True)
class Findings:
    """What scenarios have found, as tables, for JSON, and what users noticed."""

    tables: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    users: list[UsersReport] = field(default_factory=list)


Scenario = Callable[[Cluster, str, Calm, Findings, tuple[str, ...]], Awaitable[None]]


async def _load(cluster: Cluster, url: str, calm: Calm, found: Findings, faults: tuple[str, ...]) -> None:
    run = await load_run(cluster, url, calm)
    found.tables += scaling_tables.load_tables(run)
    found.figures["load"] = asdict(run)
    found.users.append(run.users)


async def _idle(cluster: Cluster, url: str, calm: Calm, found: Findings, faults: tuple[str, ...]) -> None:
    run = await idle_run(cluster, url, calm)
    found.tables += scaling_tables.idle_tables(run)
    found.figures["idle"] = asdict(run)
    found.users.append(run.users)


async def _strategies(
    cluster: Cluster, url: str, calm: Calm, found: Findings, faults: tuple[str, ...]
) -> None:
    runs = await strategy_runs(cluster, url, calm)
    found.tables.append(scaling_tables.spread_table(runs))
    found.figures["strategies"] = [asdict(run) for run in runs]
    found.users += [run.users for run in runs]


async def _locality(cluster: Cluster, url: str, calm: Calm, found: Findings, faults: tuple[str, ...]) -> None:
    runs = await locality_runs(cluster, calm)
    found.tables.append(scaling_tables.spread_table(runs))
    found.figures["locality"] = [asdict(run) for run in runs]
    found.users += [run.users for run in runs]


async def _faults(cluster: Cluster, url: str, calm: Calm, found: Findings, faults: tuple[str, ...]) -> None:
    runs = await fault_runs(cluster, url, calm, faults)
    found.tables.append(scaling_tables.fault_table(runs))
    found.figures["faults"] = [asdict(run) for run in runs]
    found.users += [run.users for run in runs]


SCENARIOS: Mapping[str, Scenario] = {
    "load": _load,
    "idle": _idle,
    "strategies": _strategies,
    "locality": _locality,
    "faults": _faults,
}
ALL_SCENARIOS, ALL_FAULTS = ",".join(SCENARIOS), ",".join(FAULTS)


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
    found = asyncio.run(_run(scenarios.split(","), tuple(faults.split(","))))
    write(output, found.figures)
    if any(each.words.lost or each.words.doubled or each.out_of_order or each.errors for each in found.users):
        raise SokujiError("words were lost, doubled or out of order, or a session met an error")


async def _run(scenarios: list[str], faults: tuple[str, ...]) -> Findings:
    found = Findings()
    async with cluster() as running:
        folder = running.folder / "nginx"
        folder.mkdir()
        running.folder.chmod(0o755)
        gateways = [f"{running.nodes[name].host.address}:{SERVICE_PORT}" for name in GATEWAYS]
        with nginx(folder, gateways) as url:
            await running.deploy(serve_config())
            left_alone = await calm(url)
            found.figures["calm"] = asdict(left_alone)
            for name in scenarios:
                tables = len(found.tables)
                await SCENARIOS[name](running, url, left_alone, found, faults)
                print("\n\n".join([f"## {name}", *found.tables[tables:]]), flush=True)
    return found


if __name__ == "__main__":
    app()
