"""A response that is sent while it is made: complete, or visibly not."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from starlette.types import Message

from sokuji.api.produced_response import ProducedResponse
from sokuji.errors import ProviderFailed


class Connection:
    """One ASGI request without a network; ``taking`` is cleared while the client takes nothing."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.left = asyncio.Event()
        self.taking = asyncio.Event()
        self.taking.set()

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        await self.taking.wait()
        self.sent.append(message)

    async def respond(self, parts: AsyncGenerator[bytes, None], stall_s: float = 60) -> None:
        response = ProducedResponse(parts, "audio/wav", stall_s=stall_s)
        await response({"type": "http"}, self.receive, self.send)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)

    @property
    def complete(self) -> bool:
        return bool(self.sent) and self.sent[-1].get("more_body") is False


class Parts:
    """Two parts, or what the test raises after the first or before it."""

    def __init__(self, *steps: Any) -> None:
        self.steps = steps
        self.closed = False

    async def made(self) -> AsyncGenerator[bytes, None]:
        try:
            for step in self.steps:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, asyncio.Event):
                    await step.wait()
                else:
                    yield step
        finally:
            self.closed = True


async def test_a_body_is_sent_part_by_part_to_its_end() -> None:
    connection, parts = Connection(), Parts(b"one", b"two")
    await connection.respond(parts.made())
    assert [message["type"] for message in connection.sent] == [
        "http.response.start",
        *3 * ["http.response.body"],
    ]
    assert (connection.body, connection.complete, parts.closed) == (b"onetwo", True, True)
    assert dict(connection.sent[0]["headers"]) == {b"content-type": b"audio/wav"}


async def test_an_error_before_the_first_part_is_for_the_handlers() -> None:
    connection, parts = Connection(), Parts(ProviderFailed("broken"))
    with pytest.raises(ProviderFailed):
        await connection.respond(parts.made())
    assert connection.sent == []


async def test_after_a_later_error_the_body_has_no_end() -> None:
    connection, parts = Connection(), Parts(b"one", ProviderFailed("broken"))
    await connection.respond(parts.made())
    assert (connection.body, connection.complete) == (b"one", False)


async def test_a_client_that_leaves_ends_the_production() -> None:
    connection, parts = Connection(), Parts(b"one", asyncio.Event(), b"two")
    responding = asyncio.create_task(connection.respond(parts.made()))
    while not connection.body:
        await asyncio.sleep(0)
    connection.left.set()
    await responding
    assert (connection.complete, parts.closed) == (False, True)


async def test_a_client_that_takes_nothing_ends_it_too() -> None:
    connection, parts = Connection(), Parts(b"one", b"two")
    made = parts.made()

    async def stalling() -> AsyncGenerator[bytes, None]:
        async for part in made:
            yield part
            connection.taking.clear()

    await connection.respond(stalling(), stall_s=0.01)
    assert (connection.body, connection.complete) == (b"one", False)


async def test_a_response_that_is_cancelled_ends_the_production() -> None:
    connection, parts = Connection(), Parts(b"one", asyncio.Event())
    responding = asyncio.create_task(connection.respond(parts.made()))
    while not connection.body:
        await asyncio.sleep(0)
    responding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await responding
    assert parts.closed
