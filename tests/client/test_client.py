"""The WebSocket client against a real local server: what is sent, what arrives, and what is buffered."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from sokuji import events
from sokuji.client import Config, connect
from sokuji.client.handshake import endpoint
from sokuji.errors import InvalidRequest
from sokuji.protocol import AudioEncoding
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
    service,
)


@pytest.mark.parametrize("encoding", ["pcm_binary", "wav_base64"])
async def test_every_event_arrives_as_it_was_sent(encoding: AudioEncoding) -> None:
    async def script(socket: ServerConnection) -> None:
        await send_events(socket, *EVENTS, encoding=encoding)

    config = Config(target_language="en", audio_encoding=encoding)
    async with service(script) as url, connect(url, config) as conversation:
        assert conversation.ready == READY
        assert await all_events(conversation) == EVENTS


async def test_the_config_message_has_the_fields_of_the_config() -> None:
    configs: list[dict[str, Any]] = []

    async def script(socket: ServerConnection) -> None:
        configs.append(await receive_message(socket))
        await send_events(socket, READY)
        await socket.wait_closed()

    config = Config(target_language="en", source_language="pt", sample_rate=48_000, channels=2, speed=1.5)
    async with plain_service(script) as url, connect(url, config):
        pass
    expected = {
        "type": "config", "target_language": "en", "source_language": "pt", "voice_id": "default",
        "sample_rate": 48_000, "channels": 2, "output": "audio", "speed": 1.5,
        "audio_encoding": "pcm_binary",
    }  # fmt: skip
    assert configs == [expected]


def test_the_config_message_has_the_optional_fields_that_are_set() -> None:
    config = Config(
        target_language="en",
        target_languages=("fr", "en"),
        partials=True,
        glossary={"Sokuji": "Sokuji"},
        context="names",
        commit="clause",
    )
    assert config.targets == ("en", "fr")
    message = config.message()
    assert message["target_languages"] == ("fr", "en")
    assert {name: message[name] for name in ("partials", "glossary", "context", "commit")} == {
        "partials": True,
        "glossary": {"Sokuji": "Sokuji"},
        "context": "names",
        "commit": "clause",
    }
    assert "target_language" not in Config(target_languages=("fr",)).message()


def test_a_config_without_a_language_to_translate_to_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="language"):
        Config(source_language="pt")


async def test_commands_arrive_in_order_with_the_audio() -> None:
    received: list[str | bytes] = []

    async def script(socket: ServerConnection) -> None:
        async for message in socket:
            received.append(message)
            if message == '{"type": "end"}':
                await send_events(socket, events.Done())

    async with service(script) as url, connect(url, ENGLISH) as conversation:
        await conversation.send(b"\0\0")
        await conversation.flush()
        await conversation.cancel()
        await conversation.end()
        assert await all_events(conversation) == [events.Done()]
    assert received == [b"\0\0", '{"type": "flush"}', '{"type": "cancel"}', '{"type": "end"}']


async def test_long_audio_is_sent_in_messages_of_half_a_second() -> None:
    received: list[bytes] = []

    async def script(socket: ServerConnection) -> None:
        async for message in socket:
            if isinstance(message, str):
                await send_events(socket, events.Done())
            else:
                received.append(message)

    pcm = bytes(range(250)) * 200
    async with service(script) as url, connect(url, ENGLISH) as conversation:
        await conversation.send(pcm)
        await conversation.end()
        await all_events(conversation)
    assert b"".join(received) == pcm
    assert max(map(len, received)) == 16_000


async def test_the_sender_stays_within_its_window_of_the_last_ack() -> None:
    received_ms = 0.0
    full, go_on = asyncio.Event(), asyncio.Event()

    async def script(socket: ServerConnection) -> None:
        nonlocal received_ms
        async for message in socket:
            if isinstance(message, str):
                await send_events(socket, events.Done())
                return
            received_ms += len(message) / 32
            if received_ms == 2_000:
                full.set()
                await go_on.wait()
                await send_events(socket, events.Ack(1_500))
            if received_ms == 3_500:
                await send_events(socket, events.Ack(3_500))

    async with service(script) as url, connect(url, ENGLISH, window_s=2) as conversation:
        sending = asyncio.create_task(conversation.send(5 * SECOND))
        reading = asyncio.create_task(all_events(conversation))
        await full.wait()
        await asyncio.wait([sending], timeout=0.1)
        assert conversation.sent_ms == 2_000
        go_on.set()
        await sending
        await conversation.end()
        assert [type(event) for event in await reading] == [events.Ack, events.Ack, events.Done]
    assert received_ms == 5_000


async def test_events_that_the_application_does_not_read_are_queued_up_to_a_limit() -> None:
    total, sent = 4_000, 0
    loud = events.Audio(
        segment_id=0,
        clause=0,
        chunk=0,
        target_language="en",
        pcm=bytes(20_000),
        sample_rate=24_000,
        last=False,
    )

    async def script(socket: ServerConnection) -> None:
        nonlocal sent
        while sent < total:
            await send_events(socket, loud)
            sent += 1
        await send_events(socket, events.Done())

    async with service(script) as url, connect(url, ENGLISH) as conversation:
        while True:
            before = sent
            await asyncio.sleep(0.3)
            if sent == before:
                break
        assert sent < total
        assert len(await all_events(conversation)) == total + 1


async def test_audio_may_be_divided_within_a_sample() -> None:
    received: list[bytes] = []

    async def script(socket: ServerConnection) -> None:
        while isinstance(message := await socket.recv(), bytes):
            received.append(message)
        await send_events(socket, events.Done())

    stereo = Config(target_language="en", channels=2)
    pcm = bytes(range(250)) * 10
    async with service(script) as url, connect(url, stereo) as conversation:
        for start in range(0, len(pcm), 7):
            await conversation.send(pcm[start : start + 7])
        await conversation.end()
        await all_events(conversation)
    assert b"".join(received) == pcm
    assert {len(each) % 4 for each in received} == {0}


async def test_events_and_fields_of_a_newer_service_are_skipped() -> None:
    async def script(socket: ServerConnection) -> None:
        await socket.send('{"type": "weather", "sunny": true}')
        await socket.send('{"type": "ack", "through_ms": 5, "colour": "red"}')
        await send_events(socket, events.Done())

    async with service(script) as url, connect(url, ENGLISH) as conversation:
        assert await all_events(conversation) == [events.Ack(5), events.Done()]


async def test_converse_sends_everything_and_then_the_end() -> None:
    received = bytearray()

    async def script(socket: ServerConnection) -> None:
        async for message in socket:
            if isinstance(message, str):
                await send_events(socket, events.Ack(300), events.Done())
            else:
                received.extend(message)

    async def frames() -> AsyncIterator[bytes]:
        for number in range(3):
            yield bytes([number]) * 3_200

    async with service(script) as url, connect(url, ENGLISH) as conversation:
        received_events = [event async for event in conversation.converse(frames())]
    assert received_events == [events.Ack(300), events.Done()]
    assert received == bytes([0]) * 3_200 + bytes([1]) * 3_200 + bytes([2]) * 3_200


async def test_leaving_early_closes_the_socket_and_leaves_no_task_running() -> None:
    closed = asyncio.Event()

    async def script(socket: ServerConnection) -> None:
        await send_events(socket, *[AUDIO] * 200)
        await socket.wait_closed()
        closed.set()

    before = asyncio.all_tasks()
    async with service(script) as url:
        async with connect(url, ENGLISH) as conversation:
            await anext(aiter(conversation))
        await closed.wait()
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.0.0.1:8000", "ws://127.0.0.1:8000/api/v1/ws/translate"),
        ("https://example.org/", "wss://example.org/api/v1/ws/translate"),
        ("ws://[::1]:9000", "ws://[::1]:9000/api/v1/ws/translate"),
        ("wss://example.org/bridge", "wss://example.org/bridge/api/v1/ws/translate"),
        ("ws://h/api/v1/ws/translate", "ws://h/api/v1/ws/translate"),
    ],
)
def test_the_address_of_a_service_may_have_any_of_these_forms(url: str, address: str) -> None:
    assert endpoint(url, "/api/v1/ws/translate", "ws") == address
