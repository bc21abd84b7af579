"""``sokuji live``: its options, and how it begins and ends."""

import asyncio
import signal
import sys
from contextlib import AbstractAsyncContextManager, ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from sokuji.cli.console import ApiKeyOption, CommitOption, PartialsOption, session_url
from sokuji.cli.files import atomic_files, batch
from sokuji.cli.language_options import source_language, target_language
from sokuji.cli.live.conversation import LiveConversation, in_process_conversation
from sokuji.cli.live.interpreter import LiveInterpreter
from sokuji.cli.live.keyboard import keys
from sokuji.cli.live.recorder import recorder
from sokuji.cli.live.screen import live_screen
from sokuji.cli.live.sound_device import VOICE_RATE, SoundCard, device_lines
from sokuji.cli.speech.options import (
    CandidatesOption,
    DeviceOption,
    ModelOption,
    SpeedOption,
    VoiceOption,
    codes,
    recogniser,
)
from sokuji.client.client import connect
from sokuji.client.config import Config


def _list_devices(wanted: bool) -> None:
    if wanted:
        for line in device_lines():
            typer.echo(line)
        raise typer.Exit


def _record_file(path: Path | None) -> Path | None:
    if path is not None:
        if path.suffix.lower() != ".wav":
            raise typer.BadParameter(f"{str(path)!r} is no WAV file; accepted: .wav")
        try:
            atomic_files.check_writable(path)
        except OSError as error:
            raise typer.BadParameter(f"{path} cannot be written: {error.strerror}") from None
    return path


def _terminal(wanted: bool) -> bool:
    if wanted and not sys.stdin.isatty():
        raise typer.BadParameter("keys are read from a terminal, and standard input is none")
    return wanted


def live(
    target: Annotated[
        str, typer.Option("--to", callback=target_language, help="Language to translate to, by code or name.")
    ],
    source: Annotated[
        str, typer.Option("--from", callback=source_language, help="Language spoken; auto detects it.")
    ] = "auto",
    candidates: CandidatesOption = "",
    voice: VoiceOption = "default",
    speed: SpeedOption = 1.0,
    captions_only: Annotated[
        bool, typer.Option("--captions-only", help="Show the translation and speak nothing.")
    ] = False,
    commit: CommitOption = None,
    partials: PartialsOption = True,
    list_devices: Annotated[
        bool,
        typer.Option("--list-devices", is_eager=True, callback=_list_devices, help="List the sound devices."),
    ] = False,
    input_device: Annotated[
        str | None, typer.Option(metavar="DEVICE", help="The microphone: its number, or a part of its name.")
    ] = None,
    output_device: Annotated[
        str | None, typer.Option(metavar="DEVICE", help="The loudspeaker: its number, or a part of its name.")
    ] = None,
    push_to_talk: Annotated[
        bool,
        typer.Option(
            "--push-to-talk",
            callback=_terminal,
            help="Space begins and ends what is sent.",
        ),
    ] = False,
    record: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            callback=_record_file,
            help="WAV file of everything: the microphone left, the loudspeaker right.",
        ),
    ] = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    server: Annotated[
        str,
        typer.Option(
            metavar="URL",
            callback=session_url,
            help="Use a running service instead of models in this process; grpc:// and grpcs:// too.",
        ),
    ] = "",
    api_key: ApiKeyOption = "",
) -> None:
    """Interpret from the microphone to the loudspeaker, with captions, until Ctrl-C."""
    if captions_only and (output_device is not None or (voice, speed) != ("default", 1.0)):
        raise typer.BadParameter("there is no voice", param_hint="--captions-only")
    config = Config(
        source_language=source,
        source_languages=codes(candidates),
        target_language=target,
        voice_id=voice,
        speed=speed,
        output="captions" if captions_only else "audio",
        output_sample_rate=None if captions_only else VOICE_RATE,
        commit=commit,
        partials=partials,
    )
    stt = recogniser(model, device, server)
    conversation = (
        connect(server, config, api_key=api_key) if server else in_process_conversation(config, stt)
    )
    card = SoundCard(input_device, output_device)
    batch.run(_live(conversation, card, _Ways(not captions_only, push_to_talk, record)))


@dataclass(frozen=True, slots=True)
class _Ways:
    """In which ways a conversation is held."""

    speaks: bool
    push_to_talk: bool
    record: Path | None


async def _live(opening: AbstractAsyncContextManager[LiveConversation], card: SoundCard, ways: _Ways) -> None:
    with live_screen() as screen, ExitStack() as opened:
        screen.set_state("loading")
        recording = opened.enter_context(recorder(ways.record)) if ways.record else None
        async with opening as conversation:
            interpreter = LiveInterpreter(
                conversation,
                screen,
                speaks=ways.speaks,
                push_to_talk=ways.push_to_talk,
                recorder=recording,
            )
            if ways.push_to_talk:
                opened.enter_context(keys(interpreter.press))
            _stop_at_first_interrupt(interpreter)
            await interpreter.run(card)


def _stop_at_first_interrupt(interpreter: LiveInterpreter) -> None:
    """The first Ctrl-C ends the conversation, the second one the program."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        interpreter.stop()

    # Only the main thread may; elsewhere somebody else has to stop it.
    with suppress(RuntimeError, ValueError):
        loop.add_signal_handler(signal.SIGINT, stop)
