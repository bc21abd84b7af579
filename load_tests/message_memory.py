"""What Serve's proxy and a replica keep in memory for a client that is not read, or that reads nothing.

The application reads nothing, or sends without end (``scenarios/echo_app.py``), so that nothing but the way
between it and the client can hold what is sent.

``python -m load_tests.message_memory``
"""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import psutil
import typer
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from launcher.dashboard import GATEWAY
from load_tests.reports.report import Columns, OutputOption, columns_table, known, show, write
from load_tests.scenarios import options
from load_tests.scenarios.echo_app import FLOOD, HOLD
from load_tests.scenarios.service import PROXY, ServiceUnderTest, with_service
from sokuji.cli.console import one_line_failures
from sokuji.client.handshake import authorization, endpoint

CONFIG = Path("load_tests/scenarios/echo.yaml")
FRAME = bytes(2**16)
MIB = 2**20

app = options.command_line()


@dataclass(frozen=True, slots=True)
class Growth:
    """How much larger the processes have become, in MiB of resident memory."""

    client: str
    sent_mib: float | None
    """What the client could send; None: it did not try."""
    grown_mib: Mapping[str, float]


COLUMNS: Columns[Growth] = {
    "client": lambda each: each.client,
    "sent": lambda each: known(each.sent_mib, "{:,.0f} MiB"),
    "proxy grows by": lambda each: f"{each.grown_mib[PROXY]:,.0f} MiB",
    "replica grows by": lambda each: f"{each.grown_mib[GATEWAY]:,.0f} MiB",
}


@app.command()
@one_line_failures()
def main(
    port: options.PortOption = 8020,
    seconds: Annotated[float, typer.Option(min=1, max=60, help="Duration of each case.")] = 5.0,
    mib: Annotated[int, typer.Option(min=1, max=4_096, help="What the client sends at most, in MiB.")] = 300,
    output: OutputOption = None,
) -> None:
    """Send to an application that does not read, and let it send to a client that does not read."""
    about, growths = asyncio.run(
        with_service("", CONFIG, port, partial(_measure, seconds=seconds, most_bytes=mib * MIB))
    )
    show([columns_table("Memory for one client", COLUMNS, growths)])
    write(output, {**about, "growths": [asdict(each) for each in growths]})


async def _measure(service: ServiceUnderTest, seconds: float, most_bytes: int) -> list[Growth]:
    before = _resident_mib(service)
    async with connect(
        endpoint(service.url, "/api/v1/ws/translate", "ws"),
        compression=None,
        additional_headers=authorization(),
    ) as socket:
        await _open(socket, HOLD)
        sent = await _send_for(socket, seconds, most_bytes)
        flooding = Growth("sends, is not read", sent / MIB, _grown(before, _resident_mib(service)))
        socket.transport.abort()
    before = _resident_mib(service)
    async with connect(
        endpoint(service.url, "/api/v1/ws/translate", "ws"),
        compression=None,
        additional_headers=authorization(),
    ) as socket:
        await _open(socket, FLOOD)
        socket.transport.pause_reading()
        await asyncio.sleep(seconds)
        unread = Growth("does not read", None, _grown(before, _resident_mib(service)))
        socket.transport.abort()
    return [flooding, unread]


async def _open(socket: ClientConnection, command: str) -> None:
    await socket.send(json.dumps({"type": "config"}))
    await socket.recv()
    await socket.send(command)


async def _send_for(socket: ClientConnection, seconds: float, most_bytes: int) -> int:
    """The bytes that were sent until one of the limits."""
    sent = 0
    with suppress(TimeoutError, ConnectionClosed):
        async with asyncio.timeout(seconds):
            while sent < most_bytes:
                await socket.send(FRAME)
                sent += len(FRAME)
            await asyncio.sleep(seconds)
    return sent


def _resident_mib(service: ServiceUnderTest) -> dict[str, float]:
    resident = dict.fromkeys((PROXY, GATEWAY), 0.0)
    for each in service.processes():
        with suppress(psutil.NoSuchProcess):
            if each.name in resident:
                resident[each.name] += each.process.memory_info().rss / MIB
    return resident


def _grown(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {name: after[name] - before[name] for name in after}


if __name__ == "__main__":
    app()
