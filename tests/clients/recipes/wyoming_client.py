"""A client of wyoming-openai, as Home Assistant is one: a recording to text, and the text to speech."""

import asyncio
import sys
import wave

from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.tts import Synthesize, SynthesizeVoice


async def events(client: AsyncClient, last: str) -> list[Event]:
    found: list[Event] = []
    while not found or found[-1].type != last:
        event = await client.read_event()
        if event is None or Error.is_type(event.type):
            raise SystemExit(f"error: {event}")
        found.append(event)
    return found


async def main(uri: str, model: str, recording: str, voice: str) -> None:
    async with AsyncClient.from_uri(uri) as client:
        await client.write_event(Transcribe(name=model, language="en").event())
        with wave.open(recording) as file:  # 16 bit, mono
            rate = file.getframerate()
            await client.write_event(AudioStart(rate=rate, width=2, channels=1).event())
            while pcm := file.readframes(rate // 10):
                await client.write_event(AudioChunk(rate=rate, width=2, channels=1, audio=pcm).event())
        await client.write_event(AudioStop().event())
        heard = next(e for e in await events(client, "transcript-stop") if Transcript.is_type(e.type))
        text = Transcript.from_event(heard).text
        print("transcript:", text)

        await client.write_event(Synthesize(text=text, voice=SynthesizeVoice(name="alloy")).event())
        spoken = await events(client, "audio-stop")
        start = AudioStart.from_event(next(e for e in spoken if AudioStart.is_type(e.type)))
        with wave.open(voice, "wb") as file:
            file.setparams((start.channels, start.width, start.rate, 0, "NONE", ""))
            for event in spoken:
                if AudioChunk.is_type(event.type):
                    file.writeframes(AudioChunk.from_event(event).audio)


asyncio.run(main(*sys.argv[1:]))
