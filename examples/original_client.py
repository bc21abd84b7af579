"""A client that was written for the original Sokuji-Bridge: it works unchanged.

    python examples/original_client.py talk.wav --from pt --to en --output talk-en.wav

It sends and reads what the original's web client does, and nothing that was added since: audio as base64 in
messages of 256 ms at the pace of speech, the voice as WAV files in base64, and the end is that it closes the
socket. The recording is a WAV file of 16 kHz, 16 bit, mono. Needs ``pip install websockets``.
"""

import argparse
import asyncio
import base64
import io
import json
import sys
import time
import wave

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

SAMPLES = 4_096
PATIENCE_S = 6
"""How long it waits for more, after everything has been said."""


async def speak(socket: ClientConnection, recording: wave.Wave_read) -> None:
    """Send the recording as a microphone would, and silence after it."""
    silence = bytes(2 * SAMPLES)
    while True:
        pcm = base64.b64encode(recording.readframes(SAMPLES) or silence).decode()
        await socket.send(
            json.dumps({"type": "audio", "data": pcm, "timestamp": time.time_ns() // 1_000_000})
        )
        await asyncio.sleep(SAMPLES / 16_000)


async def translate(args: argparse.Namespace, recording: wave.Wave_read) -> list[bytes]:
    """Print captions; returns the voice, as WAV files."""
    voice: list[bytes] = []
    url = args.url.replace("http", "ws", 1) + "/api/v1/ws/translate"
    languages = {"source_language": args.source, "target_language": args.target}
    config = {"type": "config", **languages, "voice_id": "default", "sample_rate": 16_000, "channels": 1}
    async with connect(url) as socket:
        await socket.send(json.dumps(config))
        speaking = asyncio.create_task(speak(socket, recording))
        give_up = recording.getnframes() / 16_000 + PATIENCE_S
        try:
            async with asyncio.timeout(give_up):
                async for text in socket:
                    match json.loads(text):
                        case {"type": "transcription", "is_final": True, "text": text}:
                            print(text, flush=True)
                        case {"type": "translation", "text": text} if text:
                            print(f"    -> {text}", flush=True)
                        case {"type": "audio", "data": data, "format": "wav"}:
                            voice.append(base64.b64decode(data))
                        case {"type": "error", "message": message}:
                            print(f"error: {message}", file=sys.stderr)
        except TimeoutError:  # Nothing tells this client that everything has come.
            pass
        finally:
            speaking.cancel()
    return voice


def main() -> None:
    """Read the arguments, and write the voice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("recording", help="a WAV file of 16 kHz, 16 bit, mono")
    parser.add_argument("--from", dest="source", default="auto", help="language spoken; auto detects it")
    parser.add_argument("--to", dest="target", default="en", help="language to translate to")
    parser.add_argument("--output", default="translation.wav", help="where the voice is written")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="of the service")
    args = parser.parse_args()
    try:
        with wave.open(args.recording) as recording:
            if recording.getparams()[:3] != (1, 2, 16_000):
                raise wave.Error("accepted: 16 kHz, 16 bit, mono")
            voice = asyncio.run(translate(args, recording))
        if voice:
            with wave.open(args.output, "wb") as output:
                for number, file in enumerate(voice):
                    with wave.open(io.BytesIO(file)) as chunk:
                        if number == 0:
                            output.setparams(chunk.getparams())
                        output.writeframes(chunk.readframes(chunk.getnframes()))
    except (OSError, EOFError, wave.Error, WebSocketException) as error:
        sys.exit(f"error: {args.recording}: {error}")


if __name__ == "__main__":
    main()
