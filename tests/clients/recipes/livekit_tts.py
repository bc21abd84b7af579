"""livekit-plugins-openai: recognition of a whole recording, and speech."""

import asyncio
import sys
import wave
from pathlib import Path

from livekit import rtc
from livekit.plugins import openai


async def main(recording: str, voice: str) -> None:
    with wave.open(recording) as file:
        frames = file.getnframes()
        recorded = rtc.AudioFrame(file.readframes(frames), file.getframerate(), 1, frames)
    recogniser, speech = openai.STT(model="gpt-4o-transcribe"), openai.TTS()
    heard = await recogniser.recognize(recorded)
    print("transcript:", heard.alternatives[0].text)
    spoken = await speech.synthesize(heard.alternatives[0].text).collect()
    Path(voice).write_bytes(spoken.to_wav_bytes())
    await speech.aclose()


asyncio.run(main(*sys.argv[1:]))
