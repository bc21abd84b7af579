"""The handshake of all doors."""

from typing import Any

import pytest
from starlette.types import Message
from starlette.websockets import WebSocket

from sokuji.api.handshake import accept, refuse
from sokuji.errors import Unauthenticated


def client(*subprotocols: str, **scope: Any) -> tuple[WebSocket, list[Message]]:
    """A socket, and what it is sent."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/v1/x", "headers": [], "subprotocols": list(subprotocols), **scope}
    return WebSocket(scope, receive, send), sent


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["realtime", "openai-insecure-api-key.ek_1"], "realtime"),
        (["openai-insecure-api-key.sk-1", "beta", "realtime"], "realtime"),
        (["openai-insecure-api-key.sk-1", "beta"], "beta"),
        (["openai-insecure-api-key.sk-1"], None),
        ([], None),
    ],
)
async def test_a_subprotocol_that_was_offered_is_sent_back_and_never_the_key(
    offered: list[str], chosen: str | None
) -> None:
    socket, sent = client(*offered)
    await accept(socket, ("realtime", "beta"))
    assert (sent[0]["type"], sent[0]["subprotocol"]) == ("websocket.accept", chosen)


async def test_a_refusal_is_answered_with_its_status() -> None:
    socket, sent = client(extensions={"websocket.http.response": {}})
    await refuse(socket, Unauthenticated("no key"))
    start, body = sent
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 401)
    assert (b"www-authenticate", b"Bearer") in start["headers"]
    assert b'"type": "authentication_error"' in body["body"]


async def test_a_server_that_cannot_answer_closes_before_the_handshake() -> None:
    socket, sent = client()
    await refuse(socket, Unauthenticated("no key"))
    assert [(message["type"], message["code"]) for message in sent] == [("websocket.close", 1008)]
