"""Live translation by the ``openai`` package through a real service, with real speech."""

import json

import httpx
import pytest
import websockets
from openai import AsyncOpenAI
from openai.lib.realtime_translation import AsyncTranslationSession
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from sokuji.audio.pcm import RECOGNISER_RATE, wav_bytes
from sokuji.audio.resampling import resample
from tests.api.openai.translations.events import RATE, Event, appends, audio_of, check, text_of
from tests.support.speech import noise, reference, sample
from tests.support.text_similarity import normalised, word_error_rate

MODEL = "gpt-realtime-translate"
NAMES = ("contagem", "pangrama")
SPEECH = b"".join(sample("pt", name) + noise(900, seed=3) for name in NAMES)


async def converse(address: str) -> list[Event]:
    """All events of a conversation over the recordings."""
    received: list[Event] = []
    async with (
        AsyncOpenAI(base_url=f"http://{address}/v1", api_key="sk-any") as client,
        AsyncTranslationSession(client.realtime.translations, model=MODEL) as session,
    ):
        await session.send(
            {
                "type": "session.update",
                "session": {
                    "audio": {
                        "input": {
                            "transcription": {"model": "gpt-4o-transcribe"},
                            "noise_reduction": {"type": "near_field"},
                        },
                        "output": {"language": "en"},
                    }
                },
            }
        )
        for event in appends(resample(SPEECH, RECOGNISER_RATE, RATE)):
            await session.send({"type": "session.input_audio_buffer.append", "audio": event["audio"]})
        await session.send({"type": "session.close"})
        while not received or received[-1]["type"] != "session.closed":
            received.append(check((await session.recv()).to_dict()))
    return received


async def test_speech_is_transcribed_translated_and_heard_again(
    address: str, http: httpx.AsyncClient
) -> None:
    received = await converse(address)
    kinds = [event["type"] for event in received]
    assert kinds[:2] == ["session.created", "session.updated"]
    assert "error" not in kinds
    spoken = " ".join(reference("pt", name) for name in NAMES)
    assert word_error_rate(spoken, text_of(received, "input_transcript"), "pt") <= 0.2
    translation = text_of(received, "output_transcript")
    assert "fox" in normalised(translation, "en")
    voice = wav_bytes(audio_of(received), RATE)
    heard = await http.post(
        "/api/v1/stt/transcribe", files={"audio_file": ("voice.wav", voice)}, data={"language": "en"}
    )
    assert word_error_rate(translation, heard.json()["text"], "en") <= 0.3


async def test_client_secrets_hold_behind_the_proxy(address: str) -> None:
    async with AsyncOpenAI(base_url=f"http://{address}/v1", api_key="sk-any") as client:
        made = await client.realtime.translations.client_secrets.create(
            session={"model": MODEL, "audio": {"output": {"language": "pt"}}}
        )
    url = f"ws://{address}/v1/realtime/translations"
    offered = [Subprotocol("realtime"), Subprotocol(f"openai-insecure-api-key.{made.value}")]
    async with connect(url, subprotocols=offered) as socket:
        assert socket.subprotocol == "realtime"
        created = check(json.loads(await socket.recv()))
        assert created["session"]["audio"]["output"]["language"] == "pt"
    forged = [offered[0], Subprotocol(offered[1][:-4] + "AAAA")]
    with pytest.raises(websockets.InvalidStatus) as refusal:
        await connect(url, subprotocols=forged)
    assert refusal.value.response.status_code == 401
