"""``sokuji speak``: texts in, sound files out."""

import asyncio
from contextlib import AbstractAsyncContextManager, aclosing
from functools import partial
from typing import Annotated, Literal

import typer

from sokuji.audio.encoding import encode
from sokuji.audio.pcm import AudioBuffer
from sokuji.cli.console import ApiKeyOption
from sokuji.cli.files import batch, outputs
from sokuji.cli.files.batch import Batch
from sokuji.cli.files.outputs import (
    SOUND_FORMATS,
    FormatsOption,
    OutputDirOption,
    OutputOption,
    Outputs,
    OverwriteOption,
    WorkItem,
)
from sokuji.cli.language_options import target_language
from sokuji.cli.progress import Display, progress_display
from sokuji.cli.speech.options import (
    STARTING,
    FilesArgument,
    ServerOption,
    SpeedOption,
    TextOption,
    VoiceOption,
    check_local,
    chosen_inputs,
)
from sokuji.cli.speech.text_translation import MAX_TEXT_BYTES, text_of
from sokuji.cli.speech.voice import Speaker, VoiceWish, in_process_speaker, portions, remote_speaker
from sokuji.config import PiperConfig, Settings
from sokuji.errors import InvalidRequest, TooLarge
from sokuji.pipeline.in_process import TTS

TEXT_SUFFIXES = frozenset((".txt",))


def speak(
    language: Annotated[
        str, typer.Option(callback=target_language, help="Language of the texts, by code or name.")
    ],
    files: FilesArgument = None,
    text: TextOption = "",
    formats: FormatsOption = "",
    output: OutputOption = None,
    output_dir: OutputDirOption = None,
    overwrite: OverwriteOption = False,
    voice: VoiceOption = "default",
    speed: SpeedOption = 1.0,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="A Piper voice: en_US-joe-medium (embedded), or one of the model hub."
        ),
    ] = None,
    device: Annotated[
        Literal["cpu", "cuda"] | None, typer.Option(help="Where the Piper voice runs; default: cpu.")
    ] = None,
    server: ServerOption = "",
    api_key: ApiKeyOption = "",
) -> None:
    """Speak texts into sound files: wav, mp3, opus, ogg (Opus too) or flac.

    With --model or --device a Piper voice alone speaks, which has one language.
    """
    wanted = Outputs(tuple(SOUND_FORMATS), formats, output, output_dir, "wav")
    if output is None and output_dir is None:
        raise typer.BadParameter("name a file, such as speech.mp3, or - to print it", param_hint="--output")
    work = [
        WorkItem(each, wanted.sinks(each.name.with_suffix(""), lambda _: ""))
        for each in chosen_inputs(files, text, TEXT_SUFFIXES)
    ]
    outputs.check(work, output_dir)
    check_local(server, model, device)
    wish = VoiceWish(language, voice, speed)
    opening = (
        remote_speaker(server, api_key, wish) if server else in_process_speaker(wish, _voices(model, device))
    )
    batch.run(_speak(work, opening, overwrite=overwrite))


def _voices(model: str | None, device: str | None) -> tuple[Settings, ...]:
    chosen = {name: value for name, value in {"tts_model": model, "device": device}.items() if value}
    return (PiperConfig(**chosen),) if chosen else TTS


async def _speak(
    work: list[WorkItem], opening: AbstractAsyncContextManager[Speaker], *, overwrite: bool
) -> None:
    with progress_display(STARTING) as display:
        pending = Batch(work, display, overwrite=overwrite)
        if pending.is_done:
            return
        async with opening as say:
            await pending.run(partial(_speak_one, say, display))


async def _speak_one(say: Speaker, display: Display, item: WorkItem, title: str) -> None:
    def render(file_format: str) -> bytes:
        return encode(bytes(sound.pcm), sound.sample_rate, SOUND_FORMATS[file_format]).data

    with item.input.opened() as file:
        text = text_of(data := file.read(MAX_TEXT_BYTES + 1))
    if len(data) > MAX_TEXT_BYTES:
        raise TooLarge(f"it has more than {MAX_TEXT_BYTES} bytes")
    if not text.strip():
        raise InvalidRequest("the text is empty")
    sound = AudioBuffer()
    display.start(title, 0)
    try:
        await _add_all(sound, say, text)
    except asyncio.CancelledError:
        if sound.pcm:
            batch.write_partial_results(item.sinks, render, display)
        raise
    batch.write_results(item.sinks, render, display)


async def _add_all(sound: AudioBuffer, say: Speaker, text: str) -> None:
    for portion in portions(text):
        async with aclosing(say(portion, sound.sample_rate or None)) as pieces:
            async for piece in pieces:
                sound.add(piece.pcm, piece.sample_rate)
    if not sound.pcm:
        raise InvalidRequest("the text has no word, number or sign that can be spoken")
