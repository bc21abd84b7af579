"""A client whose socket is lost, against a real local server: what it sends again, how often, how long."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from sokuji import events
from sokuji.client import ConnectionLost, TranslationClient, connect
from sokuji.client.reconnection import FIRST_PAUSE_S, LONGEST_PAUSE_S, jittered
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
"""Two seconds in which every sample can be told from its neighbours."""
Answer = Callable[[ServerConnection], Awaitable[None]]


class Service:
    """Answers one connection after another by script, and keeps what came over each."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = iter(answers)
        self.configs: list[dict[str, Any]] = []
        self.received: list[list[str | bytes]] = []

    async def __call__(self, socket: ServerConnection) -> None:
        self.configs.append(await receive_message(socket))
        self.received.append([])
        await next(self._answers)(socket)

    async def listen(self, socket: ServerConnection, until: int | str) -> None:
        """Keep what comes until so many bytes of audio, or that command."""
        received = self.received[-1]
        while until not in (sum(map(len, audio_of(received))), last_command(received)):
            received.append(await socket.recv())

    @property
    def audio(self) -> list[bytes]:
        """What was heard over each connection."""
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
async def test_what_was_not_acknowledged_is_sent_again_to_the_byte(leave: Answer) -> None:
    async def first(socket: ServerConnection) -> None:
        await send_events(socket, READY)
        await service.listen(socket, len(PCM))
        await send_events(socket, events.Ack(790), events.Ack(790, "So far,", 1))
        await leave(socket)

    async def second(socket: ServerConnection) -> None:
        await send_events(socket, READY)
        await service.listen(socket, "end")
        await send_events(socket, events.Done())

    service = Service(first, second)
    async with conversation_with(service) as conversation:
        await conversation.send(PCM)
        seen = []
        async for event in conversation:
            seen.append(event)
            if event == events.Ack(790, "So far,", 1):
                await conversation.end()
        assert conversation.resumptions == 1
    assert service.audio == [PCM, PCM[790 * 32 :]]
    resumed = service.configs[1]
    assert [resumed.pop(name) for name in ("session_id", "resume_from_ms", "resume_text")] == [
        READY.session_id, 790, "So far,",
    ]  # fmt: skip
    assert resumed == service.configs[0]
    assert [event for event in seen if not isinstance(event, events.Draining)] == [
        events.Ack(790), events.Ack(790, "So far,", 1), events.Done(),
    ]  # fmt: skip


async def test_commands_are_sent_again_at_their_place_but_for_a_cancel() -> None:
    async def first(socket: ServerConnection) -> None:
        await send_events(socket, READY)
        await service.listen(socket, "end")
        await send_events(socket, events.Ack(1_000))
        await break_off(socket)

    async def second(socket: ServerConnection) -> None:
        await send_events(socket, READY)
        await service.listen(socket, "end")
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
    assert again == [640, "flush", 3_200, 3_200, "end"]


async def test_the_sender_waits_at_its_window_while_there_is_no_connection() -> None:
    go_on = asyncio.Event()

    async def first(socket: ServerConnection) -> None:
        await send_events(socket, READY)
        await break_off(socket)

    async def second(socket: ServerConnection) -> None:
        await go_on.wait()
        await send_events(socket, READY)
        await service.listen(socket, 32_000)
        await send_events(socket, events.Ack(1_000))
        await service.listen(socket, "end")
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


async def test_a_service_that_is_not_ready_yet_is_asked_again() -> None:
    async def full(socket: ServerConnection) -> None:
        await send_events(socket, events.Failed(Overloaded("all places are taken"), fatal=True))
        await socket.close(1013)

    async def full_without_a_word(socket: ServerConnection) -> None:
        await socket.close(1013)

    async def first(socket: ServerConnection) -> None:
        await send_events(socket, READY)
        await break_off(socket)

    refusals = [None, HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE]
    service = Service(first, full, full_without_a_word, break_off, finish)
    async with conversation_with(service, refusals) as conversation:
        assert await all_events(conversation) == [events.Done()]
        assert conversation.resumptions == 1


async def test_a_refusal_that_no_retry_can_mend_ends_the_conversation() -> None:
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


async def test_a_service_that_does_not_come_back_is_given_up_with_what_happened() -> None:
    async def first(socket: ServerConnection) -> None:
        await send_events(socket, READY)
        await socket.close(1012)

    refusals = [None, *[HTTPStatus.SERVICE_UNAVAILABLE] * 10_000]
    async with conversation_with(Service(first), refusals, within_s=0.1) as conversation:
        with pytest.raises(ConnectionLost, match=r"1012.*within 0\.1 s: .*full or still starting"):
            await all_events(conversation)


async def test_a_service_that_takes_the_connection_and_is_silent_is_given_up() -> None:
    async def first(socket: ServerConnection) -> None:
        await send_events(socket, READY)
        await break_off(socket)

    async def silent(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async with conversation_with(Service(first, silent, silent), within_s=0.1) as conversation:
        with pytest.raises(ConnectionLost, match=r"1006.*within 0\.1 s: the service did not answer"):
            await all_events(conversation)


async def test_a_service_that_fails_at_the_same_place_over_and_over_is_given_up() -> None:
    async def fail(socket: ServerConnection) -> None:
        await send_events(socket, READY)
        await break_off(socket)

    async with conversation_with(Service(*[fail] * 10_000), within_s=0.1) as conversation:
        with pytest.raises(ConnectionLost, match=r"within 0\.1 s"):
            await all_events(conversation)


@pytest.mark.parametrize("code", [1000, 1008, 1011])
async def test_a_service_that_ends_the_conversation_on_purpose_is_not_called_again(code: int) -> None:
    async def first(socket: ServerConnection) -> None:
        await send_events(socket, READY)
        await socket.close(code)

    service = Service(first)
    async with conversation_with(service) as conversation:
        with pytest.raises(ConnectionLost, match=str(code)):
            await all_events(conversation)
    assert len(service.configs) == 1


async def test_what_the_application_has_is_not_handed_to_it_again() -> None:
    before, after = EVENTS[:5], EVENTS[5:]

    async def first(socket: ServerConnection) -> None:
        await send_events(socket, READY, *before[:4], AUDIO)
        await break_off(socket)

    async def second(socket: ServerConnection) -> None:
        await send_events(socket, READY, *before[:4], AUDIO, *after)

    async with conversation_with(Service(first, second)) as conversation:
        assert await all_events(conversation) == EVENTS


async def test_a_sound_of_which_only_the_announcement_came_comes_again() -> None:
    async def first(socket: ServerConnection) -> None:
        await send_events(socket, READY, *EVENTS[:4])
        await socket.send(json.dumps({"type": "audio", "segment_id": 0}))
        await break_off(socket)

    async def second(socket: ServerConnection) -> None:
        await send_events(socket, READY, *EVENTS)

    async with conversation_with(Service(first, second)) as conversation:
        assert await all_events(conversation) == EVENTS


def test_pauses_grow_up_to_a_bound_and_are_spread_from_zero() -> None:
    assert [jittered(attempt, lambda: 1.0) for attempt in range(4)] == [
        FIRST_PAUSE_S * factor for factor in (1, 2, 4, 8)
    ]
    assert jittered(10_000, lambda: 1.0) == LONGEST_PAUSE_S
    assert jittered(3, lambda: 0.0) == 0
    assert len({jittered(3) for _ in range(10)}) > 1
