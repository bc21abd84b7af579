"""The server of Serve's proxy, started as Serve does it, with the bounds of this project."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from ray.serve._private.http_util import start_asgi_http_server
from ray.serve.config import HTTPOptions
from starlette.types import ASGIApp
from uvicorn.config import HTTP_PROTOCOLS, WS_PROTOCOLS

from deployments.http_server import TRUSTED_PROXIES
from deployments.proxy import middlewares
from sokuji.config import PROXY_VARIABLES


@pytest.fixture(autouse=True)
def uvicorn_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """After each test of a module that has this, uvicorn's tables and the environment are as they were."""
    for table in (HTTP_PROTOCOLS, WS_PROTOCOLS):
        monkeypatch.setitem(table, "auto", table["auto"])
    for name in (TRUSTED_PROXIES, *PROXY_VARIABLES):
        # Set first, so that a value which the test sets is removed again.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[int]:
    """The port on loopback of a server like that of Serve's proxy."""
    options = HTTPOptions(host="127.0.0.1", port=0)
    # As Serve does it: the field refuses assignments.
    options.middlewares.extend(middlewares())
    task, server = await start_asgi_http_server(app, options, event_loop=asyncio.get_running_loop())
    try:
        async with asyncio.timeout(10):
            while not server.started:
                await asyncio.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task
