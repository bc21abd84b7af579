"""openai for Python: live translation through the SDK's helper."""

import asyncio
import base64
import sys
import wave
from pathlib import Path

from openai import AsyncOpenAI
from openai.lib.realtime_translation import AsyncTranslationSession

FRAMES = 4_800  # 200 ms


async def main(recording: str, voice: str) -> None:
    client = AsyncOpenAI()  # reads OPENAI_BASE_URL and OPENAI_API_KEY
    transcript, translation, spoken = "", "", b""
    async with AsyncTranslationSession(
        client.realtime.translations, model="gpt-realtime-translate"
    ) as session:
        audio = {"input": {"transcription": {"model": "whisper-1"}}, "output": {"language": "en"}}
        await session.send({"type": "session.update", "session": {"audio": audio}})
        with wave.open(recording) as file:  # 24 kHz, 16 bit, mono
            while pcm := file.readframes(FRAMES):
                piece = base64.b64encode(pcm).decode()
                await session.send({"type": "session.input_audio_buffer.append", "audio": piece})
        await session.send({"type": "session.close"})
        event = None
        while event is None or event.type != "session.closed":
            event = await session.recv()
            print("event:", event.type)
            if event.type == "session.input_transcript.delta":
                transcript += event.delta
            elif event.type == "session.output_transcript.delta":
                translation += event.delta
            elif event.type == "session.output_audio.delta":
                spoken += base64.b64decode(event.delta)
            elif event.type == "error":
                print("error:", event.error.message)
    print("transcript:", transcript)
    print("translation:", translation)
    Path(voice).write_bytes(spoken)  # raw PCM of 24 kHz


asyncio.run(main(*sys.argv[1:]))
