"""Interprets a conversation of two people in one session: each hears the other in their own language.

    python examples/two_people.py dialogue.wav --languages pt en

The recording is a WAV file with 16-bit samples, 8 to 48 kHz. The voices are in ``dialogue-pt.wav``, what the
Portuguese speaker hears, and ``dialogue-en.wav``. Needs the client alone: ``pip install sokuji-bridge``.
"""

import argparse
import asyncio
import sys
import wave
from collections.abc import AsyncIterator
from pathlib import Path

from sokuji.client import Config, connect
from sokuji.errors import SokujiError
from sokuji.events import Audio, Failed, Transcription, TranslationText

VOICE_RATE = 24_000


async def frames(recording: wave.Wave_read) -> AsyncIterator[bytes]:
    """The recording in pieces of 100 ms."""
    while pcm := recording.readframes(recording.getframerate() // 10):
        yield pcm


async def interpret(args: argparse.Namespace, recording: wave.Wave_read) -> dict[str, bytearray]:
    """Print who says what; returns the voice that each of them hears, by language."""
    config = Config(
        both_ways=True,
        source_languages=tuple(args.languages),
        sample_rate=recording.getframerate(),
        channels=recording.getnchannels(),
        output_sample_rate=VOICE_RATE,
    )
    async with connect(args.url, config) as conversation:
        voices = {language: bytearray() for language in conversation.ready.target_languages}
        async for event in conversation.converse(frames(recording)):
            match event:
                case Transcription(text=text, language=language):
                    print(f"{language}: {text}", flush=True)
                case TranslationText(text=text, target_language=language) if text:
                    print(f"    -> {language}: {text}", flush=True)
                case Audio(pcm=pcm, target_language=language):
                    voices[language] += pcm
                case Failed(error=error):
                    print(f"error: {error}", file=sys.stderr)
    return voices


def main() -> None:
    """Read the arguments, and open the recording."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("recording", type=Path, help="a WAV file")
    parser.add_argument("--languages", nargs=2, default=("pt", "en"), help="of the two people")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="of the service")
    args = parser.parse_args()
    try:
        with wave.open(str(args.recording)) as recording:
            if recording.getsampwidth() != 2:
                raise wave.Error(f"{8 * recording.getsampwidth()} bits a sample; accepted: 16")
            voices = asyncio.run(interpret(args, recording))
        for language, pcm in voices.items():
            path = args.recording.with_stem(f"{args.recording.stem}-{language}")
            with wave.open(str(path), "wb") as voice:
                voice.setparams((1, 2, VOICE_RATE, 0, "NONE", ""))
                voice.writeframes(pcm)
    except (OSError, EOFError, wave.Error, SokujiError) as error:
        sys.exit(f"error: {args.recording}: {error}")


if __name__ == "__main__":
    main()
