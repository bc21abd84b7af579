"""The OpenAI doors on a loopback port, in the loop of the test, over fake stages; strict validation."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx
import openai
import uvicorn
from pydantic import BaseModel, TypeAdapter
from uvicorn.server import ServerState

from sokuji.api.app import build_app
from sokuji.api.service import Service
from sokuji.config import GatewaySettings
from tests.support.fake_stages import FakeDiarizer, FakeStt, FakeTranslator, FakeTts, ready_pipeline

T = TypeVar("T")


@asynccontextmanager
async def openai_api(
    stt: FakeStt | None = None,
    translator: FakeTranslator | None = None,
    tts: FakeTts | None = None,
    settings: GatewaySettings | None = None,
    *,
    speakers: FakeDiarizer | None = None,
) -> AsyncIterator[str]:
    """The base URL for a client of OpenAI. The fakes run in the loop of the test, which may hold them."""
    pipeline = await ready_pipeline(stt, translator, tts, speakers=speakers)
    app = build_app(Service(pipeline, settings or GatewaySettings()))
    config = uvicorn.Config(app, lifespan="off", ws="websockets-sansio", log_config=None)
    config.load()
    # Not uvicorn.Server, which takes half a second to stop.
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: config.http_protocol_class(config=config, server_state=state, app_state={}),  # type: ignore[call-arg]
        "127.0.0.1",
        0,
    )
    try:
        yield "http://{}:{}/v1".format(*server.sockets[0].getsockname())
    finally:
        server.close()
        for task in list(state.tasks):
            task.cancel()
        await asyncio.gather(*state.tasks, return_exceptions=True)
        for connection in list(state.connections):
            connection.shutdown()


def http_client(base_url: str) -> httpx.AsyncClient:
    """A plain client; it loads no certificates, which takes longer than most tests."""
    return httpx.AsyncClient(base_url=base_url, verify=False, timeout=60)


def client_of(base_url: str) -> openai.AsyncOpenAI:
    """OpenAI's own client, which asks once."""
    return openai.AsyncOpenAI(base_url=base_url, api_key="any", max_retries=0)


def events_of(response: httpx.Response) -> list[Any]:
    """The data of a streamed answer."""
    assert response.headers["content-type"].startswith("text/event-stream")
    return [json.loads(line.removeprefix("data: ")) for line in response.text.split("\n\n") if line]


def strictly(kind: type[T] | Any, data: Any, *extensions: str) -> T:
    """``data`` as one of OpenAI's types, without conversion.

    Args:
        extensions: the fields that its types do not have.
    """
    value: T = TypeAdapter(kind).validate_python(data, strict=True)
    assert set(_unknown(value)) <= set(extensions)
    return value


def _unknown(value: Any) -> Iterator[str]:
    if isinstance(value, BaseModel):
        yield from value.model_extra or ()
        for _, member in value:
            yield from _unknown(member)
    elif isinstance(value, list):
        for member in value:
            yield from _unknown(member)
