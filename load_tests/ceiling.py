"""What the machine can do with the bare models in one process: the limit that the service is compared with.

``python -m load_tests.ceiling --output benchmarks/ceiling.json``

The recordings are those of the load, with the silence that a session leaves around them. First one utterance
after another, in the ways of ``one_process``: what that takes to the first audio, a service cannot beat. Then
stage by stage with all that cores and batches give: each stage has the whole machine for its share of the
time, so the utterances per second of the chain are one over the sum of what the stages take for one. One
final recognition, one translation and one voice are counted; captions that still change, speculation that was
in vain, and sockets come on top.

All is repeated in rounds, each in another order; what comes before the first round is not counted.
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
from rich.console import Console
from rich.progress import Progress

from load_tests.batches import BareWhisper, layouts
from load_tests.ceiling_report import Measured, report, tables
from load_tests.limit import Setup
from load_tests.material import Spoken, transcripts
from load_tests.one_process import RECOGNISER, Embedded, Way, whisper_files
from load_tests.options import batch_sizes
from load_tests.reports import OutputOption, write
from load_tests.stage_limits import Work, stages
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.cli.console import one_line_failures, target_language
from sokuji.config import SegmentationSettings
from sokuji.languages import LANGUAGES
from sokuji.measure.samples import sentences
from sokuji.providers.stt.whisper.provider import cpu_threads_per_worker

Step = Callable[[], Awaitable[None]]

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.command()
@one_line_failures()
def main(
    source: Annotated[str, typer.Option("--from", callback=target_language, help="Language spoken.")] = "pt",
    target: Annotated[str, typer.Option("--to", callback=target_language, help="Language wanted.")] = "en",
    rounds: Annotated[int, typer.Option(min=1, max=100, help="How often all is repeated.")] = 5,
    utterances: Annotated[
        int, typer.Option(min=1, max=1_000, help="Utterances of a round, to be put into batches.")
    ] = 24,
    batches: Annotated[
        str, typer.Option(help="Utterances that are recognised together; one after another of a list.")
    ] = "1,2,4,8,16",
    output: OutputOption = None,
) -> None:
    """Measure the embedded models without the service."""
    sizes = batch_sizes(batches)
    measured = asyncio.run(_measure(source, target, rounds, utterances, sizes))
    console = Console(width=None if Console().is_terminal else 120)
    for each in tables(measured):
        console.print(each)
    write(output, report(measured))


def utterances_of(language: str, settings: SegmentationSettings) -> list[Spoken]:
    """The recordings as a session hands them to the recogniser, with silence before and behind."""
    before, behind = (
        bytes(2 * ms * RECOGNISER_RATE // 1_000) for ms in (settings.pre_roll_ms, settings.padding_ms)
    )
    return [
        Spoken(language, before + clip + behind, words)
        for clip, words in zip(sentences(language), transcripts(language), strict=True)
    ]


async def _measure(source: str, target: str, rounds: int, utterances: int, sizes: Sequence[int]) -> Measured:
    spoken = utterances_of(source, SegmentationSettings())
    measured = Measured(source, target, rounds, spoken, list(islice(cycle(spoken), utterances)))
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        line = bar.add_task("loading the models", total=None)
        async with Embedded(source, target) as embedded, AsyncExitStack() as stack:
            steps = await _steps(stack, embedded, measured, sizes)
            bar.update(line, description="measuring", total=rounds * len(steps))
            began, others_s = time.perf_counter(), _others_s()
            for number in range(rounds):
                random.Random(number).shuffle(steps)
                for step in steps:
                    await step()
                    bar.advance(line)
            measured.others_cores = (_others_s() - others_s) / (time.perf_counter() - began)
    return measured


def _others_s() -> float:
    """Seconds that all cores together have computed so far for other processes than this one."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system - time.process_time())


async def _steps(
    stack: AsyncExitStack, embedded: Embedded, measured: Measured, sizes: Sequence[int]
) -> list[Step]:
    """All that a round consists of, loaded and done once."""
    code = LANGUAGES[embedded.source].whisper or embedded.source
    whispers = [
        BareWhisper(whisper_files(), RECOGNISER.compute_type, layout, code)
        for layout in layouts(len(os.sched_getaffinity(0)))
    ]
    steps: list[Step] = []
    # One call at a time takes no more threads than our provider gives it.
    alone = next(each for each in whispers if each.layout.threads <= cpu_threads_per_worker(RECOGNISER))
    for name, way in embedded.ways(alone).items():
        await way.answer(measured.spoken[0])
        steps.append(partial(_answer_all, measured, name, way))
    for whisper in whispers:
        for setup, work in (await stages(stack, embedded, whisper, sizes)).items():
            await work(measured.spoken)
            steps.append(partial(_work_off, measured, setup, work))
    return steps


async def _answer_all(measured: Measured, name: str, way: Way) -> None:
    """Every recording once, one after another."""
    measured.answers[name].append([await way.answer(each) for each in measured.spoken])


async def _work_off(measured: Measured, setup: Setup, work: Work) -> None:
    """Many utterances through one stage."""
    began, computed_s = time.perf_counter(), time.process_time()
    texts = await work(measured.many)
    measured.seconds[setup].append((time.perf_counter() - began) / len(measured.many))
    measured.cpu_s[setup].append((time.process_time() - computed_s) / len(measured.many))
    measured.texts[setup] = texts


if __name__ == "__main__":
    app()
