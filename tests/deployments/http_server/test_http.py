"""Heads of requests that are endless, slow or wrong, against the server of Serve's proxy."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from deployments.http_server import TRUSTED_PROXIES, http
from tests.deployments.http_server.serve_server import serving, uvicorn_as_it_was

__all__ = ["uvicorn_as_it_was"]

COMPLETE = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"


async def told(request: Request) -> JSONResponse:
    assert request.client is not None
    return JSONResponse({"client": request.client.host, "headers": dict(request.headers)})


async def failed(request: Request) -> PlainTextResponse:
    return PlainTextResponse("Request timed out after 1 s.", int(request.path_params["status"]))


async def unanswered(scope: Scope, receive: Receive, send: Send) -> None:
    """As Serve leaves a request whose replica is lost."""


APP = Starlette(
    routes=[
        Route("/", told),
        Route("/{status:int}", failed),
        Route("/v1/{status:int}", failed),
        Route("/-/{status:int}", failed),
    ]
)


@asynccontextmanager
async def connection() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async with serving(APP) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield reader, writer
        finally:
            writer.close()


async def test_an_endless_header_line_is_refused_while_it_is_read() -> None:
    async with connection() as (_, writer):
        writer.write(b"GET / HTTP/1.1\r\nx-endless: ")
        sent = 0
        with pytest.raises(ConnectionError):
            while sent < 2**26:
                writer.write(bytes([97]) * 2**16)
                sent += 2**16
                await writer.drain()
        # What the kernel has buffered counts too.
        assert sent < 2**24


async def test_many_small_headers_are_refused() -> None:
    async with connection() as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\n" + b"".join(b"x-%d: a\r\n" % number for number in range(10_000)))
        assert (await reader.readline()).split()[1] == b"431"
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        assert len(re.findall(rb"(?i)^x-request-id: [0-9a-f]{32}\r$", head, re.MULTILINE)) == 1
        assert json.loads(body)["error"]["code"] == "invalid_request"


async def test_a_head_that_is_not_complete_in_time_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "HEAD_TIMEOUT_S", 0.2)
    for begun in (b"", b"GET / HT", COMPLETE[:-2]):
        async with connection() as (reader, writer), asyncio.timeout(10):
            writer.write(begun)
            answer = await reader.read()
            assert answer.startswith(b"HTTP/1.1 400 ")
            assert b"not complete within 0.2 s" in answer


@pytest.mark.parametrize("method", ["POST", "HEAD"])
async def test_a_body_that_cannot_be_read_is_answered_as_its_request_allows(method: str) -> None:
    head = f"{method} / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    async with connection() as (reader, writer), asyncio.timeout(10):
        writer.write(head + b"1\r\na??")
        answered, _, body = (await reader.read()).partition(b"\r\n\r\n")
        assert answered.startswith(b"HTTP/1.1 400 ")
        assert (b"error" in body) is (method != "HEAD")


async def test_a_body_that_cannot_be_read_any_more_ends_the_connection_of_a_response_that_has_begun() -> None:
    async with connection() as (reader, writer), asyncio.timeout(10):
        writer.write(COMPLETE.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n"))
        assert (await reader.readuntil(b"}}")).startswith(b"HTTP/1.1 200 ")
        writer.write(b"?\r\n")
        assert await reader.read() == b""


async def test_the_second_head_on_a_connection_has_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "HEAD_TIMEOUT_S", 0.2)
    async with connection() as (reader, writer), asyncio.timeout(10):
        writer.write(COMPLETE)
        assert (await reader.readuntil(b"}}")).startswith(b"HTTP/1.1 200 ")
        # Between requests the connection may be idle for longer.
        await asyncio.sleep(0.4)
        writer.write(COMPLETE)
        assert (await reader.readuntil(b"}}")).startswith(b"HTTP/1.1 200 ")
        writer.write(COMPLETE[:20])
        assert b"not complete" in await reader.read()


async def test_addresses_that_clients_claim_are_believed_from_named_proxies_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    claim = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
    async with serving(APP) as port, httpx.AsyncClient(timeout=60) as client:
        told = (await client.get(f"http://127.0.0.1:{port}/", headers=claim)).json()
        assert told["client"] == "127.0.0.1"
    monkeypatch.setenv(TRUSTED_PROXIES, "127.0.0.1")
    async with serving(APP) as port, httpx.AsyncClient(timeout=60) as client:
        told = (await client.get(f"http://127.0.0.1:{port}/", headers=claim)).json()
        assert told["client"] == "203.0.113.9"


@pytest.mark.parametrize(
    "given", ["a" * 100_000, "a" * 129, "a b", "\N{LATIN SMALL LETTER E WITH ACUTE}", ""]
)
async def test_an_id_of_a_request_that_is_long_or_odd_is_replaced(given: str) -> None:
    async with serving(APP) as port, httpx.AsyncClient(timeout=60) as client:
        url, headers = f"http://127.0.0.1:{port}/", httpx.Headers({b"X-Request-Id": given.encode("latin-1")})
        answer = await client.get(url, headers=headers)
        assert 0 < len(answer.headers["x-request-id"]) < 64
        assert answer.headers["x-request-id"] != given
        mine = await client.get(url, headers={"X-Request-Id": "mine-1", "serve_multiplexed_model_id": "x"})
        assert mine.headers["x-request-id"] == "mine-1"
        assert not [name for name in mine.json()["headers"] if name.startswith("serve")]


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "not_found"), (408, "deadline_exceeded"), (500, "internal_error"), (503, "overloaded")],
)
async def test_errors_of_the_server_have_the_shape_of_the_door(status: int, code: str) -> None:
    async with (
        serving(APP) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client,
    ):
        bridge = await client.get(f"/{status}", headers={"X-Request-Id": "mine-1"})
        assert bridge.status_code == status
        assert bridge.headers["x-request-id"] == "mine-1"
        error = {"code": code, "message": "Request timed out after 1 s.", "param": None}
        assert bridge.json() == {"error": error}
        openai = (await client.get(f"/v1/{status}")).json()["error"]
        assert openai.pop("type") == ("server_error" if status >= 500 else "invalid_request_error")
        assert openai == error
        probe = await client.get(f"/-/{status}")
        assert probe.text == "Request timed out after 1 s."


async def test_a_request_that_serve_leaves_unanswered_gets_the_shape_of_the_door() -> None:
    async with serving(unanswered) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        bridge = await client.get("/api/v1/info")
        assert (bridge.status_code, bridge.json()["error"]["code"]) == (500, "internal_error")
        openai = await client.get("/v1/models")
        assert (openai.status_code, openai.json()["error"]["type"]) == (500, "server_error")
