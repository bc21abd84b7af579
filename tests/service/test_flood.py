"""A client that sends faster than the service works takes disk, and no memory on either side of the proxy."""

import asyncio
import json

import httpx
import psutil
import websockets

from tests.service.conftest import RunningService

FRAME = bytes(2**19)
FLOOD_BYTES = 200 * 2**20
BOUND_BYTES = 64 * 2**20
"""Of the memory by which a process may grow: a third of what is sent."""
READ_S = 30


def memory(service: RunningService) -> dict[int, int]:
    """Resident bytes of the proxy and of the gateway's replicas."""
    pids = [service.proxy_pid, *service.replica_pids("Gateway")]
    return {pid: psutil.Process(pid).memory_info().rss for pid in pids}


async def test_what_a_client_sends_ahead_of_its_results_takes_no_memory(
    service: RunningService, http: httpx.AsyncClient, socket_url: str
) -> None:
    before = memory(service)
    async with websockets.connect(socket_url, compression=None) as socket:
        await socket.send(json.dumps({"type": "config", "source_language": "pt", "target_language": "en"}))
        assert json.loads(await socket.recv())["type"] == "ready"
        async with asyncio.timeout(READ_S):
            for _ in range(FLOOD_BYTES // len(FRAME)):
                await socket.send(FRAME)
        grown = {pid: size - before[pid] for pid, size in memory(service).items()}
        assert (await http.get("/health")).status_code == 200
        socket.transport.abort()
    assert len(grown) == 2
    assert max(grown.values()) < BOUND_BYTES
