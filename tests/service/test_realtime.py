"""``/v1/realtime`` on the real service, with the ``openai`` package and real speech."""

import asyncio
import base64

import openai
from openai.types.realtime import RealtimeAudioInputTurnDetectionParam

from sokuji.audio.resampling import resample
from tests.support.speech import noise, reference, sample
from tests.support.text_similarity import normalised, word_error_rate

RATE = 24_000
PATIENT: RealtimeAudioInputTurnDetectionParam = {"type": "server_vad", "silence_duration_ms": 1_000}
"""One turn for a recording."""


def chunks(language: str, name: str) -> list[str]:
    """A recording and a silence, in pieces of 100 ms."""
    pcm = resample(sample(language, name) + noise(1_200, seed=1), 16_000, RATE)
    return [base64.b64encode(pcm[at : at + 4_800]).decode() for at in range(0, len(pcm), 4_800)]


async def test_portuguese_speech_is_transcribed(address: str) -> None:
    client = openai.AsyncOpenAI(base_url=f"http://{address}/v1", api_key="anything")
    async with (
        asyncio.timeout(60),
        client.realtime.connect(extra_query={"intent": "transcription"}) as connection,
    ):
        await connection.session.update(
            session={
                "type": "transcription",
                "audio": {
                    "input": {
                        "transcription": {"model": "gpt-4o-transcribe", "language": "pt"},
                        "turn_detection": PATIENT,
                    }
                },
            }
        )
        for chunk in chunks("pt", "contagem"):
            await connection.input_audio_buffer.append(audio=chunk)
        words, deltas = "", ""
        async for event in connection:
            assert event.type != "error", event
            if event.type == "conversation.item.input_audio_transcription.delta":
                deltas += event.delta or ""
            if event.type == "conversation.item.input_audio_transcription.completed":
                words = event.transcript
                break
    await client.close()
    assert words == deltas
    assert word_error_rate(reference("pt", "contagem"), words, "pt") < 0.4


async def test_portuguese_speech_is_answered_in_spoken_english(address: str) -> None:
    client = openai.AsyncOpenAI(base_url=f"http://{address}/v1", api_key="anything")
    async with asyncio.timeout(60), client.realtime.connect(model="gpt-realtime") as connection:
        await connection.session.update(
            session={
                "type": "realtime",
                "instructions": "Translate from Portuguese into English.",
                "audio": {"input": {"turn_detection": PATIENT}},
            }
        )
        for chunk in chunks("pt", "contagem"):
            await connection.input_audio_buffer.append(audio=chunk)
        said, audio = "", b""
        async for event in connection:
            assert event.type != "error", event
            if event.type == "response.output_audio_transcript.delta":
                said += event.delta
            if event.type == "response.output_audio.delta":
                audio += base64.b64decode(event.delta)
            if event.type == "response.done":
                assert event.response.status == "completed"
                break
    await client.close()
    assert "seven" in normalised(said, "en")
    assert len(audio) > 2 * RATE
