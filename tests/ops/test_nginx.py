"""The configuration of nginx in Debian's nginx: TLS, prefix, headers, sockets, a reload, a lost gateway."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from sokuji import events
from sokuji.client import Config, connect
from tests.ops.proxy import Proxy, proxied
from tests.service.conftest import free_port
from tests.support.api_server import serve_api
from tests.support.speech import noise, sample

SENTENCE = sample("pt", "ola_mundo") + noise(1_200)
CONFIG = Config(source_language="pt", target_language="en")


@pytest.fixture(scope="module")
def gateway() -> Iterator[str]:
    """host:port of the API over fake stages."""
    with serve_api() as url:
        yield urlsplit(url).netloc


@pytest.fixture(scope="module")
def proxy(gateway: str) -> Iterator[Proxy]:
    """nginx in front of it, and of a gateway that is away."""
    with proxied(gateway, f"127.0.0.1:{free_port()}") as proxy:
        yield proxy


@contextmanager
def client_of(proxy: Proxy) -> Iterator[httpx.Client]:
    context = ssl.create_default_context(cafile=proxy.certificate)
    with httpx.Client(base_url=f"https://{proxy.address}", verify=context, trust_env=False) as client:
        yield client


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that answers with what it was sent."""
    request = Request(scope, receive)
    answer = JSONResponse({"path": request.url.path, "headers": dict(request.headers)})
    await answer(scope, receive, send)


@contextmanager
def echoing() -> Iterator[str]:
    """host:port of ``echo``."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(echo, port=port, lifespan="off", log_config=None))
    running = threading.Thread(target=server.run)
    running.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.should_exit = True
        running.join()


def test_a_gateway_that_is_away_costs_no_request(proxy: Proxy) -> None:
    with client_of(proxy) as client:
        assert [client.get("/health").status_code for _ in range(6)] == [200] * 6


def test_under_the_path_the_service_knows_its_prefix(proxy: Proxy) -> None:
    with client_of(proxy) as client:
        document = client.get("/speech/openapi.json").json()
        assert [each["url"] for each in document["servers"]] == ["/speech"]
        assert "servers" not in client.get("/openapi.json").json()


def test_without_tls_clients_are_sent_to_tls(proxy: Proxy) -> None:
    answer = httpx.get(f"http://localhost:{proxy.plain_port}/docs?a=1", trust_env=False)
    assert (answer.status_code, answer.headers["location"]) == (308, "https://localhost/docs?a=1")


def test_metrics_are_not_for_everybody(proxy: Proxy) -> None:
    with client_of(proxy) as client:
        assert [client.get(path).status_code for path in ("/metrics", "/speech/metrics")] == [404, 404]


def test_a_gateway_is_told_by_what_name_and_from_where_it_was_called_and_no_more() -> None:
    forged = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Prefix": "/evil",
        "X-Request-Id": "of-the-client",
    }
    with echoing() as address, proxied(address) as proxy, client_of(proxy) as client:
        plain = client.get("/a/b", headers=forged).json()
        below = client.get("/speech/a/b").json()
    headers = plain["headers"]
    assert (plain["path"], below["path"]) == ("/a/b", "/a/b")
    assert headers["host"] == proxy.address
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "https"
    assert headers["x-request-id"] == "of-the-client"
    assert "x-forwarded-prefix" not in headers
    assert below["headers"]["x-forwarded-prefix"] == "/speech"
    assert len(below["headers"]["x-request-id"]) == 32


async def test_a_conversation_outlives_a_reload_that_takes_its_gateway_away(
    proxy: Proxy, gateway: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(proxy.certificate))
    translated: list[str] = []
    async with connect(f"https://{proxy.address}/speech", CONFIG) as conversation:

        async def listen() -> None:
            async for event in conversation:
                if isinstance(event, events.TranslationText):
                    translated.append(event.text)

        async def heard(count: int) -> None:
            async with asyncio.timeout(20):
                while len(translated) < count:
                    await asyncio.sleep(0.02)

        listening = asyncio.create_task(listen())
        await conversation.send(SENTENCE)
        await heard(1)
        away = f"127.0.0.1:{free_port()}"
        proxy.set_gateways([away])
        proxy.reload()
        try:
            with client_of(proxy) as client:
                await until_away(client)
            await conversation.send(SENTENCE)
            await heard(2)
            await conversation.end()
            await listening
        finally:
            proxy.set_gateways([gateway])
            proxy.reload()
    assert conversation.resumptions == 0


async def until_away(client: httpx.Client) -> None:
    """Wait until new requests reach no gateway."""
    async with asyncio.timeout(20):
        while (await asyncio.to_thread(client.get, "/health")).status_code != 502:
            await asyncio.sleep(0.05)
