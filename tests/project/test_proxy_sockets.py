"""What the refusals of the guide's socket variables say of Ray Serve's proxy is so."""

import asyncio

from ray.serve._private.http_util import start_asgi_http_server
from ray.serve.config import HTTPOptions
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.extensions.permessage_deflate import PerMessageDeflate

from sokuji.config.variables import PROXY_VARIABLES


async def _hello(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


async def test_the_proxy_pings_and_compresses_as_the_refusals_say() -> None:
    app = Starlette(routes=[WebSocketRoute("/", _hello)])
    options = HTTPOptions(host="127.0.0.1", port=0)
    task, server = await start_asgi_http_server(app, options, event_loop=asyncio.get_running_loop())
    try:
        assert server.config.ws_ping_interval == PROXY_VARIABLES["WS_PING_INTERVAL"][0]
        assert server.config.ws_ping_timeout == PROXY_VARIABLES["WS_PING_TIMEOUT"][0]
        while not server.started:
            await asyncio.sleep(0.01)
        ((host, port), *_) = [socket.getsockname() for each in server.servers for socket in each.sockets]
        async with connect(f"ws://{host}:{port}/", compression="deflate") as client:
            compressed = any(isinstance(each, PerMessageDeflate) for each in client.protocol.extensions)
        assert compressed is PROXY_VARIABLES["WS_COMPRESSION"][0]
    finally:
        server.should_exit = True
        await task
