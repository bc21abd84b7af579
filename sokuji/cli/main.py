"""The ``sokuji`` command."""

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Annotated

import typer

from sokuji import __version__
from sokuji.audio.decoding import decode
from sokuji.audio.pcm import RECOGNISER_RATE, AudioBuffer, duration_ms
from sokuji.cli.console import (
    CommandGroup,
    Screen,
    audio_screen,
    clock,
    not_empty,
    service_url,
    source_language,
    target_language,
    writable,
)
from sokuji.cli.demo import demo
from sokuji.cli.interpreter import CONCURRENCY, InterpretedUtterance, interpreter_at, interpreter_here
from sokuji.cli.model_commands import models
from sokuji.cli.profile_commands import profile
from sokuji.client.config import Config
from sokuji.config import SegmentationSettings
from sokuji.errors import NoSpeech
from sokuji.languages import parse_source
from sokuji.pipeline.in_process import local_pipeline
from sokuji.pipeline.recordings import RecordedUtterance, interpret

MAX_RECORDING_S = 2 * 3_600.0
LOADING = "loading the models"

app = typer.Typer(
    cls=CommandGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Speech-to-speech translation. Recordings are worked on in this process, on the embedded models; "
    "the models need no network.",
)

Recording = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", exists=True, dir_okay=False, help="WAV, FLAC, MP3, OGG/Opus, M4A or WebM; up to 2 h."
    ),
]
Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="WAV", callback=writable, help="The WAV file to write.")
]
Voice = Annotated[str, typer.Option(help="Id of a voice; a wrong one is answered with the right ones.")]
Speed = Annotated[float, typer.Option(min=0.5, max=2.0, help="2 speaks twice as fast.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sokuji {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None: ...


@app.command()
def translate(
    file: Recording,
    output: Output,
    target: Annotated[str, typer.Option("--to", callback=target_language, help="Language wanted.")],
    source: Annotated[
        str, typer.Option("--from", callback=source_language, help="Language spoken; auto detects it.")
    ] = "auto",
    voice: Voice = "default",
    speed: Speed = 1.0,
    server: Annotated[
        str,
        typer.Option(
            metavar="URL",
            callback=service_url,
            help="Use a running service instead of models in this process.",
        ),
    ] = "",
) -> None:
    """Translate a recording and speak the translation.

    Each utterance is printed when it is done: its time, what was said, what that means.
    """
    wanted = Config(source_language=source, target_language=target, voice_id=voice, speed=speed)
    output.write_bytes(asyncio.run(_translate(file, wanted, server)).wav())


async def _translate(file: Path, wanted: Config, server: str) -> AudioBuffer:
    sound = AudioBuffer()
    with audio_screen(LOADING) as screen:
        pcm = _read(file)
        opening = interpreter_at(server, wanted) if server else interpreter_here(wanted)
        async with opening as interpreter, aclosing(interpreter(pcm)) as utterances:
            screen.begin("translating", duration_ms(pcm, RECOGNISER_RATE))
            async for each in utterances:
                _show(screen, each, wanted.target_language)
                if each.sound.pcm:
                    sound.add(each.sound.pcm, each.sound.sample_rate)
    if not sound.pcm:
        raise NoSpeech(f"nobody speaks in {file}")
    return sound


def _read(file: Path) -> bytes:
    with file.open("rb") as source:
        return decode(source, max_seconds=MAX_RECORDING_S)


def _show(screen: Screen, each: InterpretedUtterance, target: str) -> None:
    times = _times(each)
    screen.line(f"{times}  {each.language}  {each.text}")
    screen.line(f"{'':{len(times)}}  {target}  {each.translation}", style="bold")
    screen.reached(each.end_ms)


def _times(each: InterpretedUtterance | RecordedUtterance) -> str:
    return f"{clock(each.start_ms)} - {clock(each.end_ms)}"


@app.command()
def transcribe(
    file: Recording,
    language: Annotated[
        str, typer.Option(callback=source_language, help="Language spoken; auto detects it.")
    ] = "auto",
) -> None:
    """Print what is said in a recording, utterance by utterance, with times."""
    asyncio.run(_transcribe(file, language))


async def _transcribe(file: Path, language: str) -> None:
    found = False
    with audio_screen(LOADING) as screen:
        pcm = _read(file)
        async with local_pipeline(translation=(), tts=()) as pipeline:
            source = parse_source(language)
            if source is not None:
                pipeline.catalogue.check_spoken(source)
            screen.begin("recognising", duration_ms(pcm, RECOGNISER_RATE))
            utterances = interpret(
                pipeline,
                pcm,
                source=source,
                target=None,
                segmentation=SegmentationSettings(),
                concurrency=CONCURRENCY,
            )
            async with aclosing(utterances):
                async for each in utterances:
                    found = True
                    heard = each.transcript
                    screen.line(f"{_times(each)}  {heard.language}  {heard.text}")
                    screen.reached(each.end_ms)
    if not found:
        raise NoSpeech(f"nobody speaks in {file}")


@app.command()
def speak(
    text: Annotated[str, typer.Argument(callback=not_empty)],
    output: Output,
    language: Annotated[str, typer.Option(callback=target_language, help="Language of the text.")],
    voice: Voice = "default",
    speed: Speed = 1.0,
) -> None:
    """Speak a text into a WAV file."""
    output.write_bytes(asyncio.run(_speak(text, language, voice, speed)).wav())


async def _speak(text: str, language: str, voice: str, speed: float) -> AudioBuffer:
    sound = AudioBuffer()
    with audio_screen(LOADING):
        async with local_pipeline(stt=(), translation=()) as pipeline:
            chunks = pipeline.speak(text, language, voice_id=voice, speed=speed)
            async with aclosing(chunks):
                async for chunk in chunks:
                    sound.add(chunk.pcm, chunk.sample_rate)
    return sound


app.command()(demo)
app.add_typer(models, name="models")
app.add_typer(profile, name="profile")


def main() -> None:
    """Entry point of the console script."""
    app(prog_name="sokuji")
