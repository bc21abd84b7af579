"""A session with a system that takes speech and sends a growing transcript over one WebSocket."""

import asyncio
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from load_tests.peers.growing_transcript import GrowingTranscript, evaluate
from load_tests.peers.system import ANSWERED_WITHIN_S, PeerFailed, PeerSession
from load_tests.scenarios.sessions import SpokenUntil
from load_tests.scenarios.speech_samples import silence
from sokuji.audio.pcm import RECOGNISER_RATE

READY_S = 60.0
"""The first client waits for the model to be loaded."""
MOST_BYTES = 2**20
"""Of one message."""


class PeerMessages(Protocol):
    """The messages of a system in one session."""

    name: str
    """Of the system, for errors."""
    end_of_audio: bytes
    """The last message of the client."""

    async def open(self, socket: ClientConnection) -> None:
        """Return when audio may be sent."""

    def note(self, message: Mapping[str, Any], transcript: GrowingTranscript, at: float) -> None:
        """Take over what a message says, that came at ``at`` (monotonic seconds).

        Raises:
            PeerFailed: it is malformed.
        """


async def converse(url: str, messages: PeerMessages, session: PeerSession, spoken_until: SpokenUntil) -> None:
    """Send the speech, then silence until responses no longer count, and record what came back.

    Raises:
        PeerFailed: the system refuses the client, or ends the conversation.
    """
    transcript = GrowingTranscript()
    try:
        async with connect(
            url, proxy=None, compression=None, ping_interval=None, max_size=MOST_BYTES
        ) as socket:
            await _open(socket, messages)
            receiving = asyncio.create_task(_receive(socket, messages, transcript, session))
            try:
                await _send(socket, messages, session, spoken_until)
            finally:
                receiving.cancel()
                await asyncio.wait([receiving])
                evaluate(session, transcript)
    except WebSocketException as error:
        raise PeerFailed(f"{messages.name} ended the conversation: {type(error).__name__}") from None


async def received(socket: ClientConnection, name: str) -> dict[str, Any]:
    """The next message of the system called ``name``."""
    return _parsed(await socket.recv(), name)


def _parsed(message: str | bytes, name: str) -> dict[str, Any]:
    with suppress(ValueError):
        if isinstance(content := json.loads(message), dict):
            return content
    raise PeerFailed(f"{name} sent no JSON object")


async def _open(socket: ClientConnection, messages: PeerMessages) -> None:
    try:
        async with asyncio.timeout(READY_S):
            await messages.open(socket)
    except TimeoutError:
        raise PeerFailed(f"{messages.name} was not ready within {READY_S:.0f} s") from None


async def _receive(
    socket: ClientConnection, messages: PeerMessages, transcript: GrowingTranscript, session: PeerSession
) -> None:
    try:
        async for message in socket:
            messages.note(_parsed(message, messages.name), transcript, time.monotonic())
    except PeerFailed as error:
        session.fail(error)
        await socket.close()
    except ConnectionClosed:
        return  # The sending side fails too, and reports it.


async def _send(
    socket: ClientConnection, messages: PeerMessages, session: PeerSession, spoken_until: SpokenUntil
) -> None:
    # A server may finish no segment when the audio ends, so silence is sent for the last words.
    pcm = session.speech.pcm + silence(1_000 * ANSWERED_WITHIN_S)
    async for frame in session.pace.frames(pcm, RECOGNISER_RATE, spoken_until):
        await socket.send(frame)
    await socket.send(messages.end_of_audio)
