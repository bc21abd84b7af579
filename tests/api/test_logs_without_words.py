"""Conversations through every door at DEBUG level: no record has a word of what was said or written.

That holds for what works and for what fails, when a model raises an exception that quotes its input.
"""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI

from sokuji.api.app import ROUTERS, build_app
from sokuji.api.service import Service
from sokuji.audio.pcm import wav_bytes
from sokuji.config import GatewaySettings, OpenAISettings
from sokuji.contract import AudioChunk, SynthesisRequest, TranslatedText, TranslationRequest
from sokuji.errors import SokujiError
from sokuji.protocol import LISTEN_PATH, SOCKET_PATH
from sokuji.providers.isolation import process_each
from sokuji.providers.tts.waveform_chunks import WaveformPart, rendered
from tests.support.asgi_socket import AsgiSocket
from tests.support.decoders import shared_decoders
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts, ready_pipeline
from tests.support.log_lines import all_lines
from tests.support.rest_client import client_of
from tests.support.speech import sample

SPOKEN, WRITTEN, TRANSLATED = "quetzalcoatl", "popocatepetl", "tlahuizcalpantecuhtli"
WORDS = (SPOKEN, WRITTEN, TRANSLATED)
SPEECH = sample("pt", "contagem")
PAIR = {"source_language": "pt", "target_language": "en"}
WITHOUT_WORDS = {
    "/", "/listen", "/overlay", "/web/{version}/{name}", "/health", "/health/live", "/health/ready",
    "/metrics", "/languages", "/frontend/settings", "/download_file/{stored}/{name}", "/api/v1/info",
    "/api/v1/stt/languages", "/api/v1/translation/languages", "/api/v1/tts/voices", "/v1/models",
    "/v1/models/{model_id:path}", "/v1/audio/models", "/v1/audio/voices",
}  # fmt: skip
"""Paths that take and give no words of a conversation."""
CALLS = {"/v1/realtime/calls", "/v1/realtime/translations/calls"}
"""Over WebRTC, by the transports of the sockets; see ``tests/api/webrtc/test_logs_of_calls.py``."""


class QuotingTranslator(FakeTranslator):
    """Its library fails with a message that has its input."""

    async def translate(self, requests: Sequence[TranslationRequest]) -> list[TranslatedText | SokujiError]:
        async def fail(request: TranslationRequest) -> TranslatedText:
            raise ValueError(f"cannot tokenise {request.text!r}")

        return await process_each("translation", requests, fail)


class QuotingTts(FakeTts):
    """See ``QuotingTranslator``."""

    async def synthesize(self, request: SynthesisRequest) -> AsyncGenerator[AudioChunk, None]:
        def fail(phonemes: Sequence[str]) -> Iterator[WaveformPart]:
            raise ValueError(f"cannot pronounce {phonemes!r}")

        for _ in rendered(fail, request.text):
            yield AudioChunk(b"", 22_050, True)


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """Everything that any logger of this process records."""
    with all_lines() as kept:
        yield kept


async def service_of(*, quoting: bool) -> Service:
    stt = FakeStt(*[f"{SPOKEN} {number}." for number in range(400)])
    stt.info = replace(stt.info, takes_context=True)
    translator, tts = QuotingTranslator() if quoting else FakeTranslator(*[f"{TRANSLATED}."] * 400), FakeTts()
    pipeline = await ready_pipeline(stt, translator, QuotingTts() if quoting else tts)
    return Service(pipeline, GatewaySettings(openai=OpenAISettings()), decoders=shared_decoders())


async def call_rest(service: Service) -> set[str]:
    """Call everything that has words; returns the paths."""
    wav, text = wav_bytes(SPEECH, 16_000), f"{WRITTEN} fala."
    uploads: dict[str, tuple[str, dict[str, str]]] = {
        "/api/v1/stt/transcribe": ("audio_file", {"language": "pt"}),
        "/api/v1/pipeline/translate-audio": ("audio_file", PAIR),
        "/v1/audio/transcriptions": ("file", {"model": "whisper-1", "prompt": WRITTEN, "stream": "true"}),
        "/v1/audio/translations": ("file", {"model": "whisper-1"}),
    }
    files = {"/translate_file": ("file", {"source": "pt", "target": "en"})}
    bodies: dict[str, dict[str, Any]] = {
        "/api/v1/translation/translate": PAIR | {"text": text, "glossary": {WRITTEN: TRANSLATED}},
        "/api/v1/pipeline/translate-text": PAIR | {"text": text},
        "/api/v1/tts/synthesize": {"text": text, "language": "en"},
        "/v1/audio/speech": {"model": "tts-1", "input": text, "voice": "alloy", "language": "en"},
        "/v1/realtime/client_secrets": {"session": {"type": "realtime", "instructions": WRITTEN}},
        "/v1/realtime/translations/client_secrets": {"session": {"model": "gpt-realtime-translate"}},
        "/translate": {"q": [text, WRITTEN], "source": "auto", "target": "en"},
        "/detect": {"q": text},
    }
    async with client_of(service) as client:
        for path, (field, data) in uploads.items():
            await client.post(path, data=data, files={field: (f"{WRITTEN}.wav", wav)})
        for path, (field, data) in files.items():
            await client.post(path, data=data, files={field: (f"{WRITTEN}.txt", text)})
        for path, body in bodies.items():
            await client.post(path, json=body)
            await client.post(path, content=json.dumps(body | {WRITTEN: WRITTEN})[:-1])
    return {*uploads, *files, *bodies}


async def converse(
    app: FastAPI, path: str, opening: list[dict[str, Any]], audio: str, end: list[str]
) -> None:
    socket = AsgiSocket(
        app, path, "model=gpt-realtime-translate" if "translations" in path else "model=gpt-realtime"
    )
    await socket.answer()
    for event in opening:
        socket.send(event)
    for start in range(0, len(SPEECH), 32_000):
        chunk = base64.b64encode(SPEECH[start : start + 32_000]).decode()
        socket.send({"type": audio, "audio" if "append" in audio else "data": chunk})
    socket.send({"type": WRITTEN, "text": WRITTEN})
    for kind in end[:-1]:
        socket.send({"type": kind})
    await socket.until(*end[-1].split())
    await socket.leave()


async def call_sockets(app: FastAPI) -> set[str]:
    """One conversation by each; returns the paths."""
    config = {"type": "config", **PAIR, "context": WRITTEN, "glossary": {WRITTEN: TRANSLATED}}
    await converse(app, SOCKET_PATH, [config], "audio", ["flush", "end", "done"])
    path = "/v1/realtime/translations"
    update = {"type": "session.update", "session": {"audio": {"output": {"language": "en"}}}}
    await converse(
        app, path, [update], "session.input_audio_buffer.append", ["session.close", "session.closed"]
    )
    update = {"type": "session.update", "session": {"type": "realtime", "instructions": f"{WRITTEN} English"}}
    written = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": WRITTEN}]}
    item = {"type": "conversation.item.create", "item": written}
    end = ["input_audio_buffer.commit", "response.create", "response.done"]
    await converse(app, "/v1/realtime", [update, item], "input_audio_buffer.append", end)
    await listen(app)
    return {SOCKET_PATH, LISTEN_PATH, path, "/v1/realtime"}


async def listen(app: FastAPI) -> None:
    """One speaker and one listener."""
    speaker, listener = AsgiSocket(app, SOCKET_PATH), AsgiSocket(app, LISTEN_PATH)
    await asyncio.gather(speaker.answer(), listener.answer())
    speaker.send({"type": "config", **PAIR, "broadcast": True})
    broadcast = (await speaker.until("ready"))["broadcast"]
    listener.send({"type": "listen", "broadcast": broadcast, "language": "en"})
    await listener.until("joined")
    speaker.send(SPEECH)
    speaker.send({"type": "end"})
    await listener.until("done")
    await asyncio.gather(speaker.leave(), listener.leave())


@pytest.mark.parametrize("quoting", [False, True])
async def test_no_word_of_a_conversation_is_logged(quoting: bool, lines: list[str]) -> None:
    service = await service_of(quoting=quoting)
    app = build_app(service)
    called = await call_rest(service) | await call_sockets(app)
    doors = {str(getattr(route, "path", route)) for router in ROUTERS for route in router.routes}
    assert doors - WITHOUT_WORDS - CALLS == called
    told = "\n".join(lines)
    assert "opened" in told
    assert ("ValueError" in told) is quoting
    assert [line for line in lines if any(word in line for word in WORDS)] == []
