"""What the machine can do with the bare models in one process: the limit that the service is compared with.

``python -m load_tests.ceiling --output ceiling.json``

The recordings are those of the scenarios, with the silence that a session leaves around them. First one
utterance after another through the pipelines of ``in_process``: no service can have the first audio sooner.
Then stage by stage with all cores and batches: each stage has the machine to itself for its share of the
time, so the utterances per second of the chain are one over the sum of the stages' seconds for one utterance.
One final recognition, one translation and one voice are counted; partial captions, discarded speculation and
sockets come on top.

Everything is repeated in rounds, each in another order, after one round that does not count.
"""

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from itertools import cycle, islice
from typing import Annotated

import psutil
import typer

from load_tests.measurements.capacity import SETTINGS, CeilingRounds
from load_tests.progress import progress, tracked
from load_tests.reports.ceiling_report import report, tables
from load_tests.reports.report import OutputOption, show, write
from load_tests.scenarios import options
from load_tests.scenarios.in_process import (
    EmbeddedModels,
    embedded_models,
)
from load_tests.scenarios.recognisers import EMBEDDED, BareWhisper, layouts
from load_tests.scenarios.speech_samples import padded, recordings
from sokuji.cli.console import one_line_failures
from sokuji.providers.stt.whisper.provider import cpu_threads_per_worker

Step = Callable[[], Awaitable[None]]

app = options.command_line()


@app.command()
@one_line_failures()
def main(
    source: options.SourceOption = "pt",
    target: options.TargetOption = "en",
    rounds: Annotated[int, typer.Option(min=1, max=100, help="How often everything is repeated.")] = 5,
    utterances: Annotated[
        int, typer.Option(min=1, max=1_000, help="Utterances of a round, to be put into batches.")
    ] = 24,
    batches: Annotated[
        str, typer.Option(help="Utterances that are recognised together; a list is measured one by one.")
    ] = "1,2,4,8,16",
    output: OutputOption = None,
) -> None:
    """Measure the embedded models without the service."""
    sizes = options.batch_sizes(batches)
    samples = [padded(each, SETTINGS.pre_roll_ms, SETTINGS.padding_ms) for each in recordings(source)]
    measured = CeilingRounds(source, target, rounds, samples, list(islice(cycle(samples), utterances)))
    asyncio.run(_measure(measured, sizes))
    figures = report(measured)
    show(tables(figures))
    write(output, figures)


async def _measure(measured: CeilingRounds, sizes: Sequence[int]) -> None:
    progress("loading the models")
    async with embedded_models(measured.source, measured.target) as embedded, AsyncExitStack() as stack:
        steps = await _steps(stack, embedded, measured, sizes)
        began, others_s = time.perf_counter(), _others_s()
        for number in tracked(range(measured.rounds), "measuring"):
            random.Random(number).shuffle(steps)
            for step in steps:
                await step()
        measured.others_cores = (_others_s() - others_s) / (time.perf_counter() - began)


def _others_s() -> float:
    """Processor time of all cores so far that was not spent by this process."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system - time.process_time())


async def _steps(
    stack: AsyncExitStack, embedded: EmbeddedModels, measured: CeilingRounds, sizes: Sequence[int]
) -> list[Step]:
    """All parts of a round, loaded and run once."""
    cores = len(os.sched_getaffinity(0))
    whispers = [BareWhisper(EMBEDDED, layout, embedded.source) for layout in layouts(cores)]
    steps: list[Step] = []
    # One call at a time uses no more threads than the provider gives it.
    alone = next(each for each in whispers if each.layout.threads <= cpu_threads_per_worker(EMBEDDED))
    for name, pipeline in embedded.pipelines(alone).items():
        await pipeline.run(measured.samples[0])
        steps.append(partial(measured.time_pipeline, name, pipeline))
    for whisper in whispers:
        for setup, run in (await embedded.stage_runs(stack, whisper, sizes)).items():
            await run(measured.samples)
            steps.append(partial(measured.time_stage, setup, run))
    return steps


if __name__ == "__main__":
    app()
