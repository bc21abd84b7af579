"""A call from a page that is not the service's own."""

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse

from tests.support.browser import browser

PAGE = Path(__file__).parent / "call.html"
TIMEOUT_S = 60


async def call_from_page(
    url: str, secret: str, microphone: Path, seconds: float, *, port: int
) -> dict[str, Any]:
    """What the page of ``call.html`` reports: ``events``, and the ``recording`` of what it has heard.

    Args:
        url: takes the offer.
        secret: a client secret.
        microphone: a WAV file, which is said once.
        seconds: from the first translated word to the end of the call.
        port: of the page, whose origin is ``http://127.0.0.1:port``.
    """
    app = FastAPI()
    reported: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    @app.get("/")
    async def page() -> FileResponse:
        return FileResponse(PAGE)

    @app.post("/result")
    async def result(request: Request) -> None:
        reported.set_result(json.loads(await request.body()))

    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    query = urlencode({"url": url, "secret": secret, "seconds": seconds})
    try:
        async with browser(microphone) as context:
            await (await context.new_page()).goto(f"http://127.0.0.1:{port}/?{query}")
            return await asyncio.wait_for(reported, TIMEOUT_S)
    finally:
        server.should_exit = True
        await serving
