"""Interprets a microphone: captions in the terminal, the voice on the loudspeaker. Ctrl-C ends it.

    python examples/microphone.py --from pt --to en

Use headphones, or the microphone hears the voice. Needs ``pip install sokuji-bridge sounddevice`` and
PortAudio, which Debian has as ``libportaudio2``. ``python -m sounddevice`` lists the devices.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import AsyncIterator

try:
    import sounddevice
except OSError as missing:  # The library is there, PortAudio is not.
    sys.exit(f"error: {missing}; install PortAudio, on Debian: apt install libportaudio2")

from sokuji.client import Config, connect
from sokuji.errors import SokujiError
from sokuji.events import Audio, Failed, Transcription, TranslationText

RATE, VOICE_RATE = 16_000, 24_000

Frames = asyncio.Queue[bytes | None]


async def until_end(microphone: Frames) -> AsyncIterator[bytes]:
    """What the microphone hears, up to Ctrl-C."""
    while (pcm := await microphone.get()) is not None:
        yield pcm


async def play(loudspeaker: sounddevice.RawOutputStream, voice: Frames) -> None:
    """Write the voice to the loudspeaker, which takes it as fast as it is heard."""
    while (pcm := await voice.get()) is not None:
        await asyncio.to_thread(loudspeaker.write, pcm)


async def interpret(args: argparse.Namespace) -> None:
    """Send what is heard; print and play what comes back."""
    heard: Frames = asyncio.Queue()
    voice: Frames = asyncio.Queue()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, heard.put_nowait, None)

    def hear(pcm: object, frames: int, time: object, status: object) -> None:
        loop.call_soon_threadsafe(heard.put_nowait, bytes(pcm))  # type: ignore[call-overload]

    config = Config(source_language=args.source, target_language=args.target, output_sample_rate=VOICE_RATE)
    microphone = sounddevice.RawInputStream(
        samplerate=RATE, blocksize=RATE // 10, device=args.input, channels=1, dtype="int16", callback=hear
    )
    loudspeaker = sounddevice.RawOutputStream(
        samplerate=VOICE_RATE, device=args.output, channels=1, dtype="int16"
    )
    async with connect(args.url, config) as conversation:
        with microphone, loudspeaker:
            playing = asyncio.create_task(play(loudspeaker, voice))
            async for event in conversation.converse(until_end(heard)):
                match event:
                    case Transcription(text=text):
                        print(text, flush=True)
                    case TranslationText(text=text) if text:
                        print(f"    -> {text}", flush=True)
                    case Audio(pcm=pcm):
                        voice.put_nowait(pcm)
                    case Failed(error=error):
                        print(f"error: {error}", file=sys.stderr)
            voice.put_nowait(None)
            await playing


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--from", dest="source", default="auto", help="language spoken; auto detects it")
    parser.add_argument("--to", dest="target", default="en", help="language to translate to")
    parser.add_argument("--input", help="name of the microphone; default: the system's")
    parser.add_argument("--output", help="name of the loudspeaker; default: the system's")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="of the service")
    try:
        asyncio.run(interpret(parser.parse_args()))
    except (SokujiError, sounddevice.PortAudioError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
