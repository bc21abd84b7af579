"""A client whose connection is lost, against a local server: what it sends again, how often and how long."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from sokuji import events
from sokuji.client import ConnectionLost, TranslationClient, connect
from sokuji.client.reconnection import BASE_DELAY_S, MAX_DELAY_S, jittered_backoff
from sokuji.errors import Overloaded, UnsupportedLanguage
from tests.support.scripted_server import (
    AUDIO,
    ENGLISH,
    EVENTS,
    READY,
    SECOND,
    all_events,
    plain_service,
    receive_message,
    send_events,
)

PCM = bytes(range(256)) * 250
"""Two seconds in which neighbouring samples differ."""
Handler = Callable[[ServerConnection], Awaitable[None]]


class Service:
    """Handles each connection with the next handler, and keeps the messages received over each."""

    def __init__(self, *handlers: Handler) -> None:
        self._handlers = iter(handlers)
        self.configs: list[dict[str, Any]] = []
        self.received: list[list[str | bytes]] = []

    async def __call__(self, socket: ServerConnection) -> None:
        self.configs.append(await receive_message(socket))
        self.received.append([])
        await next(self._handlers)(socket)

    async def receive(self, socket: ServerConnection, until: int | str) -> None:
        """Receive until there are so many bytes of audio, or until a command."""
        received = self.received[-1]
        while until not in (sum(map(len, audio_of(received))), last_command(received)):
            received.append(await socket.recv())

    @property
    def audio(self) -> list[bytes]:
        """Audio received over each connection."""
        return [b"".join(audio_of(received)) for received in self.received]


def audio_of(received: Sequence[str | bytes]) -> list[bytes]:
    return [message for message in received if isinstance(message, bytes)]


def last_command(received: Sequence[str | bytes]) -> str | None:
    last = received[-1] if received else b""
    return json.loads(last)["type"] if isinstance(last, str) else None


@asynccontextmanager
async def conversation_with(
    service: Service,
    refusals: Sequence[HTTPStatus | None] = (),
    *,
    within_s: float = 30,
    window_s: float = 60,
) -> AsyncIterator[TranslationClient]:
    async with (
        plain_service(service, refusals) as url,
        connect(
            url, ENGLISH, window_s=window_s, resume_within_s=within_s, backoff=lambda attempt: 0.001
        ) as conversation,
    ):
        yield conversation


async def break_off(socket: ServerConnection) -> None:
    socket.transport.abort()


async def restart(socket: ServerConnection) -> None:
    await send_events(socket, events.Draining(5_000))
    await socket.close(1012)


async def go_away(socket: ServerConnection) -> None:
    await socket.close(1001)


async def finish(socket: ServerConnection) -> None:
    await send_events(socket, READY, events.Done())


@pytest.mark.parametrize("leave", [break_off, restart, go_away])
async def test_unacknowledged_audio_is_sent_again_to_the_byte(leave: Handler) -> None:
    async def first(socket: ServerConnection) -> None:
        await send_events(socket, READY)
        await service.receive(socket, len(PCM))
        await send_events(socket, events.Ack(790), events.Ack(790, "So far,", 1))
        await leave(socket)

    async def second(socket: ServerConnection) -> None:
        await send_events(socket, READY)
        await service.receive(socket, "end")
        await send_events(socket, events.Done())

    service = Service(first, second)
    async with conversation_with(service) as conversation:
        await conversation.send(PCM)
        received = []
        async for event in conversation:
            received.append(event)
            if event == events.Ack(790, "So far,", 1):
                await conversation.end()
        assert conversation.resumptions == 1
    assert service.audio == [PCM, PCM[790 * 32 :]]
    resumed = service.configs[1]
    assert [resumed.pop(name) for name in ("session_id", "resume_from_ms", "resume_text")] == [
        READY.session_id, 790, "So far,",
    ]  # fmt: skip
    assert resumed == service.configs[0]
    assert [event for event in received if not isinstance(event, events.Draining)] == [
        events.Ack(790), events.Ack(790, "So far,", 1), events.Done(),
    ]  # fmt: skip


async def test_commands_are_sent_again_in_order_except_cancel() -> None:
    async def first(socket: ServerConnection) -> None:
        await send_events(socket, READY)
        await service.receive(socket, "end")
        await send_events(socket, events.Ack(1_000))
        await break_off(socket)

    async def second(socket: ServerConnection) -> None:
        await send_events(socket, READY)
        await service.receive(socket, "end")
        await send_events(socket, events.Done())

    service = Service(first, second)
    async with conversation_with(service) as conversation:
        await conversation.send(SECOND[:-640])
        await conversation.flush()
        await conversation.send(SECOND[:1_280])
        await conversation.cancel()
        await conversation.flush()
        await conversation.send(SECOND[:6_400])
        await conversation.end()
        await all_events(conversation)
    again = [last_command([each]) or len(each) for each in service.received[1]]
    assert again == [640, "flush", 6_400, "end"]


async def test_the_sender_waits_for_the_window_while_there_is_no_connection() -> None:
    go_on = asyncio.Event()

    async def first(socket: ServerConnection) -> None:
        await send_events(socket, READY)
        await break_off(socket)

    async def second(socket: ServerConnection) -> None:
        await go_on.wait()
        await send_events(socket, READY)
        await service.receive(socket, 32_000)
        await send_events(socket, events.Ack(1_000))
        await service.receive(socket, "end")
        await send_events(socket, events.Done())

    service = Service(first, second)
    async with conversation_with(service, window_s=1) as conversation:
        sending = asyncio.create_task(conversation.send(PCM))
        await asyncio.wait([sending], timeout=0.1)
        assert (conversation.sent_ms, sending.done()) == (1_000, False)
        go_on.set()
        await sending
        await conversation.end()
        await all_events(conversation)
    assert service.audio == [b"", PCM]


async def test_a_service_that_is_full_or_starting_is_tried_again() -> None:
    async def full(socket: ServerConnection) -> None:
        await send_events(socket, events.Failed(Overloaded("all places are taken"), fatal=True))
        await socket.close(1013)

    async def full_without_an_event(socket: ServerConnection) -> None:
        await socket.close(1013)

    async def first(socket: ServerConnection) -> None:
        await send_events(socket, READY)
        await break_off(socket)

    refusals = [None, HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE]
    service = Service(first, full, full_without_an_event, break_off, finish)
    async with conversation_with(service, refusals) as conversation:
        assert await all_events(conversation) == [events.Done()]
        assert conversation.resumptions == 1


async def test_the_time_that_a_full_service_names_is_waited_and_no_longer_than_the_longest_delay() -> None:
    asked: list[float] = []

    async def first(socket: ServerConnection) -> None:
        await send_events(socket, READY)
        await break_off(socket)

    async def full(socket: ServerConnection) -> None:
        asked.append(time.monotonic())
        error = Overloaded("all places are taken", retry_after_s=0.3)
        await send_events(socket, events.Failed(error, fatal=True))
        await socket.close(1013)

    async def again(socket: ServerConnection) -> None:
        asked.append(time.monotonic())
        await finish(socket)

    async with conversation_with(Service(first, full, again)) as conversation:
        assert await all_events(conversation) == [events.Done()]
    assert asked[1] - asked[0] >= 0.3

    async def full_for_long(socket: ServerConnection) -> None:
        error = Overloaded("all places are taken", retry_after_s=60)
        await send_events(socket, events.Failed(error, fatal=True))
        await socket.close(1013)

    # Until the time for a resumption is over nothing is tried again, and the reason is the service's.
    async with conversation_with(Service(first, full_for_long), within_s=1) as conversation:
        with pytest.raises(ConnectionLost, match="within 1 s: all places are taken"):
            await all_events(conversation)


async def test_a_permanent_refusal_ends_the_conversation() -> None:
    async def first(socket: ServerConnection) -> None:
        await send_events(socket, READY)
        await break_off(socket)

    async def refuse(socket: ServerConnection) -> None:
        await send_events(socket, events.Failed(UnsupportedLanguage("pairs served: en-pt")))
        await socket.wait_closed()

    async with conversation_with(Service(first, refuse)) as conversation:
        with pytest.raises(UnsupportedLanguage, match="pairs served"):
            await all_events(conversation)
        with pytest.raises(UnsupportedLanguage):
            await conversation.send(SECOND)


async def test_the_error_after_the_last_attempt_names_the_loss_and_the_last_obstacle() -> None:
    async def first(socket: ServerConnection) -> None:
        await send_events(socket, READY)
        await socket.close(1012)

    refusals = [None, *[HTTPStatus.SERVICE_UNAVAILABLE] * 10_000]
    async with conversation_with(Service(first), refusals, within_s=0.1) as conversation:
        with pytest.raises(ConnectionLost, match=r"1012.*within 0\.1 s: .*full or still starting"):
            await all_events(conversation)


async def test_a_service_that_accepts_the_connection_and_sends_nothing_is_given_up() -> None:
    async def first(socket: ServerConnection) -> None:
        await send_events(socket, READY)
        await break_off(socket)

    async def silent(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async with conversation_with(Service(first, silent, silent), within_s=0.1) as conversation:
        with pytest.raises(ConnectionLost, match=r"1006.*within 0\.1 s: the service did not answer"):
            await all_events(conversation)


async def test_a_service_that_fails_again_without_progress_is_given_up() -> None:
    async def fail(socket: ServerConnection) -> None:
        await send_events(socket, READY)
        await break_off(socket)

    async with conversation_with(Service(*[fail] * 10_000), within_s=0.1) as conversation:
        with pytest.raises(ConnectionLost, match=r"within 0\.1 s"):
            await all_events(conversation)


@pytest.mark.parametrize("code", [1000, 1008, 1011])
async def test_a_service_that_ends_the_conversation_is_not_reconnected_to(code: int) -> None:
    async def first(socket: ServerConnection) -> None:
        await send_events(socket, READY)
        await socket.close(code)

    service = Service(first)
    async with conversation_with(service) as conversation:
        with pytest.raises(ConnectionLost, match=str(code)):
            await all_events(conversation)
    assert len(service.configs) == 1


async def test_events_are_delivered_once() -> None:
    before, after = EVENTS[:6], EVENTS[6:]

    async def first(socket: ServerConnection) -> None:
        await send_events(socket, READY, *before[:5], AUDIO)
        await break_off(socket)

    async def second(socket: ServerConnection) -> None:
        await send_events(socket, READY, *before[:5], AUDIO, *after)

    async with conversation_with(Service(first, second)) as conversation:
        assert await all_events(conversation) == EVENTS


async def test_an_audio_event_that_lacked_its_binary_message_is_delivered_after_resumption() -> None:
    async def first(socket: ServerConnection) -> None:
        await send_events(socket, READY, *EVENTS[:4])
        await socket.send(json.dumps({"type": "audio", "segment_id": 0}))
        await break_off(socket)

    async def second(socket: ServerConnection) -> None:
        await send_events(socket, READY, *EVENTS)

    async with conversation_with(Service(first, second)) as conversation:
        assert await all_events(conversation) == EVENTS


def test_back_off_grows_up_to_a_limit_and_has_full_jitter() -> None:
    assert [jittered_backoff(attempt, lambda: 1.0) for attempt in range(4)] == [
        BASE_DELAY_S * factor for factor in (1, 2, 4, 8)
    ]
    assert jittered_backoff(10_000, lambda: 1.0) == MAX_DELAY_S
    assert jittered_backoff(3, lambda: 0.0) == 0
    assert len({jittered_backoff(3) for _ in range(10)}) > 1
