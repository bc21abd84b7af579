"""Quality of recognition, translation and voice, and how far a service lags behind the speaker.

``python -m load_tests.quality --from pt,es --to en --output quality.json``
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated

import typer

from load_tests.measurements.intelligibility import intelligibility
from load_tests.measurements.translation_quality import received, score
from load_tests.reports.quality_report import PairQuality, parts
from load_tests.reports.report import OutputOption, show, write
from load_tests.scenarios import options
from load_tests.scenarios.recognisers import EMBEDDED, loaded
from load_tests.scenarios.service import ServiceUnderTest, with_service
from load_tests.scenarios.sessions import DEADLINE_S, Scenario, ServiceSession, run_scenario
from sokuji.cli.console import CommitOption, one_line_failures
from sokuji.client.config import Config
from sokuji.errors import SokujiError

app = options.command_line()


@app.command()
@one_line_failures()
def main(
    context: typer.Context,
    url: options.UrlOption = "",
    config: options.ConfigOption = options.DEFAULT_CONFIG,
    port: options.PortOption = 8020,
    source: Annotated[
        str,
        typer.Option(
            "--from", callback=options.recorded_languages, help="Language spoken, or several: pt,es."
        ),
    ] = "pt",
    target: options.TargetOption = "en",
    sessions: options.SessionsOption = 1,
    duration: options.DurationOption = 60.0,
    run_on: options.RunOnOption = 1,
    commit: CommitOption = None,
    output: OutputOption = None,
) -> None:
    """Measure quality; the exit code is 1 if a sentence was lost or something committed was taken back."""
    options.check_service_options(context)
    languages = source.split(",")
    requested = Config(source_language=languages[0], target_language=target, commit=commit, partials=True)
    scenario = Scenario(requested, sessions, duration, run_on, DEADLINE_S)

    run = partial(_spoken, scenario=scenario, languages=languages)
    about, spoken = asyncio.run(with_service(url, config, port, run))
    measured = asyncio.run(_judged(languages, spoken, target))
    show(parts(measured, target), width=140)
    load = {**scenario.report(), "source_language": source}
    figures = {
        "load": load,
        "voice_heard_by": EMBEDDED.model_dump(),
        "pairs": [each.report() for each in measured],
    }
    write(output, about | figures)
    if any(each.scores.lost or each.scores.taken_back for each in measured):
        raise SokujiError("sentences were lost, or what had been committed was taken back")


async def _spoken(
    service: ServiceUnderTest, scenario: Scenario, languages: Sequence[str]
) -> list[list[ServiceSession]]:
    """The sessions in each language, one language after another; raises the error that ended one of them."""
    spoken = []
    for language in languages:
        config = replace(scenario.config, source_language=language)
        sessions = await run_scenario(service.url, replace(scenario, config=config), keep_responses=True)
        for failure in (session.failure for session in sessions if session.failure):
            raise failure
        spoken.append(sessions)
    return spoken


async def _judged(
    languages: Sequence[str], spoken: Sequence[Sequence[ServiceSession]], target: str
) -> list[PairQuality]:
    """Scores, after a service that was started here has ended and freed the cores for the recogniser."""
    async with loaded("stt", EMBEDDED) as recogniser:
        return [
            PairQuality(
                score(sessions, language, target),
                await intelligibility(recogniser, received(sessions), target),
                sessions,
            )
            for language, sessions in zip(languages, spoken, strict=True)
        ]


if __name__ == "__main__":
    app()
