"""A WebSocket server on loopback that speaks the documented wire format and follows a script."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from sokuji import events
from sokuji.api.bridge.messages import encode_event
from sokuji.client.client import TranslationClient
from sokuji.client.config import Config
from sokuji.protocol import AudioEncoding

ENGLISH = Config(target_language="en")
SECOND = bytes(32_000)
READY = events.Ready(
    session_id="s1",
    source_language="auto",
    target_languages=("en",),
    input_sample_rate=16_000,
    output_sample_rate=None,
)
AUDIO = events.Audio(
    segment_id=0, clause=0, chunk=0, target_language="en", pcm=b"\1\2" * 50, sample_rate=22_050, last=True
)
EVENTS: list[events.Event] = [
    events.Speech(state="started", at_ms=320, segment_id=0),
    events.Speech(state="stopped", at_ms=1_280, segment_id=0),
    events.Transcription(
        segment_id=0, text="Olá [mundo].", language="pt", is_final=True, confidence=None, start_ms=0,
        end_ms=1_440, stable_chars=12,
    ),
    events.PartialTranslation(
        segment_id=0, clause=0, text="Hello", stable_chars=0, source_language="pt", target_language="en"
    ),
    events.TranslationText(
        segment_id=0, clause=0, text="Hello.", source_language="pt", target_language="en", is_final=True
    ),
    AUDIO,
    events.Ack(1_440),
    events.Status(load="normal", lag_ms=12),
    events.Draining(5_000),
    events.Attendance(listeners=2, languages=("en", "pt")),
    events.Done(),
]  # fmt: skip
Script = Callable[[ServerConnection], Awaitable[None]]


async def send_events(
    socket: ServerConnection, *said: events.Event, encoding: AudioEncoding = "pcm_binary"
) -> None:
    for event in said:
        for frame in encode_event(event, encoding):
            await socket.send(frame if isinstance(frame, bytes) else json.dumps(frame))


async def receive_message(socket: ServerConnection) -> dict[str, Any]:
    """The next JSON message; audio before it is skipped."""
    async for message in socket:
        if isinstance(message, str):
            found: dict[str, Any] = json.loads(message)
            return found
    raise AssertionError("the client has left")


@asynccontextmanager
async def service(script: Script) -> AsyncIterator[str]:
    """A service that answers the config with ``ready`` and then follows the script."""

    async def greeted(socket: ServerConnection) -> None:
        assert (await receive_message(socket))["type"] == "config"
        await send_events(socket, READY)
        await script(socket)

    async with plain_service(greeted) as url:
        yield url


@asynccontextmanager
async def plain_service(script: Script, refusals: Iterable[HTTPStatus | None] = ()) -> AsyncIterator[str]:
    """A service that follows the script.

    Args:
        refusals: the HTTP statuses with which it answers the first handshakes; None lets one in.
    """
    answers = iter(refusals)

    def receive(socket: ServerConnection, _: Request) -> Response | None:
        status = next(answers, None)
        return None if status is None else socket.respond(status, "")

    async with serve(script, "127.0.0.1", 0, process_request=receive) as server:
        host, port = next(iter(server.sockets)).getsockname()
        yield f"http://{host}:{port}"


async def all_events(conversation: TranslationClient) -> list[events.Event]:
    return [event async for event in conversation]
