"""Does the service get slower or larger while people talk on, and does it lose a word when a replica dies?

``python -m load_tests.soak --minutes 60 --sessions 2 --output soak.json``
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from load_tests import machine
from load_tests.faults import Faults
from load_tests.reports import OutputOption, write
from load_tests.said import LATE_S
from load_tests.service import Running, started
from load_tests.soak_plot import draw
from load_tests.soak_report import LATENCIES, Findings, Run, figures, findings
from load_tests.speaking import STAGGER_S, level, service_info
from load_tests.usage import memory_mib
from sokuji.cli.console import CommitOption, one_line_failures, target_language
from sokuji.client.config import Config
from sokuji.errors import SokujiError
from sokuji.measure.samples import sentences

SAMPLES = 360
"""Readings of the memory in a run, unless they would be closer together than ``LEAST_INTERVAL_S``."""
LEAST_INTERVAL_S = 5.0
QUIET_END_S = 20.0
"""Nothing is killed so shortly before the end, so that it is seen to recover."""

KILLED = "SpeechToText,Translation,TextToSpeech,Gateway"
"""Whose replicas are killed unless something else is said."""

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.command()
@one_line_failures()
def main(
    minutes: Annotated[float, typer.Option(min=1, max=240, help="How long people speak.")] = 60.0,
    sessions: Annotated[int, typer.Option(min=1, max=64, help="Sessions at once.")] = 2,
    config: Annotated[Path, typer.Option(help="Serve config of the service that is started.")] = Path(
        "serve_config.yaml"
    ),
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Its port.")] = 8020,
    source: Annotated[str, typer.Option("--from", help="Language spoken.")] = "pt",
    target: Annotated[str, typer.Option("--to", callback=target_language, help="Language wanted.")] = "en",
    commit: CommitOption = None,
    kill_every: Annotated[
        float | None, typer.Option(min=5, help="Kill a replica each time so many seconds have passed.")
    ] = None,
    kill: Annotated[
        str | None,
        typer.Option(help=f"Whose replicas, by turns: deployments with commas between them; {KILLED}."),
    ] = None,
    output: OutputOption = None,
) -> None:
    """Speak for a long time; the exit code is 1 if a sentence was lost, came twice or out of order."""
    if kill and kill_every is None:
        raise typer.BadParameter("--kill needs --kill-every")
    faults = Faults(kill_every, tuple((kill or KILLED).split(","))) if kill_every else None
    wanted = Config(source_language=source, target_language=target, commit=commit)
    about, run = asyncio.run(_soak(config, port, wanted, sessions, 60 * minutes, faults))
    found = findings(run)
    console = Console(width=None if Console().is_terminal else 120, highlight=False)
    for part in _shown(found, run):
        console.print(part)
    if output is not None:
        load = {"minutes": minutes, "sessions": sessions, "from": source, "to": target, "commit": commit}
        about |= {"load": load, "faults": faults and asdict(faults)}
        write(output, {**about, **figures(found)})
        kills_s = [each.at_s for each in found.recoveries]
        draw(output.with_suffix(".png"), found.latency_ms, found.memory_mib, found.trends, kills_s)
    if not found.level.sound:
        raise SokujiError("sentences were lost, came twice or out of order")


async def _soak(
    config: Path,
    port: int,
    wanted: Config,
    sessions: int,
    seconds: float,
    faults: Faults | None,
) -> tuple[dict[str, Any], Run]:
    """What was measured, when and where; and what came of the sessions that spoke to it.

    Raises:
        ConfigError: it has not all the deployments whose replicas are to be killed.
        SokujiError: it cannot be started, or the sessions did not come to an end.
    """
    clips = sentences(wanted.source_language)
    async with started(config, port) as running:
        if faults is not None:
            faults.check(running)
        measured = datetime.now(UTC).isoformat(timespec="seconds")
        about = {"measured": measured, "machine": machine.describe(), **running.described()}
        about["service"] = await asyncio.to_thread(service_info, running.url)
        run = Run(time.monotonic(), seconds)
        beside = [asyncio.create_task(_sample(running, run, max(seconds / SAMPLES, LEAST_INTERVAL_S)))]
        if faults is not None:
            until = run.began + seconds - QUIET_END_S
            beside.append(asyncio.create_task(faults.kill_by_turns(running, until, run.kills)))
        try:
            async with asyncio.timeout(seconds + STAGGER_S + LATE_S):
                run.sessions = await level(running.url, wanted, clips, sessions, seconds)
        except TimeoutError:
            raise SokujiError(f"not all was answered {LATE_S:g} s after it had been said") from None
        finally:
            for task in beside:
                task.cancel()
            await asyncio.wait(beside)
        for task in beside:
            with suppress(asyncio.CancelledError):
                task.result()
        return about, run


async def _sample(running: Running, run: Run, interval_s: float) -> None:
    """Read the memory of all processes again and again."""
    while True:
        at_s = time.monotonic() - run.began
        run.memory.append((at_s, await asyncio.to_thread(lambda: memory_mib(running.processes()))))
        await asyncio.sleep(interval_s)


def _shown(found: Findings, run: Run) -> list[str | Table]:
    """What the terminal says."""
    level = found.level
    losses = f"{level.sent} sentences, {level.lost} lost, {level.out_of_order} twice or out of order"
    errors = ", ".join(f"{count} {code}" for code, count in level.errors.items()) or "no errors"
    lines: list[str | Table] = [f"{losses}, {level.resumptions} resumptions, {errors}", _trends(found)]
    if run.kills:
        lines += ["Memory is not judged: replicas were replaced.", _kills(found)]
    if run.seconds < 1_800:
        lines.append(f"Changes per hour are extrapolated from {run.seconds / 60:g} minutes.")
    return [*lines, found.verdict]


def _trends(found: Findings) -> Table:
    title = f"Change per hour, without the first {found.warm_up_s:g} s"
    table = Table(title=title, title_justify="left", box=SIMPLE)
    for heading in (
        "",
        "median",
        "per hour",
        "95 % interval of all together",
        "seen",
        "would have been seen",
    ):
        table.add_column(heading, justify="right")
    for name, each in found.trends.items():
        unit = "ms" if name in LATENCIES else "MiB"
        table.add_row(
            name,
            f"{each.level:,.0f} {unit}",
            f"{each.per_hour:+,.1f} {unit}",
            f"{each.low:+,.1f} to {each.high:+,.1f}",
            "yes" if each.seen else "no",
            f"{each.resolution:,.1f} {unit}",
        )
    return table


def _kills(found: Findings) -> Table:
    table = Table(title="Replicas killed; seconds from the kill", title_justify="left", box=SIMPLE)
    for heading in (
        "deployment",
        "at s",
        "new process",
        "answer to a new sentence",
        "longest wait for a voice",
    ):
        table.add_column(heading, justify="right")
    for each in found.recoveries:
        worst = each.worst_first_audio_ms
        table.add_row(
            each.deployment,
            f"{each.at_s:,.0f}",
            "-" if each.replaced_s is None else f"{each.replaced_s:.1f}",
            "-" if each.recovered_s is None else f"{each.recovered_s:.1f}",
            "-" if worst is None else f"{worst:,.0f} ms",
        )
    return table


if __name__ == "__main__":
    app()
