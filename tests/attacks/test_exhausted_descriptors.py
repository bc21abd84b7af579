"""A service without a free descriptor keeps its conversations, waits idly, and serves again later."""

import asyncio
import resource
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

import httpx
import psutil

from sokuji.audio.pcm import wav_bytes
from tests.attacks.attacked_service import AttackedService, attacked_service
from tests.attacks.live_conversation import undisturbed_conversation
from tests.support.speech import sample

FREE = 30
SOCKETS = 3 * FREE
EXHAUSTED_S = 4.0
SPEECH = wav_bytes(sample("pt", "contagem"), 16_000)


@asynccontextmanager
async def silent_sockets(service: AttackedService) -> AsyncIterator[None]:
    """More connections than the service has descriptors for, of which each has begun a request."""
    parts = urlsplit(service.url)
    async with AsyncExitStack() as stack:
        for _ in range(SOCKETS):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port)
            # The writer keeps the connection alive, which its transport alone does not.
            stack.callback(lambda kept: kept.transport.abort(), writer)
            writer.write(f"POST /api/v1/stt/transcribe HTTP/1.1\r\nHost: {parts.netloc}\r\n".encode())
        yield


async def transcribe(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/api/v1/stt/transcribe", files={"audio_file": SPEECH})


def leave_free(process: psutil.Process, descriptors: int) -> None:
    """Let a process open so many descriptors more."""
    limit = process.num_fds() + descriptors
    process.rlimit(resource.RLIMIT_NOFILE, (limit, process.rlimit(resource.RLIMIT_NOFILE)[1]))


async def test_the_conversation_goes_on_and_the_service_answers_again() -> None:
    with attacked_service(requests_per_minute=0) as service:
        process = psutil.Process(service.pid)
        async with (
            httpx.AsyncClient(base_url=service.url, timeout=90) as client,
            undisturbed_conversation(service.url),
        ):
            assert (await transcribe(client)).status_code == 200
            leave_free(process, FREE)
            async with silent_sockets(service):
                async with asyncio.timeout(30):
                    while process.num_fds() < process.rlimit(resource.RLIMIT_NOFILE)[0]:
                        await asyncio.sleep(0.05)
                before = sum(process.cpu_times()[:2])
                # On the connection that it has, the client gets an answer in the shape of the door.
                answer = await transcribe(client)
                assert answer.status_code == 200 or answer.json()["error"]["code"]
                await asyncio.sleep(EXHAUSTED_S)
                assert sum(process.cpu_times()[:2]) - before < EXHAUSTED_S / 2, "it spins"
            assert (await transcribe(client)).status_code == 200
            async with httpx.AsyncClient(base_url=service.url, timeout=90) as newcomer:
                assert (await newcomer.get("/health")).status_code == 200
