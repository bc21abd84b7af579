"""An application of one deployment that takes a conversation's messages and does nothing with them.

It costs what Ray Serve costs: the lower bound of ``load_tests.message_cost``. It answers the first text with
``ready`` and then each ``ACK_EVERY`` messages with an ``ack``, about as many as the gateway sends in silence.
For ``load_tests.message_memory`` it reads nothing more after the text ``HOLD``, and sends without end after
``FLOOD``.
"""

import asyncio
import json
from typing import cast

from fastapi import FastAPI, WebSocket
from ray import serve
from ray.serve import Deployment

from deployments.frame_channel.gateway import ChannelledFrames
from sokuji import __version__

ACK_EVERY = 20
HOLD, FLOOD = "hold", "flood"
FLOOD_FRAME = bytes(2**16)

api = FastAPI()
api.add_middleware(ChannelledFrames)


@api.get("/health")
async def health() -> dict[str, str]:
    """What the launcher waits for."""
    return {"status": "healthy"}


@api.get("/api/v1/info")
async def info() -> dict[str, object]:
    """What the load tests ask of a service."""
    return {"version": __version__, "providers": {}, "limits": {}}


@api.websocket("/api/v1/ws/translate")
async def take(websocket: WebSocket) -> None:
    """Take messages until the client goes."""
    await websocket.accept()
    await websocket.receive_text()
    await websocket.send_text(json.dumps({"type": "ready"}))
    count = 0
    while True:
        message = await websocket.receive()
        if message.get("text") == HOLD:
            await asyncio.Event().wait()
        while message.get("text") == FLOOD:
            await websocket.send_bytes(FLOOD_FRAME)
            await asyncio.sleep(0)
        if message["type"] == "websocket.disconnect":
            return
        count += 1
        if count % ACK_EVERY == 0:
            await websocket.send_text(json.dumps({"type": "ack", "through_ms": 0, "text": ""}))


@serve.deployment(name="Gateway", max_ongoing_requests=256)
@serve.ingress(api)
class Echo:
    """The deployment; it bears the name of the gateway, so that figures stand side by side."""


# A type checker takes the decorated class for the class itself.
app = cast(Deployment, Echo).bind()
