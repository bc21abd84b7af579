"""Two Serve configs against each other on one machine, in alternation, and whether one is surely better.

``python -m load_tests.ab_test --config-a A.yaml --config-b B.yaml --output report.json``

Each run is a fresh service that is spoken to in real time; both runs of a pair hear the same speech. How the
runs are compared, and why so, says ``compared``. The figure that decides is named beforehand (``--figure``):
the others are shown too, but of twenty figures one differs "surely" by luck alone. Where a sentence was lost
or came out of order nothing is compared: a service that drops what is slow looks fast.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from launcher.serve_config import LaunchError, ServeConfig, check_port, read_config
from load_tests import machine
from load_tests.ab_report import FIGURES, Run, comparisons, conclusion, faults, in_words, table
from load_tests.compared import CONFIDENCE, Comparison, Side, order
from load_tests.measuring import settle
from load_tests.reports import OutputOption, write
from load_tests.service import started
from load_tests.speaking import STAGGER_S, level
from load_tests.usage import cpu_seconds, memory_mib, spent
from sokuji.cli.console import CommitOption, PartialsOption, one_line_failures, target_language
from sokuji.client.config import Config
from sokuji.errors import ConfigError, SokujiError
from sokuji.measure.samples import joined, sentences

WARM_UP_S = 5.0
"""Of speech before each run, which does not count."""

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@dataclass(frozen=True, slots=True)
class Load:
    """What is said to each service, and what is wanted of it."""

    wanted: Config
    sessions: int
    duration_s: float
    run_on: int

    def report(self) -> dict[str, Any]:
        """For JSON."""
        found = asdict(self)
        return {**found, **found.pop("wanted"), "stagger_s": STAGGER_S, "warm_up_s": WARM_UP_S}


def figure_name(text: str) -> str:
    """Option callback: one of the figures."""
    if text not in FIGURES:
        raise typer.BadParameter(f"{text!r} is no figure; accepted: {', '.join(FIGURES)}")
    return text


@app.command()
@one_line_failures()
def main(
    config_a: Annotated[Path, typer.Option(help="Serve config A.")],
    config_b: Annotated[Path, typer.Option(help="Serve config B.")],
    pairs: Annotated[int, typer.Option(min=1, max=100, help="Runs of each config.")] = 5,
    duration: Annotated[float, typer.Option(min=5, max=3_600, help="Seconds of speech in a session.")] = 30,
    sessions: Annotated[int, typer.Option(min=1, help="Sessions at once.")] = 4,
    seed: Annotated[int, typer.Option(help="Of the lots that decide which config runs first.")] = 0,
    margin: Annotated[
        float, typer.Option(min=0, max=1, help="Relative difference that matters to nobody.")
    ] = 0.03,
    figure: Annotated[
        str, typer.Option(callback=figure_name, help="The figure that decides.")
    ] = "first audio p50",
    source: Annotated[str, typer.Option("--from", help="Language spoken.")] = "pt",
    target: Annotated[str, typer.Option("--to", callback=target_language, help="Language wanted.")] = "en",
    run_on: Annotated[
        int, typer.Option(min=1, max=10, help="Recorded sentences that are said without a pause.")
    ] = 1,
    commit: CommitOption = None,
    partials: PartialsOption = False,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the services.")] = 8041,
    output: OutputOption = None,
) -> None:
    """Compare two configs; the exit code is 1 if a sentence was lost or came out of order."""
    configs: dict[Side, Path] = {"a": config_a, "b": config_b}
    contents = _contents(configs, port)
    wanted = Config(source_language=source, target_language=target, commit=commit, partials=partials)
    load = Load(wanted, sessions, duration, run_on)
    runs = asyncio.run(_runs(configs, order(pairs, seed), port, load))
    found = comparisons(runs, margin)
    verdict = conclusion(runs, found, figure)
    console = Console(width=None if Console().is_terminal else 120)
    console.print(table(found))
    console.print(verdict)
    if output is not None:
        described = {
            "configs": contents,
            "load": load.report(),
            "pairs": pairs,
            "seed": seed,
            "margin": margin,
            "confidence": CONFIDENCE,
            "figure": figure,
        }
        write(output, _report(described, verdict, found, runs))
    if any(faults(runs)):
        raise SokujiError("sentences were lost or came out of order")


def _contents(configs: Mapping[Side, Path], port: int) -> dict[Side, Any]:
    """Both configs, read before anything slow begins.

    Raises:
        ConfigError: one is no Serve config, or nothing can listen on the port.
    """
    found: dict[Side, ServeConfig] = {}
    for side, path in configs.items():
        try:
            found[side] = read_config(path, "127.0.0.1", port)
        except LaunchError as error:
            raise ConfigError(f"config {side.upper()}: {error}") from None
    try:
        check_port(found["a"])
    except LaunchError as error:
        raise ConfigError(f"{error} (--port)") from None
    return {side: each.content for side, each in found.items()}


async def _runs(
    configs: Mapping[Side, Path], pairs: Sequence[tuple[Side, Side]], port: int, load: Load
) -> list[Run]:
    """Both configs in each pair, one after another."""
    clips = joined(sentences(load.wanted.source_language), load.run_on)
    progress = Console(stderr=True, highlight=False)
    runs: list[Run] = []
    for number, sides in enumerate(pairs):
        for side in sides:
            progress.print(f"run {len(runs) + 1} of {2 * len(pairs)}: config {side.upper()}")
            try:
                runs.append(await _run(configs[side], port, load, clips, number, side))
            except LaunchError as error:
                raise ConfigError(f"config {side.upper()} ({configs[side]}): {error}") from None
    return runs


async def _run(config: Path, port: int, load: Load, clips: Sequence[bytes], pair: int, side: Side) -> Run:
    async with started(config, port) as running:
        await level(running.url, load.wanted, clips, 1, WARM_UP_S)
        await settle(running)
        worked = cpu_seconds(running.processes())
        sessions = await level(running.url, load.wanted, clips, load.sessions, load.duration_s)
        processes = running.processes()
        cpu_s = sum(spent(worked, cpu_seconds(processes)).values())
        return Run.of(pair, side, sessions, cpu_s, sum(memory_mib(processes).values()))


def _report(
    described: Mapping[str, Any], verdict: str, found: Mapping[str, Comparison], runs: Sequence[Run]
) -> dict[str, Any]:
    return {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.describe(),
        **described,
        "verdict": verdict,
        "figures": {name: {**asdict(each), "verdict": in_words(name, each)} for name, each in found.items()},
        "runs": [run.report() for run in runs],
    }


if __name__ == "__main__":
    app()
