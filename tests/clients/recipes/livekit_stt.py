"""livekit-plugins-openai: streaming recognition over /v1/realtime."""

import asyncio
import sys
import wave

from livekit import rtc
from livekit.agents import stt, utils
from livekit.plugins import openai

FRAMES = 1_200  # 50 ms


async def main(recording: str, model: str) -> None:
    async with utils.http_context.open():  # an agent's worker has one already
        recogniser = openai.STT(model=model, use_realtime=True)  # reads OPENAI_BASE_URL and OPENAI_API_KEY
        async with recogniser.stream() as stream:
            with wave.open(recording) as file:  # 24 kHz, 16 bit, mono
                while pcm := file.readframes(FRAMES):
                    stream.push_frame(rtc.AudioFrame(pcm, file.getframerate(), 1, len(pcm) // 2))
            async for event in stream:
                print("event:", event.type.value)
                if event.type == stt.SpeechEventType.FINAL_TRANSCRIPT:
                    print("transcript:", event.alternatives[0].text)
                    break
        await recogniser.aclose()


asyncio.run(main(*sys.argv[1:]))
