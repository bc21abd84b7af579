"""Quality of recognition, translation and voice, and how far a service lags behind the speaker.

``python -m load_tests.quality --from pt,es --to en --output quality.json``

Several kinds of speech, commitments and values of a setting are measured one after another in one run of the
service; with ``--output`` their scores are plotted over their lag.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, get_args

import typer

from load_tests.measurements.intelligibility import intelligibility
from load_tests.measurements.streaming_scores import StreamingLog, StreamingScores
from load_tests.measurements.translation_quality import received, references, score
from load_tests.reports.plots import curve_png
from load_tests.reports.quality_report import PairQuality, parts
from load_tests.reports.report import OutputOption, show, write
from load_tests.scenarios import options
from load_tests.scenarios.quality_runs import RECORDINGS, QualityRun, runs, speak
from load_tests.scenarios.recognisers import EMBEDDED, loaded
from load_tests.scenarios.service import with_service
from load_tests.scenarios.sessions import DEADLINE_S, Scenario, ServiceSession
from load_tests.scenarios.talk import TalkKind
from sokuji.cli.console import one_line_failures
from sokuji.client.config import Config
from sokuji.contract import Recogniser
from sokuji.errors import SokujiError
from sokuji.protocol import Commit

KINDS = (RECORDINGS, *get_args(TalkKind))

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
    speech: Annotated[
        str,
        typer.Option(
            callback=options.among(KINDS, "speech called"),
            help=f"What is said, one or several of {', '.join(KINDS)}; the last two are talks.",
        ),
    ] = RECORDINGS,
    duration: options.DurationOption = 60.0,
    run_on: options.RunOnOption = 1,
    commit: Annotated[
        str,
        typer.Option(
            callback=options.among(["", *get_args(Commit)], "commitment"),
            help=f"One or several of {', '.join(get_args(Commit))}; default: the setting of the service.",
        ),
    ] = "",
    vary: Annotated[
        str,
        typer.Option(metavar="SETTING=A,B", help="Values of a setting of the Gateway of a started service."),
    ] = "",
    output: OutputOption = None,
) -> None:
    """Measure quality; the exit code is 1 if a sentence was lost or something committed was taken back."""
    options.check_service_options(context)
    if vary and url:
        raise typer.BadParameter("--vary is for a service that is started")
    requested = Config(source_language="", target_language=target, partials=True)
    scenario = Scenario(requested, sessions, duration, run_on, DEADLINE_S)
    planned = runs(source.split(","), speech.split(","), commit.split(","), options.gateway_settings(vary))

    about, spoken = asyncio.run(
        with_service(url, config, port, partial(speak, scenario=scenario, runs=planned))
    )
    measured = _judged(planned, spoken, target, output and output.with_suffix(".omnisteval"))
    show(parts(measured, target), width=170)
    load = {**scenario.report(), "source_language": source}
    figures = {
        "load": load,
        "voice_heard_by": EMBEDDED.model_dump(),
        "pairs": [each.report() for each in measured],
    }
    write(output, about | figures)
    if output and any(each.streaming for each in measured):
        curve_png(measured, f"{source} to {target}", output.with_suffix(".png"))
    if any(each.scores.lost or each.scores.taken_back for each in measured):
        raise SokujiError("sentences were lost, or what had been committed was taken back")


def _judged(
    planned: Sequence[QualityRun],
    spoken: Sequence[Sequence[ServiceSession]],
    target: str,
    folder: Path | None,
) -> list[PairQuality]:
    """Scores, after a service that was started here has ended and freed the cores for the recogniser.

    Args:
        folder: for the input and the results of OmniSTEval; None: they are not kept.
    """
    with tempfile.TemporaryDirectory() as unkept:
        streaming = [
            _streaming(sessions, run.source, target, (folder or Path(unkept)) / str(number))
            for number, (run, sessions) in enumerate(zip(planned, spoken, strict=True))
        ]

    async def judge() -> list[PairQuality]:
        async with loaded("stt", EMBEDDED) as recogniser:
            return [
                await _quality(recogniser, run, sessions, scores, target)
                for run, sessions, scores in zip(planned, spoken, streaming, strict=True)
            ]

    return asyncio.run(judge())


def _streaming(
    sessions: Sequence[ServiceSession], source: str, target: str, folder: Path
) -> StreamingScores | None:
    """None: a sentence has no reference."""
    known = references(source, target)
    said = {text for session in sessions for texts in session.speech.texts for text in texts}
    if not said <= set(known):
        return None
    log = StreamingLog(folder, target)
    log.write(sessions, known)
    return log.scores()


async def _quality(
    recogniser: Recogniser,
    run: QualityRun,
    sessions: Sequence[ServiceSession],
    streaming: StreamingScores | None,
    target: str,
) -> PairQuality:
    scores = score(sessions, run.source, target)
    voice = await intelligibility(recogniser, received(sessions), target)
    return PairQuality(run, scores, voice, sessions, streaming)


if __name__ == "__main__":
    app()
