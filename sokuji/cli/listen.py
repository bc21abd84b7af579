"""``sokuji listen``: shows the captions of somebody else's broadcast in the terminal, and keeps its voice."""

import asyncio
import wave
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Annotated

import typer

from sokuji import events
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.audio.resampling import resample
from sokuji.cli.console import ApiKeyOption, PartialsOption, timestamp, writable
from sokuji.cli.language_options import target_language
from sokuji.cli.progress import Display, progress_display
from sokuji.client.broadcast import listen as join
from sokuji.client.broadcast import split_link
from sokuji.errors import SokujiError


def _link(value: str) -> str:
    try:
        split_link(value)
    except SokujiError as error:
        raise typer.BadParameter(error.message) from None
    return value


def _writable(path: Path | None) -> Path | None:
    return path and writable(path)


def listen(
    url: Annotated[
        str,
        typer.Option(
            metavar="LINK",
            callback=_link,
            help="The link that the speaker has shared: http://host:8000/listen?session=...",
        ),
    ],
    language: Annotated[
        str, typer.Option("--to", callback=target_language, help="Language to read and to hear.")
    ] = "en",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="WAV",
            callback=_writable,
            help="WAV file for the voice; without it, captions only.",
        ),
    ] = None,
    api_key: ApiKeyOption = "",
    partials: PartialsOption = True,
) -> None:
    """Show somebody else's broadcast: what is said and its translation, until it is over or Ctrl-C."""
    asyncio.run(_listen(url, language, output, api_key, partials=partials))


async def _listen(link: str, language: str, output: Path | None, api_key: str, *, partials: bool) -> None:
    wanted = join(link, language=language, output="audio" if output else "captions", api_key=api_key)
    with ExitStack() as files, progress_display("connecting") as display:
        async with wanted as broadcast:
            file = files.enter_context(closing(_VoiceFile(output))) if output else None
            if file and not broadcast.joined.voice:
                display.warn(f"no voice speaks {language}: there are captions only")
            async for event in broadcast:
                if isinstance(event, events.Audio) and file:
                    file.write(event)
                elif partials or not _is_partial(event):
                    _show(display, event)


class _VoiceFile:
    """A WAV file that is written as the voice comes, and is whole whenever the listener stops."""

    def __init__(self, path: Path) -> None:
        self._file = wave.open(str(path), "wb")  # noqa: SIM115 (``close`` closes it)
        self._file.setnchannels(1)
        self._file.setsampwidth(2)
        self._rate = 0
        """Hz; 0 until there is a voice."""

    def write(self, audio: events.Audio) -> None:
        """Append a chunk; another voice may have another rate."""
        if not self._rate:
            self._begin(audio.sample_rate)
        pcm = audio.pcm
        if audio.sample_rate != self._rate:
            pcm = resample(pcm, audio.sample_rate, self._rate)
        self._file.writeframes(pcm)

    def close(self) -> None:
        """Complete the file."""
        if not self._rate:
            self._begin(RECOGNISER_RATE)
        self._file.close()

    def _begin(self, rate: int) -> None:
        self._rate = rate
        self._file.setframerate(rate)


def _is_partial(event: events.ListenerEvent) -> bool:
    return isinstance(event, events.Transcription) and not event.is_final


def _show(display: Display, event: events.ListenerEvent) -> None:
    match event:
        case events.Transcription(is_final=True):
            display.print_line(f"{timestamp(event.end_ms):>8}  {event.language}  {event.text}")
        case events.Transcription():
            display.show_partial(f"{event.language}  {event.text}")
        case events.TranslationText() if event.text:
            display.print_line(f"{'':>8}  {event.target_language}  {event.text}", style="bold")
        case events.Failed():
            display.warn(f"{'':>8}  failed: {event.error.message}")
        case events.BroadcastChanged(state="interrupted"):
            display.warn("the speaker has lost the connection, and may come back")
        case events.BroadcastChanged(state="live"):
            display.warn("the speaker is back")
        case events.VoiceSkipped():
            display.warn(f"{event.skipped_ms / 1_000:.1f} s of the voice were left out: the network is slow")
