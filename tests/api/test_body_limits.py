"""Bodies beyond a limit are refused before a handler runs: uploads at a time, bytes, pace."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn

from sokuji.api.app import UPLOAD_PATHS, build_app
from sokuji.api.body_limits import BodyPace
from sokuji.api.service import Service
from sokuji.audio.pcm import wav_bytes
from sokuji.config import Deadlines, GatewaySettings, Limits
from tests.support.fake_stages import FakeStt, ready_pipeline
from tests.support.rest_client import error_of, rest_client
from tests.support.speech import sample

UPLOAD = "/api/v1/stt/transcribe"
SPEECH = wav_bytes(sample("pt", "contagem"), 16_000)


@pytest.mark.parametrize(("path", "limit"), [(UPLOAD, 200_000), ("/api/v1/tts/synthesize", 2_000)])
async def test_a_body_without_a_length_is_read_up_to_the_limit_of_its_path(path: str, limit: int) -> None:
    taken: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        chunk = b'--x\r\nContent-Disposition: form-data; name="audio_file"; filename="a"\r\n\r\n'.ljust(1_000)
        while True:
            taken.append(len(chunk))
            yield chunk
            chunk = bytes(1_000)

    headers = {"Content-Type": "multipart/form-data; boundary=x" if path == UPLOAD else "application/json"}
    async with rest_client(max_upload_bytes=200_000, max_json_bytes=2_000) as (client, _):
        response = await client.post(path, content=endless(), headers=headers)
    assert error_of(response) == (413, "too_large", None)
    assert sum(taken) == limit + 1_000


async def test_uploads_may_be_larger_than_json() -> None:
    async with rest_client(max_json_bytes=1_024) as (client, _):
        written = await client.post(UPLOAD, files={"audio_file": SPEECH})
        form = {"target_language": "en"}
        translated = await client.post(
            "/api/v1/pipeline/translate-audio", files={"audio_file": SPEECH}, data=form
        )
    assert (written.status_code, translated.status_code) == (200, 200)


@asynccontextmanager
async def served(**limits: int) -> AsyncIterator[tuple[str, int]]:
    """A real server on a loopback port, as (host, port)."""
    service = Service(await ready_pipeline(), GatewaySettings(limits=Limits(**limits)))
    config = uvicorn.Config(build_app(service), lifespan="off", ws="none", log_config=None)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve([listener]))
        try:
            yield listener.getsockname()
        finally:
            server.should_exit = True
            await running


async def status_line(address: tuple[str, int], request: bytes) -> bytes:
    """The first line of the answer to a request that need not be complete."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(request)
    line = await reader.readline()
    writer.transport.abort()
    return line.strip()


@pytest.mark.parametrize(
    ("declaration", "body"),
    [
        (b"Transfer-Encoding: chunked", b"400\r\n" + b"x" * 1_024 + b"\r\n"),
        (b"Content-Length: 1000000000", b""),
    ],
)
async def test_a_server_refuses_a_body_above_the_limit_without_waiting_for_its_end(
    declaration: bytes, body: bytes
) -> None:
    head = b"POST /api/v1/tts/synthesize HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    async with served(max_json_bytes=4_096) as (host, port):
        request = head + declaration + b"\r\n\r\n" + 5 * body
        assert (await status_line((host, port), request)).startswith(b"HTTP/1.1 413 ")
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}", timeout=60) as client:
            assert (await client.get("/health")).status_code == 200


async def test_a_connection_serves_the_next_request_after_a_body_that_was_too_large() -> None:
    async with (
        served(max_json_bytes=4_096) as (host, port),
        httpx.AsyncClient(base_url=f"http://{host}:{port}", timeout=60) as client,
    ):
        too_large = await client.post("/api/v1/tts/synthesize", json={"text": "a" * 100_000})
        assert error_of(too_large) == (413, "too_large", None)
        body = {"text": "hello", "language": "en"}
        assert (await client.post("/api/v1/tts/synthesize", json=body)).status_code == 200


async def test_a_body_that_stalls_is_answered_408() -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"--x\r\n"
        await asyncio.sleep(30)
        yield b"more"

    async with rest_client(body_timeout_s=0.1) as (client, _):
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        response = await client.post(UPLOAD, content=body(), headers=headers)
    assert error_of(response) == (408, "invalid_request", None)


@pytest.mark.parametrize(
    ("waited_s", "read_bytes", "left_s"),
    [
        (0, 0, 20),  # the first chunk
        (15, 0, 5),  # what came were no bytes
        (15, 5_000, 10),  # a second for each thousand bytes
        (100, 1_000_000, 20),  # a pause is bounded, however fast it was before
        (595, 1_000_000, 5),  # the whole is bounded
        (30, 5_000, -5),
    ],
)
def test_the_wait_for_a_chunk_depends_on_what_has_come(
    waited_s: float, read_bytes: int, left_s: float
) -> None:
    assert BodyPace(20, 1_000, 600).left_s(waited_s, read_bytes) == left_s


def test_without_a_least_rate_pauses_and_the_whole_are_bounded() -> None:
    assert BodyPace(20, 0, 600).left_s(500, 1) == 20


@pytest.mark.parametrize(
    "limits",
    [{"min_body_bytes_per_s": 1_000, "body_timeout_s": 0.3}, {"max_body_s": 0.3, "min_body_bytes_per_s": 0}],
)
async def test_a_body_whose_chunks_are_all_in_time_may_still_be_too_slow(limits: dict[str, Any]) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"--x\r\n"
        for _ in range(200):
            await asyncio.sleep(0.05)
            yield b"-"

    async with rest_client(**limits) as (client, service):
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        response = await client.post(UPLOAD, content=body(), headers=headers)
        assert service.uploads.receiving == 0
    assert error_of(response) == (408, "invalid_request", None)
    assert "comes too slowly" in response.json()["error"]["message"]


@pytest.mark.parametrize("path", sorted(UPLOAD_PATHS))
async def test_a_client_with_too_many_uploads_is_refused_and_others_are_not(path: str) -> None:
    async with rest_client(max_client_uploads=1) as (client, service):
        with service.uploads.client_place("127.0.0.1"):
            refused = await client.post(path, files={"file": b"x"})
        with service.uploads.client_place("10.0.0.1"):
            admitted = await client.post(path, files={"file": b"x"})
    assert refused.status_code == 429
    assert "in progress" in refused.text
    assert int(refused.headers["Retry-After"]) >= 1
    assert admitted.status_code == 400


async def test_a_client_holds_its_place_until_it_has_its_answer() -> None:
    stt = FakeStt()
    stt.gate.clear()
    async with rest_client(stt, max_client_uploads=1) as (client, service):
        first = asyncio.create_task(client.post(UPLOAD, files={"audio_file": SPEECH}))
        await stt.arrived.get()
        assert service.uploads.receiving == 0
        assert (await client.post(UPLOAD, files={"audio_file": SPEECH})).status_code == 429
        stt.gate.set()
        assert (await first).status_code == 200
        assert (await client.post(UPLOAD, files={"audio_file": SPEECH})).status_code == 200


async def test_uploads_beyond_the_limit_are_refused_with_retry_after() -> None:
    async with rest_client(max_concurrent_uploads=1) as (client, service):
        with service.uploads.place():
            refused = await client.post(UPLOAD, files={"audio_file": SPEECH})
        assert error_of(refused)[:2] == (503, "overloaded")
        assert "Retry-After" in refused.headers
        assert (await client.post(UPLOAD, files={"audio_file": SPEECH})).status_code == 200
        assert service.uploads.receiving == 0


@pytest.mark.parametrize("path", sorted(UPLOAD_PATHS))
async def test_every_path_that_takes_uploads_has_their_limits(path: str) -> None:
    async with rest_client(max_concurrent_uploads=1, max_upload_bytes=20_000) as (client, service):
        with service.uploads.place():
            refused = await client.post(path, files={"file": b"x"})
        too_large = await client.post(path, files={"file": bytes(30_000)})
    assert (refused.status_code, too_large.status_code) == (503, 413)
    assert refused.headers["retry-after-ms"] == "2000"


async def test_uploads_share_a_few_slots_at_the_recogniser_even_while_settings_change() -> None:
    stt = FakeStt()
    stt.gate.clear()
    async with rest_client(stt) as (client, service):
        calls = [asyncio.create_task(client.post(UPLOAD, files={"audio_file": SPEECH})) for _ in range(6)]
        async with asyncio.timeout(20):
            while stt.under_way < service.settings.recording_concurrency:
                await asyncio.sleep(0.01)
        service.apply(GatewaySettings(deadlines=Deadlines(stt_s=29)))
        calls += [asyncio.create_task(client.post(UPLOAD, files={"audio_file": SPEECH})) for _ in range(6)]
        await asyncio.sleep(0.5)
        assert stt.under_way == service.settings.recording_concurrency
        stt.gate.set()
        assert [answer.status_code for answer in await asyncio.gather(*calls)] == [200] * 12
