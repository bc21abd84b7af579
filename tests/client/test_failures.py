"""The WebSocket client against a real local server that refuses, fails or sends malformed messages."""

import json
from collections.abc import AsyncIterator
from http import HTTPStatus

import pytest
from websockets.asyncio.server import ServerConnection

from sokuji import events
from sokuji.api.bridge.messages import encode_event
from sokuji.client import ConnectionLost, ServiceUnreachable, connect
from sokuji.client.handshake import endpoint
from sokuji.client.messages import ProtocolViolation
from sokuji.errors import InvalidRequest, Overloaded, ProviderFailed, SokujiError, UnsupportedLanguage
from tests.support.scripted_server import (
    AUDIO,
    ENGLISH,
    EVENTS,
    SECOND,
    all_events,
    plain_service,
    receive_message,
    send_events,
    service,
)


async def test_a_config_that_is_refused_raises_the_error_of_the_service() -> None:
    async def script(socket: ServerConnection) -> None:
        await receive_message(socket)
        error = UnsupportedLanguage("pairs served: en-pt, pt-en", param="target_language")
        await send_events(socket, events.Failed(error))
        await socket.wait_closed()

    async with plain_service(script) as url:
        with pytest.raises(UnsupportedLanguage, match="pairs served") as caught:
            async with connect(url, ENGLISH):
                pass
    assert caught.value.param == "target_language"


async def test_a_full_service_raises_overloaded() -> None:
    async def script(socket: ServerConnection) -> None:
        await send_events(socket, events.Failed(Overloaded("all 100 session places are taken"), fatal=True))
        await socket.close(1013, "overloaded")

    async with plain_service(script) as url:
        with pytest.raises(Overloaded, match="places are taken"):
            async with connect(url, ENGLISH):
                pass


async def test_a_failed_utterance_is_an_event_and_the_conversation_goes_on() -> None:
    async def script(socket: ServerConnection) -> None:
        await send_events(socket, events.Failed(ProviderFailed("no voice"), segment_id=3), events.Done())

    async with service(script) as url, connect(url, ENGLISH) as conversation:
        failed, done = await all_events(conversation)
    assert isinstance(failed, events.Failed)
    assert (type(failed.error), failed.error.message, failed.segment_id) == (ProviderFailed, "no voice", 3)
    assert done == events.Done()


async def test_a_fatal_error_ends_the_conversation_with_that_error() -> None:
    async def script(socket: ServerConnection) -> None:
        await send_events(socket, EVENTS[0], events.Failed(Overloaded("more than 120 s wait"), fatal=True))
        await socket.close(1013, "overloaded")

    async with service(script) as url, connect(url, ENGLISH) as conversation:
        seen = []
        with pytest.raises(Overloaded, match="120 s"):
            async for event in conversation:
                seen.append(event)
        assert seen == [EVENTS[0]]
        with pytest.raises(Overloaded, match="120 s"):
            await conversation.send(SECOND)


async def test_events_received_before_the_connection_broke_off_are_delivered() -> None:
    async def script(socket: ServerConnection) -> None:
        await send_events(socket, *EVENTS[:4])
        await receive_message(socket)
        socket.transport.abort()

    async with service(script) as url, connect(url, ENGLISH, resume_within_s=0) as conversation:
        seen = []
        await conversation.flush()
        with pytest.raises(ConnectionLost, match="1006"):
            async for event in conversation:
                seen.append(event)
    assert seen == EVENTS[:4]


async def test_the_close_code_is_explained() -> None:
    async def script(socket: ServerConnection) -> None:
        await socket.close(1012)

    async with service(script) as url, connect(url, ENGLISH, resume_within_s=0) as conversation:
        with pytest.raises(ConnectionLost, match=r"1012.*restarted"):
            await all_events(conversation)


async def test_a_sender_that_waits_for_an_ack_is_woken_when_the_connection_is_lost() -> None:
    async def script(socket: ServerConnection) -> None:
        async for _ in socket:
            socket.transport.abort()

    async with service(script) as url, connect(url, ENGLISH, window_s=1, resume_within_s=0) as conversation:
        with pytest.raises(ConnectionLost):
            await conversation.send(2 * SECOND)


async def test_an_address_without_a_service_says_how_to_start_one() -> None:
    async def script(socket: ServerConnection) -> None: ...

    async with plain_service(script) as url:
        pass
    with pytest.raises(ServiceUnreachable, match=r"refused.*make run"):
        async with connect(url, ENGLISH):
            pass


async def test_another_web_server_is_reported_with_its_status() -> None:
    async def script(socket: ServerConnection) -> None: ...

    async with plain_service(script, [HTTPStatus.NOT_FOUND]) as url:
        with pytest.raises(ServiceUnreachable, match=r"404.*Sokuji"):
            async with connect(url, ENGLISH):
                pass


@pytest.mark.parametrize("status", [HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE])
async def test_a_refused_handshake_of_a_full_service_says_so(status: HTTPStatus) -> None:
    async def script(socket: ServerConnection) -> None: ...

    async with plain_service(script, [status]) as url:
        with pytest.raises(ServiceUnreachable, match="full or still starting; try again shortly"):
            async with connect(url, ENGLISH):
                pass


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        ("{", "JSON"),
        ("[1]", "JSON"),
        (b"\0\0", "without its audio event"),
        ('{"type": "ack"}', "ack event: through_ms"),
        ('{"type": "audio", "data": "!"}', "no WAV"),
    ],
)
async def test_a_malformed_message_is_a_protocol_violation(message: str | bytes, fault: str) -> None:
    async def script(socket: ServerConnection) -> None:
        await socket.send(message)
        await socket.wait_closed()

    async with service(script) as url, connect(url, ENGLISH) as conversation:
        with pytest.raises(ProtocolViolation, match=fault):
            await all_events(conversation)


async def test_an_audio_event_without_its_binary_message_is_a_protocol_violation() -> None:
    async def script(socket: ServerConnection) -> None:
        head, _ = encode_event(AUDIO, "pcm_binary")
        await socket.send(json.dumps(head))
        await send_events(socket, events.Ack(1))
        await socket.wait_closed()

    async with service(script) as url, connect(url, ENGLISH) as conversation:
        with pytest.raises(ProtocolViolation, match="without its binary message"):
            await all_events(conversation)


async def test_converse_raises_the_error_of_its_frames() -> None:
    async def script(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async def frames() -> AsyncIterator[bytes]:
        yield SECOND
        raise SokujiError("the microphone is gone")

    async with service(script) as url, connect(url, ENGLISH) as conversation:
        with pytest.raises(SokujiError, match="microphone"):
            [event async for event in conversation.converse(frames())]


@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://h", "http://", "http://h:99999", "http://[::1"])
def test_a_malformed_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest, match="an example is http:"):
        endpoint(url, "/x", "ws")
