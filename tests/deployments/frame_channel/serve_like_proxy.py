"""A server that passes ASGI messages on as Serve's proxy does: through queues without a bound."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class ServeLikeProxy:
    """An ASGI app in front of ``replica``; both directions are noted in ``passed``."""

    def __init__(self, replica: ASGIApp) -> None:
        self._replica = replica
        self.passed: list[str] = []
        """Types of the messages that went through the queues."""
        self.scope_changes: Scope = {}
        """What is put into the scope on its way to the replica."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        received: asyncio.Queue[Message] = asyncio.Queue()
        sent: asyncio.Queue[Message | None] = asyncio.Queue()

        async def receive_all() -> None:
            message: Message = {"type": ""}
            while not message["type"].endswith(".disconnect"):
                message = await receive()
                self.passed.append(message["type"])
                received.put_nowait(message)

        async def run_replica() -> None:
            try:
                await self._replica({**scope, **self.scope_changes}, received.get, sent.put)
            finally:
                sent.put_nowait(None)

        receiving, running = asyncio.create_task(receive_all()), asyncio.create_task(run_replica())
        try:
            while (message := await sent.get()) is not None:
                self.passed.append(message["type"])
                await send(message)
            await running
        finally:
            receiving.cancel()
            running.cancel()
            await asyncio.wait([receiving, running])


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """The ``ws://`` URL of a server on this event loop, as Serve's proxy runs one."""
    config = uvicorn.Config(app, port=0, lifespan="off", ws="websockets-sansio", log_config=None)
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    running = asyncio.create_task(server.serve())
    try:
        while not server.started:
            await asyncio.sleep(0.001)
        host, port = server.servers[0].sockets[0].getsockname()
        yield f"ws://{host}:{port}/"
    finally:
        server.should_exit = True
        await running
