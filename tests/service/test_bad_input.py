"""Bad input on a real Serve instance: each has its own error, and the service goes on serving."""

import asyncio
import contextlib
import io
import json
from typing import Any

import av
import httpx
import numpy as np
import pytest
import websockets
from websockets.exceptions import ConnectionClosed

from sokuji.audio.pcm import wav_bytes
from tests.service.conversation import connect, translate
from tests.support.speech import sample, silence

TRANSLATE_AUDIO = "/api/v1/pipeline/translate-audio"
PT_TO_EN: dict[str, Any] = {"source_language": "pt", "target_language": "en"}


async def still_serves(http: httpx.AsyncClient, socket_url: str) -> None:
    """The same service translates an utterance."""
    assert (await http.get("/health")).json()["status"] == "healthy"
    pcm = sample("pt", "ola_mundo") + silence(600)
    frames = await translate(socket_url, pcm, **PT_TO_EN, output="captions")
    assert {frame["segment_id"] for frame in frames if frame["type"] == "translation"} == {0}


async def post_audio(http: httpx.AsyncClient, content: bytes, **form: str) -> httpx.Response:
    fields = {**PT_TO_EN, **form}
    return await http.post(TRANSLATE_AUDIO, files={"audio_file": ("speech.wav", content)}, data=fields)


def error(answer: httpx.Response) -> tuple[int, str, str | None]:
    """Status, code and parameter of an error response, whose shape is checked."""
    body = answer.json()
    assert set(body) == {"error"}
    assert body["error"]["message"]
    return answer.status_code, body["error"]["code"], body["error"]["param"]


def two_silent_hours_as_flac() -> bytes:
    """7,200 s of audio in a small file: only decoding shows its length."""
    target = io.BytesIO()
    with av.open(target, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=8_000, layout="mono")
        block = np.zeros((1, 80_000), dtype=np.int16)
        for index in range(720):
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
            frame.sample_rate, frame.pts = 8_000, index * 80_000
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return target.getvalue()


async def test_every_bad_upload_has_its_own_error(http: httpx.AsyncClient, socket_url: str) -> None:
    speech = wav_bytes(sample("pt", "ola_mundo"), 16_000)
    assert error(await post_audio(http, b"")) == (400, "invalid_audio", "audio_file")
    assert error(await post_audio(http, b"this is a letter, not a recording\n" * 50)) == (
        400, "invalid_audio", "audio_file",
    )  # fmt: skip
    assert error(await post_audio(http, wav_bytes(silence(3_000), 16_000)))[:2] == (422, "no_speech")
    assert error(await post_audio(http, two_silent_hours_as_flac()))[:2] == (413, "too_large")
    assert error(await post_audio(http, speech, source_language="klingon")) == (
        422, "unsupported_language", "source_language",
    )  # fmt: skip
    assert error(await post_audio(http, speech, target_language="ja"))[:2] == (422, "unsupported_language")
    assert error(await post_audio(http, speech, voice_id="nobody")) == (422, "unknown_voice", "voice_id")
    assert error(await http.post(TRANSLATE_AUDIO, data=PT_TO_EN)) == (400, "invalid_request", "audio_file")
    await still_serves(http, socket_url)


async def test_an_upload_of_two_hours_is_refused_before_it_has_been_read(
    http: httpx.AsyncClient, address: str, socket_url: str
) -> None:
    host, _, port = address.partition(":")
    size = 2 * 3_600 * 32_000
    head = (
        f"POST {TRANSLATE_AUDIO} HTTP/1.1\r\nHost: {address}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n"
    )
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"{head}Content-Length: {size}\r\n\r\n".encode())
    assert b" 413 " in await reader.readline()
    writer.close()

    reader, writer = await asyncio.open_connection(host, int(port))
    part = b'--x\r\nContent-Disposition: form-data; name="audio_file"; filename="a.wav"\r\n\r\n'
    writer.write(f"{head}Transfer-Encoding: chunked\r\n\r\n{len(part):x}\r\n".encode() + part + b"\r\n")
    answer, sent, piece = asyncio.ensure_future(reader.readline()), 0, 2**20
    while sent < size and not answer.done():
        writer.write(f"{piece:x}\r\n".encode() + bytes(piece) + b"\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)
        sent += piece
    assert b" 413 " in await answer
    assert sent < size
    writer.transport.abort()
    await still_serves(http, socket_url)


async def test_bad_text_requests_are_4xx_and_name_the_field(http: httpx.AsyncClient, socket_url: str) -> None:
    async def post(path: str, body: Any) -> tuple[int, str, str | None]:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return error(await http.post(path, content=content, headers={"Content-Type": "application/json"}))

    text = {"text": "Olá", "source_language": "pt", "target_language": "en"}
    path = "/api/v1/translation/translate"
    assert (await post(path, b"{broken"))[:2] == (400, "invalid_request")
    assert await post(path, {**text, "text": "a" * 100_000}) == (413, "too_large", "text")
    assert await post(path, {**text, "source_language": "xx"}) == (
        422, "unsupported_language", "source_language",
    )  # fmt: skip
    assert (await post(path, {**text, "target_language": "fr"}))[:2] == (422, "unsupported_language")
    assert await post(path, {**text, "glossary": {"a": " "}}) == (400, "invalid_request", "glossary")
    assert await post(path, {**text, "colour": "red"}) == (400, "invalid_request", "colour")
    speak = {"text": "Hello", "language": "en"}
    path = "/api/v1/tts/synthesize"
    assert await post(path, {**speak, "voice_id": "nobody"}) == (422, "unknown_voice", "voice_id")
    assert (await post(path, {**speak, "text": "a" * 100_000}))[:2] == (413, "too_large")
    assert await post(path, {**speak, "speed": 9}) == (400, "invalid_request", "speed")
    await still_serves(http, socket_url)


async def test_bad_frames_get_error_events_and_the_conversation_goes_on(socket_url: str) -> None:
    async with connect(socket_url) as client:
        await client.connection.send(bytes(3_200))
        await client.connection.send("{broken json")
        await client.say(type="dance")
        await client.say(hello="world")
        await client.say(type="config", source_language="pt", target_language="en", colour="red")
        await client.say(type="config", source_language="klingon", target_language="en")
        await client.say(type="config", source_language="pt", target_language="en", voice_id="nobody")
        await client.say(type="config", source_language="pt", target_language="en", sample_rate=1)
        await client.say(type="config", source_language="pt")
        await client.say(type="config", source_language="pt", target_languages=[])
        await client.say(type="config", **PT_TO_EN, glossary={" ": "b"})
        await client.say(type="config", **PT_TO_EN, commit="word")
        await client.say(type="config", **PT_TO_EN, session_id="x", resume_from_ms=0)
        await client.say(type="config", **PT_TO_EN, resume_from_ms=1)
        await client.say(type="config", **PT_TO_EN)
        await client.say(type="config", **PT_TO_EN, session_id="0" * 32, resume_from_ms=0)
        await client.say(type="audio", data="not base64!")
        await client.connection.send(bytes(2 * 2**20))
        await client.speak(sample("pt", "ola_mundo") + silence(600))
        await client.say(type="end")
        await client.until("done")
        errors = [(frame["code"], frame["param"], frame["fatal"]) for frame in client.of("error")]
        assert errors == [
            ("invalid_request", "type", False),
            ("invalid_request", None, False),
            ("invalid_request", "type", False),
            ("invalid_request", "type", False),
            ("invalid_request", "colour", False),
            ("unsupported_language", "source_language", False),
            ("unknown_voice", "voice_id", False),
            ("invalid_request", "sample_rate", False),
            ("invalid_request", "target_language", False),
            ("invalid_request", "target_languages", False),
            ("invalid_request", "glossary", False),
            ("invalid_request", "commit", False),
            ("invalid_request", "session_id", False),
            ("invalid_request", "resume_from_ms", False),
            ("invalid_request", "session_id", False),
            ("invalid_audio", "data", False),
            ("too_large", "data", False),
        ]
        assert len(client.of("transcription")) == 1
        assert client.of("audio")[-1]["last"]


async def test_a_30_mb_frame_closes_its_own_socket_only(http: httpx.AsyncClient, socket_url: str) -> None:
    async with connect(socket_url) as client:
        await client.say(type="config", **PT_TO_EN)
        await client.until("ready")
        # The socket may be closed before all of it has been sent.
        with contextlib.suppress(ConnectionClosed):
            await client.connection.send(bytes(30 * 2**20))
        assert await client.closed() == 1009
    await still_serves(http, socket_url)


async def test_a_client_that_ends_without_a_session_is_closed(socket_url: str) -> None:
    async with connect(socket_url) as client:
        await client.say(type="config", **PT_TO_EN, voice_id="nobody")
        await client.speak(sample("pt", "ola_mundo"))
        await client.say(type="end")
        assert await client.closed() == 1008
        assert client.of("error")[-1]["fatal"] is True


@pytest.mark.long
async def test_a_file_that_is_pushed_at_full_speed_is_transcribed_to_its_end(socket_url: str) -> None:
    """It is longer than ``max_backlog_s``, and its messages end within samples."""
    utterance, count = sample("pt", "ola_mundo") + silence(600), 80
    pcm = utterance * count
    async with connect(socket_url) as client:
        await client.say(type="config", **PT_TO_EN, output="captions")
        for start in range(0, len(pcm), 4_095):
            await client.connection.send(pcm[start : start + 4_095])
        await client.say(type="end")
        await client.until("done", timeout_s=300)
        assert not client.of("error")
        assert len(client.of("transcription")) == count


async def test_a_microphone_that_is_muted_gets_its_last_words(socket_url: str) -> None:
    async with connect(socket_url) as client:
        await client.say(type="config", **PT_TO_EN)
        await client.speak(sample("pt", "ola_mundo"))
        await client.until("ack")
        assert client.of("audio")[-1]["last"]
        assert client.of("transcription")[-1]["is_final"]


async def test_clients_that_vanish_or_never_read_harm_nobody(
    http: httpx.AsyncClient, socket_url: str
) -> None:
    for _ in range(5):
        async with websockets.connect(socket_url) as vanishing:
            await vanishing.send(json.dumps({"type": "config", **PT_TO_EN}))
            await vanishing.send(sample("pt", "pangrama")[:40_000])
            vanishing.transport.abort()
    async with websockets.connect(socket_url, max_queue=1) as deaf:
        await deaf.send(json.dumps({"type": "config", **PT_TO_EN}))
        speech = sample("pt", "ola_mundo") + silence(700)
        for _ in range(15):
            await deaf.send(speech)
        await still_serves(http, socket_url)
        deaf.transport.abort()
    await asyncio.sleep(1)
    await still_serves(http, socket_url)
