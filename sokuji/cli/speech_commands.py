"""``sokuji translate``, ``transcribe`` and ``speak``: recordings in, text and WAV files out."""

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Annotated

import typer

from sokuji.audio.pcm import RECOGNISER_RATE, AudioBuffer, duration_ms
from sokuji.cli.console import (
    ApiKeyOption,
    Display,
    non_empty,
    progress_display,
    service_url,
    source_language,
    target_language,
)
from sokuji.cli.interpreter import (
    CONCURRENCY,
    InterpretedUtterance,
    in_process_interpreter,
    remote_interpreter,
)
from sokuji.cli.recording_results import collect, times
from sokuji.cli.recordings import read_recording
from sokuji.cli.speech_options import CandidatesOption, InputFile, OutputFile, SpeedOption, VoiceOption
from sokuji.cli.transcript_output import (
    FormatOption,
    PrintedFormat,
    SubtitleText,
    SubtitleTextOption,
    transcript_json,
    transcript_subtitles,
    translation_json,
    translation_subtitles,
)
from sokuji.client.config import Config
from sokuji.config import SegmentationSettings
from sokuji.errors import NoVoice
from sokuji.languages import parse_source
from sokuji.pipeline.in_process import local_pipeline
from sokuji.pipeline.language_candidates import check_candidates
from sokuji.pipeline.recorded_speech import RecordedUtterance, interpret
from sokuji.text.subtitles.formats import SUBTITLE_MEDIA_TYPES

MAX_RECORDING_S = 2 * 3_600.0
LOADING = "loading the models"


def translate(
    file: InputFile,
    output: OutputFile,
    target: Annotated[str, typer.Option("--to", callback=target_language, help="Language to translate to.")],
    source: Annotated[
        str, typer.Option("--from", callback=source_language, help="Language spoken; auto detects it.")
    ] = "auto",
    candidates: CandidatesOption = "",
    voice: VoiceOption = "default",
    speed: SpeedOption = 1.0,
    output_format: FormatOption = "text",
    subtitles: SubtitleTextOption = "translation",
    server: Annotated[
        str,
        typer.Option(
            metavar="URL",
            callback=service_url,
            help="Use a running service instead of models in this process.",
        ),
    ] = "",
    api_key: ApiKeyOption = "",
) -> None:
    """Translate a recording and speak the translation into a WAV file.

    Each utterance is printed as soon as it is translated: its time, its text and the translation. Subtitles
    and JSON are printed at the end. With --server the words of subtitles share the time of their utterance.
    """
    config = Config(
        source_language=source,
        source_languages=_codes(candidates),
        target_language=target,
        voice_id=voice,
        speed=speed,
    )
    output.write_bytes(asyncio.run(_translate(file, config, server, api_key, output_format, subtitles)).wav())


def _codes(listed: str) -> tuple[str, ...]:
    return tuple(filter(None, listed.split(",")))


async def _translate(
    file: Path,
    config: Config,
    server: str,
    api_key: str,
    output_format: PrintedFormat,
    subtitles: SubtitleText,
) -> AudioBuffer:
    sound = AudioBuffer()

    def show(utterance: InterpretedUtterance) -> None:
        if output_format == "text":
            _show(display, utterance, config.target_language)
        if utterance.sound.pcm:
            sound.add(utterance.sound.pcm, utterance.sound.sample_rate)

    in_subtitles = output_format in SUBTITLE_MEDIA_TYPES
    with progress_display(LOADING) as display:
        pcm = await read_recording(file, MAX_RECORDING_S)
        opening = (
            remote_interpreter(server, config, api_key)
            if server
            else in_process_interpreter(config, word_times=in_subtitles)
        )
        async with opening as interpreter:
            display.start("translating", duration_ms(pcm, RECOGNISER_RATE))
            results = await collect(file, interpreter(pcm), display, show)
        if output_format == "json":
            display.print_line(translation_json(results))
        elif output_format != "text":
            display.print_line(translation_subtitles(results.utterances, output_format, subtitles))
    if not sound.pcm:
        raise NoVoice("no voice reads the translation, so that there is no sound to write")
    return sound


def _show(display: Display, utterance: InterpretedUtterance, target: str) -> None:
    when = times(utterance)
    display.print_line(f"{when}  {utterance.language}  {utterance.text}")
    display.print_line(f"{'':{len(when)}}  {target}  {utterance.translation}", style="bold")


def transcribe(
    file: InputFile,
    language: Annotated[
        str, typer.Option(callback=source_language, help="Language spoken; auto detects it.")
    ] = "auto",
    candidates: CandidatesOption = "",
    output_format: FormatOption = "text",
) -> None:
    """Print the text of a recording, utterance by utterance, with times; or as subtitles or JSON."""
    asyncio.run(_transcribe(file, language, _codes(candidates), output_format))


async def _transcribe(
    file: Path, language: str, candidates: tuple[str, ...], output_format: PrintedFormat
) -> None:
    def show(utterance: RecordedUtterance) -> None:
        if output_format == "text":
            transcript = utterance.transcript
            display.print_line(f"{times(utterance)}  {transcript.language}  {transcript.text}")

    with progress_display(LOADING) as display:
        pcm = await read_recording(file, MAX_RECORDING_S)
        async with local_pipeline(translation=(), tts=()) as pipeline:
            source = parse_source(language)
            if source is not None:
                pipeline.catalogue.check_spoken(source)
            check_candidates(pipeline.catalogue, source, candidates, param="language")
            display.start("recognising", duration_ms(pcm, RECOGNISER_RATE))
            utterances = interpret(
                pipeline,
                pcm,
                source=source,
                named=candidates,
                target=None,
                segmentation=SegmentationSettings(),
                concurrency=CONCURRENCY,
                word_times=output_format != "text",
            )
            results = await collect(file, utterances, display, show)
        if output_format == "json":
            display.print_line(transcript_json(results))
        elif output_format != "text":
            display.print_line(transcript_subtitles(results.utterances, output_format))


def speak(
    text: Annotated[str, typer.Argument(callback=non_empty)],
    output: OutputFile,
    language: Annotated[str, typer.Option(callback=target_language, help="Language of the text.")],
    voice: VoiceOption = "default",
    speed: SpeedOption = 1.0,
) -> None:
    """Speak a text into a WAV file."""
    output.write_bytes(asyncio.run(_speak(text, language, voice, speed)).wav())


async def _speak(text: str, language: str, voice: str, speed: float) -> AudioBuffer:
    sound = AudioBuffer()
    with progress_display(LOADING):
        async with local_pipeline(stt=(), translation=()) as pipeline:
            chunks = pipeline.speak(text, language, voice_id=voice, speed=speed)
            async with aclosing(chunks):
                async for chunk in chunks:
                    sound.add(chunk.pcm, chunk.sample_rate)
    return sound
