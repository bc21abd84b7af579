"""Translates a recording: captions while it is worked on, and the voice as a WAV file.

    python examples/translate_file.py talk.wav --from pt --to en --output talk-en.wav

The recording is a WAV file with 16-bit samples, 8 to 48 kHz, of any length. Needs the client alone:
``pip install sokuji-bridge``.
"""

import argparse
import asyncio
import sys
import wave
from collections.abc import AsyncIterator

from sokuji.client import Config, connect
from sokuji.errors import SokujiError
from sokuji.events import Audio, Failed, Transcription, TranslationText

VOICE_RATE = 24_000


async def frames(recording: wave.Wave_read) -> AsyncIterator[bytes]:
    """The recording in pieces of 100 ms; the client waits by itself where it is ahead of the service."""
    while pcm := recording.readframes(recording.getframerate() // 10):
        yield pcm


async def translate(args: argparse.Namespace, recording: wave.Wave_read, voice: wave.Wave_write) -> None:
    """Print what is said and what it means, and write the voice."""
    config = Config(
        source_language=args.source,
        target_language=args.target,
        sample_rate=recording.getframerate(),
        channels=recording.getnchannels(),
        output_sample_rate=VOICE_RATE,
    )
    async with connect(args.url, config) as conversation:
        async for event in conversation.converse(frames(recording)):
            match event:
                case Transcription(text=text, start_ms=start_ms):
                    print(f"{start_ms / 1_000:7.1f} s  {text}", flush=True)
                case TranslationText(text=text) if text:
                    print(f"        ->  {text}", flush=True)
                case Audio(pcm=pcm):
                    voice.writeframes(pcm)
                case Failed(error=error):
                    print(f"error: {error}", file=sys.stderr)


def main() -> None:
    """Read the arguments, and open the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("recording", help="a WAV file")
    parser.add_argument("--from", dest="source", default="auto", help="language spoken; auto detects it")
    parser.add_argument("--to", dest="target", default="en", help="language to translate to")
    parser.add_argument("--output", default="translation.wav", help="where the voice is written")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="of the service")
    args = parser.parse_args()
    try:
        with wave.open(args.recording) as recording, wave.open(args.output, "wb") as voice:
            voice.setparams((1, 2, VOICE_RATE, 0, "NONE", ""))
            if recording.getsampwidth() != 2:
                raise wave.Error(f"{8 * recording.getsampwidth()} bits a sample; accepted: 16")
            asyncio.run(translate(args, recording, voice))
    except (OSError, EOFError, wave.Error, SokujiError) as error:
        sys.exit(f"error: {args.recording}: {error}")


if __name__ == "__main__":
    main()
