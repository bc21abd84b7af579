"""Latency at several numbers of sessions, the time of each stage, and what the service uses of the machine.

``python -m load_tests.benchmark --duration 60 --sessions 1,2,4,8 --output benchmark.json`` starts a service
of its own and speaks to it in real time; with ``--url`` it speaks to a running one.
"""

import asyncio
from dataclasses import replace
from functools import partial
from typing import Annotated, Literal

import typer

from load_tests.measurements.door_comparison import compare_doors, median_ratio
from load_tests.measurements.load_level import require_sound
from load_tests.measurements.service_load import MEMORY, MeasuredLevel, measure, settle, warm_up
from load_tests.progress import progress
from load_tests.reports.benchmark_tables import tables
from load_tests.reports.plots import latency_png
from load_tests.reports.report import OutputOption, machine, show, write
from load_tests.scenarios import options
from load_tests.scenarios.quality_runs import RECORDINGS
from load_tests.scenarios.service import ServiceUnderTest, with_service
from load_tests.scenarios.sessions import STAGGER_S, Scenario
from load_tests.scenarios.talk import talk
from sokuji.cli.console import CommitOption, PartialsOption, one_line_failures
from sokuji.cli.language_options import target_languages
from sokuji.client.config import Config

TargetsOption = Annotated[
    str,
    typer.Option(
        "--to",
        callback=target_languages,
        help="Language of the translation, or several: en,pt. The first one is timed.",
    ),
]
WarmUpOption = Annotated[
    float,
    typer.Option("--warm-up", min=0, max=600, help="Seconds of speech before, which are not reported."),
]

StaggerOption = Annotated[
    float,
    typer.Option("--stagger", min=0, max=600, help="Seconds within which sessions begin; 0: all at once."),
]

SHORT: Literal["short"] = "short"
SpeechOption = Annotated[
    str,
    typer.Option(
        callback=options.among((RECORDINGS, SHORT), "speech called", several=False),
        help=f"What is said: {RECORDINGS}, repeated for --duration, or {SHORT}, a talk of short sentences.",
    ),
]

app = options.command_line()


@app.command()
@one_line_failures()
def main(
    context: typer.Context,
    config: options.ConfigOption = options.DEFAULT_CONFIG,
    port: options.PortOption = 8031,
    url: options.UrlOption = "",
    sessions: options.LevelsOption = "1,2,4,8",
    door: options.DoorsOption = "bridge",
    grpc: options.GrpcOption = "127.0.0.1:50051",
    speech: SpeechOption = RECORDINGS,
    duration: options.DurationOption = 60,
    source: options.SourceOption = "pt",
    target: TargetsOption = "en",
    run_on: options.RunOnOption = 1,
    commit: CommitOption = None,
    partials: PartialsOption = False,
    warm_up_s: WarmUpOption = 5,
    stagger_s: StaggerOption = STAGGER_S,
    output: OutputOption = None,
) -> None:
    """Measure a service; the exit code is 1 if a sentence was lost or came out of order."""
    options.check_service_options(context)
    _check_speech_options(context)
    first, *others = target.split(",")
    requested = Config(
        source_language=source,
        target_language=first,
        target_languages=tuple(others),
        commit=commit,
        partials=partials,
    )
    doors = options.doors(door)
    if "openai" in doors and (commit is not None or partials):
        raise typer.BadParameter("--commit and --partials are not of OpenAI's door")
    scenarios = [
        Scenario(requested, count, duration, run_on, door=each, grpc_address=grpc, stagger_s=stagger_s)
        for count in options.levels(sessions)
        for each in doors
    ]

    if speech == SHORT:
        said = asyncio.run(talk(source, SHORT))
        scenarios = [replace(each, talk=said, duration_s=said.duration_ms / 1_000) for each in scenarios]

    run = partial(_measure, scenarios=scenarios, warm_up_s=warm_up_s)
    environment = {"SOKUJI_GRPC_ADDRESS": grpc} if "grpc" in doors else {}
    about, measured = asyncio.run(with_service(url, config, port, run, environment))
    show(tables(measured))
    if output is not None:
        load = {
            **scenarios[0].report(),
            "speech": speech,
            "sessions": options.levels(sessions),
            "door": doors,
            "warm_up_s": warm_up_s,
        }
        compared = compare_doors(measured)
        figures = {
            "memory": MEMORY,
            "load": load,
            "openai_over_bridge": median_ratio(compared) if compared else None,
            "levels": [each.report() for each in measured],
        }
        write(output, about | figures)
        shown = [each.level for each in measured if each.door == doors[0]]
        latency_png(shown, _title(scenarios[0]), output.with_suffix(".png"))
    require_sound(each.level for each in measured)


async def _measure(
    service: ServiceUnderTest, scenarios: list[Scenario], warm_up_s: float
) -> list[MeasuredLevel]:
    if warm_up_s:
        progress(f"warming up: {warm_up_s:g} s of speech")
        await warm_up(service, replace(scenarios[0], talk=None), warm_up_s)
    measured: list[MeasuredLevel] = []
    for scenario in scenarios:
        if measured:
            await settle(service)
        progress(f"{scenario.sessions} at once ({scenario.door}): {scenario.duration_s:.0f} s of speech each")
        measured.append((await measure(service, scenario))[0])
    return measured


def _check_speech_options(context: typer.Context) -> None:
    """Raise BadParameter where an option of recordings is given with a talk."""
    if context.params["speech"] != RECORDINGS and options.any_given(context, "duration", "run_on"):
        raise typer.BadParameter(f"--duration and --run-on are for --speech {RECORDINGS}")


def _title(scenario: Scenario) -> str:
    about = machine()
    languages = f"{scenario.config.source_language} to {', '.join(scenario.config.targets)}"
    speech = f"{languages}, {scenario.duration_s:.0f} s of speech a session"
    return f"{speech}; {about['processor']}, {about['cores']} cores"


if __name__ == "__main__":
    app()
