"""The handshake of the doors under ``/v1``."""

from typing import Any

import pytest
from starlette.types import Message
from starlette.websockets import WebSocket

from sokuji.api.credentials import Credentials
from sokuji.api.handshake import RefusedHandshake, accept

CREDENTIALS = Credentials(b"k" * 32)
SECRET = CREDENTIALS.make_secret({"type": "translation"}, 3_600).value
OLD_SECRET = CREDENTIALS.make_secret({"type": "translation"}, -60).value


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
        (["realtime", f"openai-insecure-api-key.{SECRET}"], "realtime"),
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
    secret = await accept(socket, CREDENTIALS, ("realtime", "beta"))
    assert (sent[0]["type"], sent[0]["subprotocol"]) == ("websocket.accept", chosen)
    assert (secret is not None) == any(SECRET in each for each in offered)


async def test_a_secret_that_has_expired_is_answered_with_401() -> None:
    offered = ("realtime", f"openai-insecure-api-key.{OLD_SECRET}")
    socket, sent = client(*offered, extensions={"websocket.http.response": {}})
    with pytest.raises(RefusedHandshake):
        await accept(socket, CREDENTIALS)
    start, body = sent
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 401)
    assert b'"type": "authentication_error"' in body["body"]
    assert OLD_SECRET.encode() not in body["body"]


async def test_a_server_that_cannot_answer_closes_before_the_handshake() -> None:
    socket, sent = client("realtime", f"openai-insecure-api-key.{OLD_SECRET}")
    with pytest.raises(RefusedHandshake):
        await accept(socket, CREDENTIALS)
    assert [message["type"] for message in sent] == ["websocket.close"]
