"""All doors of the API on a loopback port, with fakes or models behind them and no Ray."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from sokuji.api.app import build_app
from sokuji.api.service import Service
from sokuji.config import GatewaySettings
from tests.support.fakes import FakeStt, FakeTranslator, FakeTts, ready_pipeline


@contextmanager
def open_doors(
    stt: FakeStt | None = None, translator: FakeTranslator | None = None, tts: FakeTts | None = None
) -> Iterator[str]:
    """A service in a thread of its own, so that commands with their own event loop can use it; its URL."""
    pipeline = asyncio.run(ready_pipeline(stt, translator, tts))
    app = build_app(Service(pipeline, GatewaySettings()))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", ws="websockets-sansio", log_config=None))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = threading.Thread(target=server.run, args=([listener],))
        running.start()
        try:
            yield "http://{}:{}".format(*listener.getsockname())
        finally:
            server.should_exit = True
            running.join()
