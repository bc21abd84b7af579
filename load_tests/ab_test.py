"""Two Serve configs compared on one machine, in alternation, and whether one is better with confidence.

``python -m load_tests.ab_test --config-a A.yaml --config-b B.yaml --output report.json``

Each run is a fresh service that is spoken to in real time; both runs of a pair receive the same speech.
``paired_comparison`` explains the statistics. The figure that decides is named beforehand (``--figure``): the
others are shown too, but of twenty figures one differs significantly by chance. Where a sentence was lost or
came out of order nothing is compared: a service that drops what is slow looks fast.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from launcher.serve_config import LaunchError, check_port, read_config
from load_tests.measurements.load_level import require_sound
from load_tests.measurements.paired_comparison import CONFIDENCE, Side, randomised_order
from load_tests.measurements.service_load import measure, warm_up
from load_tests.progress import progress
from load_tests.reports.ab_report import FIGURES, ABRun, comparison_table, comparisons, conclusion, in_words
from load_tests.reports.report import OutputOption, show, write
from load_tests.scenarios import options
from load_tests.scenarios.service import started_service
from load_tests.scenarios.sessions import Scenario
from sokuji.cli.console import CommitOption, PartialsOption, one_line_failures
from sokuji.client.config import Config
from sokuji.errors import ConfigError

WARM_UP_S = 5.0
"""Of speech before each run, which does not count."""

FigureOption = Annotated[
    str,
    typer.Option(callback=options.among(FIGURES, "figure", several=False), help="The figure that decides."),
]

MarginOption = Annotated[float, typer.Option(min=0, max=1, help="Relative difference that does not matter.")]

app = options.command_line()


@app.command()
@one_line_failures()
def main(
    config_a: Annotated[Path, typer.Option(help="Serve config A.")],
    config_b: Annotated[Path, typer.Option(help="Serve config B.")],
    pairs: Annotated[int, typer.Option(min=1, max=100, help="Runs of each config.")] = 5,
    duration: options.DurationOption = 30,
    sessions: options.SessionsOption = 4,
    seed: Annotated[int, typer.Option(help="Of the random order of the two runs of a pair.")] = 0,
    margin: MarginOption = 0.03,
    figure: FigureOption = "first audio p50",
    source: options.SourceOption = "pt",
    target: options.TargetOption = "en",
    run_on: options.RunOnOption = 1,
    commit: CommitOption = None,
    partials: PartialsOption = False,
    port: options.PortOption = 8041,
    output: OutputOption = None,
) -> None:
    """Compare two configs; the exit code is 1 if a sentence was lost or came out of order."""
    configs: dict[Side, Path] = {"a": config_a, "b": config_b}
    contents = read_contents(configs, port)
    requested = Config(source_language=source, target_language=target, commit=commit, partials=partials)
    scenario = Scenario(requested, sessions, duration, run_on)
    runs = asyncio.run(_runs(configs, randomised_order(pairs, seed), port, scenario))
    compared = comparisons(runs, margin)
    verdict = conclusion(runs, compared, figure)
    show([comparison_table(compared), verdict])
    figures = {name: {**asdict(each), "verdict": in_words(name, each)} for name, each in compared.items()}
    settings = {"pairs": pairs, "seed": seed, "margin": margin, "confidence": CONFIDENCE, "figure": figure}
    load = {**scenario.report(), "warm_up_s": WARM_UP_S}
    results = {"verdict": verdict, "figures": figures, "runs": [run.report() for run in runs]}
    write(output, {"configs": contents, "load": load, **settings, **results})
    require_sound(run.level for run in runs)


def read_contents(configs: Mapping[Side, Path], port: int) -> dict[Side, Any]:
    """Both configs, read before anything slow begins.

    Raises:
        ConfigError: one is no Serve config, or nothing can listen on the port.
    """
    contents: dict[Side, Any] = {}
    for side, path in configs.items():
        try:
            serve = read_config(path, "127.0.0.1", port)
        except LaunchError as error:
            raise ConfigError(f"config {side.upper()}: {error}") from None
        contents[side] = serve.content
    try:
        check_port(serve)
    except LaunchError as error:
        raise ConfigError(f"{error} (--port)") from None
    return contents


async def _runs(
    configs: Mapping[Side, Path], pairs: Sequence[tuple[Side, Side]], port: int, scenario: Scenario
) -> list[ABRun]:
    runs: list[ABRun] = []
    for number, sides in enumerate(pairs):
        for side in sides:
            progress(f"run {len(runs) + 1} of {2 * len(pairs)}: config {side.upper()}")
            try:
                async with started_service(configs[side], port) as service:
                    await warm_up(service, scenario, WARM_UP_S)
                    measured, sessions = await measure(service, scenario)
            except LaunchError as error:
                raise ConfigError(f"config {side.upper()} ({configs[side]}): {error}") from None
            used = (measured.usage or {}).values()
            cpu_s, memory = sum(each.cpu_s for each in used), sum(each.memory_mib for each in used)
            runs.append(ABRun.of(number, side, sessions, cpu_s, memory))
    return runs


if __name__ == "__main__":
    app()
