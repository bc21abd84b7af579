"""Latency and memory of a service over a long time, and sentences lost when replicas are killed.

``python -m load_tests.soak --minutes 60 --sessions 2 --output soak.json``
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer

from load_tests.measurements.load_level import require_sound
from load_tests.measurements.service_load import memory_mib
from load_tests.measurements.soak_findings import SoakRun, findings
from load_tests.reports.plots import soak_png
from load_tests.reports.report import OutputOption, show, write
from load_tests.reports.soak_tables import parts
from load_tests.scenarios import options
from load_tests.scenarios.replica_kills import KillSchedule
from load_tests.scenarios.service import ServiceUnderTest, with_service
from load_tests.scenarios.sessions import DEADLINE_S, Scenario, run_scenario
from sokuji.cli.console import CommitOption, one_line_failures
from sokuji.client.config import Config

READINGS, LEAST_INTERVAL_S = 360, 5.0
"""Readings of the memory in a run, unless they would be closer together."""
QUIET_END_S = 20.0
"""No replica is killed this close to the end, so that the recovery is seen."""
KILLED = "SpeechToText,Translation,TextToSpeech,Gateway"
"""Deployments whose replicas are killed by default."""

app = options.command_line()


@app.command()
@one_line_failures()
def main(
    minutes: Annotated[float, typer.Option(min=1, max=240, help="Minutes of speech in a session.")] = 60.0,
    sessions: options.SessionsOption = 2,
    config: options.ConfigOption = options.DEFAULT_CONFIG,
    port: options.PortOption = 8020,
    source: options.SourceOption = "pt",
    target: options.TargetOption = "en",
    commit: CommitOption = None,
    kill_every: Annotated[
        float | None, typer.Option(min=5, help="Kill a replica after each interval of so many seconds.")
    ] = None,
    kill: Annotated[
        str | None,
        typer.Option(help=f"Deployments whose replicas are killed in rotation; {KILLED}."),
    ] = None,
    output: OutputOption = None,
) -> None:
    """Speak for a long time; the exit code is 1 if a sentence was lost, came twice or out of order."""
    if kill and kill_every is None:
        raise typer.BadParameter("--kill needs --kill-every")
    kills = KillSchedule(kill_every, tuple((kill or KILLED).split(","))) if kill_every else None
    requested = Config(source_language=source, target_language=target, commit=commit)
    scenario = Scenario(requested, sessions, 60 * minutes, deadline_s=DEADLINE_S)
    soak = partial(_soak, scenario=scenario, kills=kills)
    about, run = asyncio.run(with_service("", config, port, soak))
    judged = findings(run)
    show(parts(judged, run.seconds))
    if output is not None:
        about |= {"load": scenario.report(), "faults": kills and asdict(kills)}
        write(output, {**about, **judged.report()})
        soak_png(judged, output.with_suffix(".png"))
    require_sound([judged.level])


async def _soak(service: ServiceUnderTest, scenario: Scenario, kills: KillSchedule | None) -> SoakRun:
    """Run the sessions, read the memory and kill replicas at the same time.

    Raises:
        ConfigError: the service lacks a deployment whose replicas are to be killed.
    """
    if kills is not None:
        kills.check(service)
    run = SoakRun(time.monotonic(), scenario.duration_s)
    beside = [asyncio.create_task(_read_memory(service, run))]
    if kills is not None:
        until = run.began + run.seconds - QUIET_END_S
        beside.append(asyncio.create_task(kills.run(service, until, run.kills)))
    try:
        run.sessions = await run_scenario(service.url, scenario)
    finally:
        for task in beside:
            task.cancel()
        await asyncio.wait(beside)
    for task in beside:
        with suppress(asyncio.CancelledError):
            task.result()
    return run


async def _read_memory(service: ServiceUnderTest, run: SoakRun) -> None:
    while True:
        at_s = time.monotonic() - run.began
        run.memory.append((at_s, await asyncio.to_thread(lambda: memory_mib(service.processes()))))
        await asyncio.sleep(max(run.seconds / READINGS, LEAST_INTERVAL_S))


if __name__ == "__main__":
    app()
