"""The ``openai`` package's own realtime connection, synchronous and asynchronous."""

import asyncio
import base64

import openai
import pytest

from sokuji.audio.resampling import resample
from tests.support.speech import noise, sample

TURN = resample(sample("pt", "ola_mundo") + noise(1_200, seed=1), 16_000, 24_000)
CHUNK = 2_400
"""50 ms."""
CHUNKS = [base64.b64encode(TURN[at : at + CHUNK]).decode() for at in range(0, len(TURN), CHUNK)]


# The package calls an older form of the function of ``websockets``.
@pytest.mark.filterwarnings("ignore:connect\\(\\) must be used as a context manager:DeprecationWarning")
def test_the_synchronous_client_transcribes(realtime_url: str) -> None:
    client = openai.OpenAI(base_url=f"{realtime_url}/v1", api_key="anything")
    with client.realtime.connect(extra_query={"intent": "transcription"}) as connection:
        assert connection.recv().type == "session.created"
        connection.session.update(
            session={
                "type": "transcription",
                "audio": {
                    "input": {
                        "format": {"type": "audio/pcm", "rate": 24_000},
                        "transcription": {"model": "gpt-4o-transcribe", "language": "pt"},
                        "turn_detection": {"type": "server_vad", "silence_duration_ms": 400},
                    }
                },
            }
        )
        for chunk in CHUNKS:
            connection.input_audio_buffer.append(audio=chunk)
        deltas = []
        for event in connection:
            assert event.type != "error", event
            if event.type == "conversation.item.input_audio_transcription.delta":
                deltas.append(event.delta or "")
            if event.type == "conversation.item.input_audio_transcription.completed":
                assert event.transcript == "".join(deltas)
                assert event.transcript.startswith("utterance")
                break


async def test_the_asynchronous_client_interprets_speech_and_text(realtime_url: str) -> None:
    client = openai.AsyncOpenAI(base_url=f"{realtime_url}/v1", api_key="anything")
    async with asyncio.timeout(30), client.realtime.connect(model="gpt-realtime") as connection:
        await connection.session.update(
            session={"type": "realtime", "instructions": "Translate what is said into English."}
        )
        for chunk in CHUNKS:
            await connection.input_audio_buffer.append(audio=chunk)
        said, audio, texts = "", b"", []
        async for event in connection:
            assert event.type != "error", event
            if event.type == "response.output_audio_transcript.delta":
                said += event.delta
            if event.type == "response.output_audio.delta":
                audio += base64.b64decode(event.delta)
            if event.type == "response.output_text.done":
                texts.append(event.text)
            if event.type == "response.done":
                assert event.response.status == "completed"
                if texts:
                    break
                await connection.conversation.item.create(
                    item={
                        "type": "message",
                        "role": "user",
                        "content": [{"type": "input_text", "text": "Bom dia, meus amigos."}],
                    }
                )
                await connection.response.create(response={"output_modalities": ["text"]})
    assert said.startswith("en: utterance")
    assert len(audio) > 9_000
    assert texts == ["en: Bom dia, meus amigos."]
    await client.close()
