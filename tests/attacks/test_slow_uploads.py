"""Clients that send slowly, or all the time, keep neither the places of others nor the service from them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from sokuji.audio.pcm import wav_bytes
from tests.attacks.attacked_service import AttackedService, attacked_service
from tests.attacks.live_conversation import undisturbed_conversation
from tests.support.speech import sample

pytestmark = pytest.mark.slow

BRIDGE, OPENAI = "/api/v1/stt/transcribe", "/v1/audio/transcriptions"
SPEECH = wav_bytes(sample("pt", "contagem"), 16_000)
PLACES, OF_ONE = 8, 5
OTHER = "127.0.0.2"
PATIENCE_S = 60


@pytest.fixture
def service() -> Iterator[AttackedService]:
    """A service with few places, to which a body comes without long pauses, and at 500 bytes a second."""
    limits: dict[str, Any] = {
        "max_concurrent_uploads": PLACES, "max_client_uploads": OF_ONE, "max_concurrent_requests": OF_ONE,
        "body_timeout_s": 1, "min_body_bytes_per_s": 500, "max_body_s": 6, "requests_per_minute": 0,
    }  # fmt: skip
    with attacked_service(**limits) as running:
        yield running


@asynccontextmanager
async def slow_upload(
    service: AttackedService, path: str, *, piece: bytes = b"x", every_s: float = 0.2
) -> AsyncIterator["asyncio.Task[bytes]"]:
    """An upload that never ends; the task returns the head of the answer, with which it ends."""
    parts = urlsplit(service.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(
        f"POST {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        "Content-Length: 1000000\r\n\r\n".encode()
        + b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    )

    async def send() -> None:
        while True:
            await asyncio.sleep(every_s)
            writer.write(piece)

    answer, sending = asyncio.create_task(reader.readuntil(b"\r\n\r\n")), asyncio.create_task(send())
    try:
        yield answer
    finally:
        sending.cancel()
        answer.cancel()
        writer.transport.abort()


def client(service: AttackedService, address: str = "127.0.0.1") -> httpx.AsyncClient:
    """A client at one of the addresses of this machine."""
    transport = httpx.AsyncHTTPTransport(local_address=address)
    return httpx.AsyncClient(base_url=service.url, transport=transport, timeout=PATIENCE_S)


async def transcribe(other: httpx.AsyncClient, path: str = BRIDGE) -> httpx.Response:
    field = "file" if path == OPENAI else "audio_file"
    return await other.post(
        path, files={field: SPEECH}, data={"model": "whisper-1"} if path == OPENAI else {}
    )


@pytest.mark.parametrize("path", [BRIDGE, OPENAI])
async def test_one_byte_at_a_time_is_answered_408_while_others_are_served(
    service: AttackedService, path: str
) -> None:
    """Each byte is in time; the whole is not."""
    async with (
        AsyncExitStack() as stack,
        client(service, OTHER) as other,
        undisturbed_conversation(service.url),
    ):
        slow = [await stack.enter_async_context(slow_upload(service, path)) for _ in range(OF_ONE)]
        while not all(answer.done() for answer in slow):
            assert (await transcribe(other, path)).status_code == 200
        assert {answer.result().split(b"\r\n")[0] for answer in slow} == {b"HTTP/1.1 408 Request Timeout"}


async def test_a_body_that_is_fast_enough_and_never_ends_is_answered_408(service: AttackedService) -> None:
    async with slow_upload(service, BRIDGE, piece=bytes(1_000), every_s=0.1) as answer:
        async with asyncio.timeout(PATIENCE_S):
            head = await answer
    assert head.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("path", [BRIDGE, OPENAI])
async def test_one_address_holds_its_own_places_only(service: AttackedService, path: str) -> None:
    async with AsyncExitStack() as stack, client(service) as same, client(service, OTHER) as other:
        for _ in range(OF_ONE):
            await stack.enter_async_context(slow_upload(service, path, piece=bytes(1_000), every_s=0.1))
        for _ in range(20):  # The last of the slow ones may not have been seen yet.
            refused = await transcribe(same, path)
            if refused.status_code != 200:
                break
        assert refused.status_code == 429
        assert refused.json()["error"]["code"] == "rate_limited"
        assert int(refused.headers["retry-after"]) >= 1
        assert (await transcribe(other, path)).status_code == 200


async def test_slow_bodies_of_one_door_hold_no_place_in_which_requests_are_worked_on(
    service: AttackedService,
) -> None:
    """They are as many as ``max_concurrent_requests``."""
    text = {"text": "bom dia", "source_language": "pt", "target_language": "en"}
    async with AsyncExitStack() as stack, client(service, OTHER) as other:
        for _ in range(OF_ONE):
            await stack.enter_async_context(slow_upload(service, OPENAI, piece=bytes(1_000), every_s=0.1))
        for _ in range(3):
            assert (await other.post("/api/v1/translation/translate", json=text)).status_code == 200


@pytest.mark.parametrize("path", [BRIDGE, OPENAI])
async def test_a_form_that_holds_no_file_is_refused_before_it_is_read(
    service: AttackedService, path: str
) -> None:
    """Parsing 60 MiB of separators would take a minute of the event loop."""
    parts = urlsplit(service.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = f"POST {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: 60000000\r\n"
    writer.write(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\n".encode() + b"&" * 1_000)
    async with asyncio.timeout(PATIENCE_S):
        assert await reader.readline() == b"HTTP/1.1 400 Bad Request\r\n"
    writer.transport.abort()
