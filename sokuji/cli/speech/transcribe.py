"""``sokuji transcribe``: recordings in, what is said in them out, as lines or files."""

import asyncio
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Annotated

import typer

from sokuji.audio.pcm import RECOGNISER_RATE, duration_ms
from sokuji.cli.console import ApiKeyOption
from sokuji.cli.files import batch, outputs
from sokuji.cli.files.batch import Batch
from sokuji.cli.files.inputs import RECORDING_SUFFIXES, inputs_of
from sokuji.cli.files.outputs import (
    TEXT_FORMATS,
    FormatsOption,
    OutputDirOption,
    OutputOption,
    Outputs,
    OverwriteOption,
    WorkItem,
)
from sokuji.cli.language_options import source_language
from sokuji.cli.progress import Display, progress_display
from sokuji.cli.speech.interpreter import in_process_transcriber
from sokuji.cli.speech.options import (
    STARTING,
    CandidatesOption,
    DeviceOption,
    ModelOption,
    ServerOption,
    codes,
    recogniser,
)
from sokuji.cli.speech.recordings import RecordingReader, recording_reader
from sokuji.cli.speech.remote_transcription import remote_transcriber
from sokuji.cli.speech.results import InterpretedUtterance, Interpreter, RecordingResults, times
from sokuji.cli.speech.transcript_formats import TIMED_FORMATS, transcript_file


def transcribe(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILES...", help="Recordings, folders, patterns, file:// addresses, - for standard input."
        ),
    ],
    language: Annotated[
        str, typer.Option(callback=source_language, help="Language spoken, by code or name; auto detects it.")
    ] = "auto",
    candidates: CandidatesOption = "",
    formats: FormatsOption = "",
    output: OutputOption = None,
    output_dir: OutputDirOption = None,
    overwrite: OverwriteOption = False,
    model: ModelOption = None,
    device: DeviceOption = None,
    server: ServerOption = "",
    api_key: ApiKeyOption = "",
) -> None:
    """Print what is said in recordings, utterance by utterance, with times; or write files of it.

    Formats: txt, srt, vtt, json, tsv. A recording may last up to 2 h, in any format that FFmpeg decodes.
    """
    wanted = Outputs(TEXT_FORMATS, formats, output, output_dir, "txt")
    work = [
        WorkItem(each, wanted.sinks(each.name.with_suffix(""), lambda _: ""))
        for each in inputs_of(files, RECORDING_SUFFIXES)
    ]
    outputs.check(work, output_dir)
    word_times = any(sink.format in TIMED_FORMATS for item in work for sink in item.sinks)
    stt = recogniser(model, device, server)
    opening = (
        remote_transcriber(server, api_key, language, codes(candidates), word_times=word_times)
        if server
        else in_process_transcriber(language, codes(candidates), word_times=word_times, stt=stt)
    )
    batch.run(_transcribe(work, opening, overwrite=overwrite))


async def _transcribe(
    work: list[WorkItem], opening: AbstractAsyncContextManager[Interpreter], *, overwrite: bool
) -> None:
    with progress_display(STARTING) as display, recording_reader() as reader:
        pending = Batch(work, display, overwrite=overwrite)
        if pending.is_done:
            return
        async with opening as interpret:
            await pending.run(partial(_transcribe_one, reader, interpret, display))


async def _transcribe_one(
    reader: RecordingReader, interpret: Interpreter, display: Display, item: WorkItem, title: str
) -> None:
    def show(utterance: InterpretedUtterance) -> None:
        if not item.sinks:
            display.print_line(f"{times(utterance)}  {utterance.language}  {utterance.text}")

    def render(file_format: str) -> bytes:
        return transcript_file(results, file_format, "source")

    results = RecordingResults()
    with item.input.opened() as file:
        pcm = await reader.read(file, item.input.name.name)
    display.start(title, duration_ms(pcm, RECOGNISER_RATE))
    try:
        await results.collect(interpret(pcm), display, show)
    except asyncio.CancelledError:
        if results.utterances:
            batch.write_partial_results(item.sinks, render, display)
        raise
    batch.write_results(item.sinks, render, display)
