"""What a message of a client costs the proxy and the gateway: processor time, which other load hardly alters.

Sessions send silence, so that no model but the voice activity detection runs. What the same processes use
while the sockets are open and silent is subtracted.

``python -m load_tests.message_cost``; ``--config load_tests/scenarios/echo.yaml`` for Ray Serve alone.
"""

import asyncio
import json
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from functools import partial
from typing import Annotated

import typer
from websockets.asyncio.client import ClientConnection, connect

from launcher.dashboard import GATEWAY
from load_tests.measurements.service_load import cpu_seconds, spent
from load_tests.reports.report import Columns, OutputOption, columns_table, show, write
from load_tests.scenarios import options
from load_tests.scenarios.service import PROXY, ServiceUnderTest, with_service
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.cli.console import one_line_failures
from sokuji.client.handshake import authorization, endpoint

SETTLE_S = 3.0
"""After the sockets have opened."""
IDLE_S = 5.0
"""For how long the open sockets are measured without messages."""
CONFIG = json.dumps({"type": "config", "source_language": "pt", "target_language": "en"})

app = options.command_line()


@dataclass(frozen=True, slots=True)
class MessageCost:
    """Processor time of one message."""

    frame_ms: int
    """Audio of one message."""
    compression: bool
    """Whether the client offered permessage-deflate."""
    messages: int
    cpu_ms: Mapping[str, float]
    """By process."""

    @property
    def total_ms(self) -> float:
        """Of all processes."""
        return sum(self.cpu_ms.values())

    @property
    def per_second_ms(self) -> float:
        """Processor time of a second of audio."""
        return self.total_ms * 1_000 / self.frame_ms


COLUMNS: Columns[MessageCost] = {
    "audio in a message": lambda each: f"{each.frame_ms} ms",
    "deflate offered": lambda each: "yes" if each.compression else "no",
    "messages": lambda each: f"{each.messages:,}",
    "proxy, ms": lambda each: f"{each.cpu_ms[PROXY]:.2f}",
    "gateway, ms": lambda each: f"{each.cpu_ms[GATEWAY]:.2f}",
    "together": lambda each: f"{each.total_ms:.2f}",
    "a second of audio": lambda each: f"{each.per_second_ms:.1f}",
}


@app.command()
@one_line_failures()
def main(
    config: options.ConfigOption = options.DEFAULT_CONFIG,
    port: options.PortOption = 8020,
    sessions: options.SessionsOption = 8,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="Seconds of audio in a session.")] = 20.0,
    frame_ms: Annotated[
        str, typer.Option("--frame-ms", help="Audio of a message; a list is measured.")
    ] = "100",
    output: OutputOption = None,
) -> None:
    """Send silence at the pace of speech, with compressed frames and without."""
    frames = options.numbers(frame_ms, 1_000, "milliseconds, like 60,100")
    measuring = partial(_measure, sessions=sessions, seconds=seconds, frames_ms=frames)
    about, costs = asyncio.run(with_service("", config, port, measuring))
    show([columns_table("Processor time of a message", COLUMNS, costs)])
    write(output, {**about, "costs": [asdict(each) for each in costs]})


async def _measure(
    service: ServiceUnderTest, sessions: int, seconds: float, frames_ms: Sequence[int]
) -> list[MessageCost]:
    return [
        await _cost(service, sessions, seconds, frame_ms, compression)
        for frame_ms in frames_ms
        for compression in (True, False)
    ]


async def _cost(
    service: ServiceUnderTest, sessions: int, seconds: float, frame_ms: int, compression: bool
) -> MessageCost:
    url = endpoint(service.url, "/api/v1/ws/translate", "ws")
    async with AsyncExitStack() as sockets:
        opened = [
            await sockets.enter_async_context(
                connect(
                    url,
                    compression="deflate" if compression else None,
                    additional_headers=authorization(),
                )
            )
            for _ in range(sessions)
        ]
        for socket in opened:
            await socket.send(CONFIG)
        await asyncio.sleep(SETTLE_S)
        idle = await _spent_while(service, asyncio.sleep(IDLE_S))
        speaking = asyncio.gather(*(_send_silence(socket, seconds, frame_ms) for socket in opened))
        used = await _spent_while(service, speaking)
    messages = sessions * round(1_000 * seconds / frame_ms)
    cpu_ms = {
        name: 1_000 * (used[name] - idle[name] * seconds / IDLE_S) / messages for name in (PROXY, GATEWAY)
    }
    return MessageCost(frame_ms, compression, messages, cpu_ms)


async def _spent_while(service: ServiceUnderTest, running: Awaitable[object]) -> dict[str, float]:
    before = cpu_seconds(service.processes())
    await running
    return spent(before, cpu_seconds(service.processes()))


async def _send_silence(socket: ClientConnection, seconds: float, frame_ms: int) -> None:
    """Send at the pace of speech, and take what the service sends."""
    frame = bytes(2 * RECOGNISER_RATE * frame_ms // 1_000)
    clock = asyncio.get_running_loop().time
    began = clock()

    async def receive() -> None:
        async for _ in socket:
            pass

    receiving = asyncio.create_task(receive())
    for number in range(round(1_000 * seconds / frame_ms)):
        await asyncio.sleep(max(0.0, began + number * frame_ms / 1_000 - clock()))
        await socket.send(frame)
    receiving.cancel()


if __name__ == "__main__":
    app()
