"""The whole HTTP and WebSocket API on a loopback port, over fake stages and without Ray."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from uvicorn.config import WSProtocolType

from sokuji.api.app import build_app
from sokuji.api.service import Service
from sokuji.config import GatewaySettings
from tests.support.decoders import shared_decoders
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts, ready_pipeline


@contextmanager
def serve_api(
    stt: FakeStt | None = None,
    translator: FakeTranslator | None = None,
    tts: FakeTts | None = None,
    settings: GatewaySettings | None = None,
    ws: WSProtocolType = "websockets-sansio",
) -> Iterator[str]:
    """The URL of a server that runs in a thread, so that commands may have an event loop of their own."""
    pipeline = asyncio.run(ready_pipeline(stt, translator, tts))
    app = build_app(Service(pipeline, settings or GatewaySettings(), decoders=shared_decoders()))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", ws=ws, log_config=None))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = threading.Thread(target=server.run, args=([listener],))
        running.start()
        try:
            yield "http://{}:{}".format(*listener.getsockname())
        finally:
            server.should_exit = True
            running.join()
