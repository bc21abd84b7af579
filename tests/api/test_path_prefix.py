"""Under a path prefix, all references to the service contain the prefix; no header leads to another host."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from sokuji.api.app import build_app
from sokuji.api.path_prefix import PathPrefix, forwarded_prefix
from sokuji.api.service import Service
from sokuji.config import GatewaySettings
from tests.support.fake_stages import ready_pipeline

OPENAPI = "/openapi.json"


@asynccontextmanager
async def proxied_client(forwarded: str = "", mounted: str = "") -> AsyncIterator[httpx.AsyncClient]:
    """A client of the service behind a proxy that forwards that prefix, mounted by its server at a path."""
    service = Service(await ready_pipeline(), GatewaySettings())
    transport = httpx.ASGITransport(build_app(service), root_path=mounted)
    headers = {"X-Forwarded-Prefix": forwarded} if forwarded else {}
    base = f"http://gateway{mounted}"
    async with httpx.AsyncClient(transport=transport, base_url=base, headers=headers, timeout=60) as client:
        yield client


PREFIXES = [
    ("", "", ""),
    ("/speech", "", "/speech"),
    ("", "/mt", "/mt"),
    ("/a/b/", "/mt", "/a/b/mt"),
    ("/a, /b", "", "/a/b"),
]


@pytest.mark.parametrize(("forwarded", "mounted", "prefix"), PREFIXES)
async def test_pages_and_redirects_have_the_prefix(forwarded: str, mounted: str, prefix: str) -> None:
    async with proxied_client(forwarded, mounted) as client:
        for page in ("/docs", "/redoc"):
            response = await client.get(page)
            paths = re.findall(r"""(?:src|href|spec-url)=["'](/[^"']*)|url: '(/[^']*)'""", response.text)
            found = {first or second for first, second in paths}
            assert f"{prefix}{OPENAPI}" in found
            for path in found:
                assert path.startswith(f"{prefix}/")
                assert (await client.get(path.removeprefix(prefix))).status_code == 200
            assert "Content-Security-Policy" in response.headers
        redirect = await client.get("/health/?a=1")
        assert redirect.status_code == 307
        assert redirect.headers["Location"] == f"{prefix}/health?a=1"
        assert (await client.get("/")).json()["docs"] == f"{prefix}/docs"
        assert f"see {prefix}/docs" in (await client.get("/nothing")).json()["error"]["message"]
        assert (await client.get("/health")).json()["status"] == "healthy"


@pytest.mark.parametrize(("forwarded", "mounted", "prefix"), PREFIXES)
async def test_the_openapi_document_names_the_prefix(forwarded: str, mounted: str, prefix: str) -> None:
    async with proxied_client(forwarded, mounted) as client:
        document = (await client.get(OPENAPI)).json()
        assert document.get("servers") == ([{"url": prefix}] if prefix else None)
        assert "/health" in document["paths"]
        # The document of one client must not become that of the next.
        if forwarded:
            plain = await client.get(OPENAPI, headers={"X-Forwarded-Prefix": "/other"})
            assert plain.json()["servers"] == [{"url": f"/other{mounted}"}]
            assert "X-Forwarded-Prefix" in plain.headers["Vary"]


@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_calls_and_sockets_are_mounted_at_the_prefix(kind: str) -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)

    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        raise AssertionError

    headers = [(b"x-forwarded-prefix", b"/speech"), (b"host", b"gateway")]
    scope = {"type": kind, "path": "/mt/a", "root_path": "/mt", "headers": headers, "query_string": b""}
    await PathPrefix(app)({"scheme": kind, "server": None, **scope}, receive, send)
    assert (seen[0]["path"], seen[0]["root_path"]) == ("/speech/mt/a", "/speech/mt")


async def test_a_query_that_is_no_utf_8_is_passed_on() -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)

    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        raise AssertionError

    scope = {"type": "http", "scheme": "http", "server": None, "path": "/a", "query_string": b"\xff"}
    await PathPrefix(app)({**scope, "headers": []}, receive, send)
    assert seen[0]["query_string"] == b"\xff"


async def test_limits_hold_under_a_prefix() -> None:
    async with proxied_client("/speech") as client:
        response = await client.post("/api/v1/translation/translate", content=b"x" * 10_000_000)
        assert response.status_code == 413


UNSAFE = [
    *(
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "evil",
        "/a//b",
        "/../a",
        "/a/..",
        "/.",
        "/",
    ),
    *(
        "/<script>",
        "/a'b",
        '/a"b',
        "/a b",
        "/a\nb",
        "/%2f",
        "/é",
        "/a?b",
        "/a#b",
        "/a,//b",
        "/a,",
        ",",
        "",
        "/" + "a" * 200,
    ),
]


@pytest.mark.parametrize("header", UNSAFE)
def test_unsafe_prefixes_are_ignored(header: str) -> None:
    assert forwarded_prefix(header) == ""


@pytest.mark.parametrize(
    "header", ["//evil.example", "/\\evil.example", "https://evil.example", "/'-alert(1)-'"]
)
async def test_no_header_leads_to_another_host(header: str) -> None:
    async with proxied_client(header) as client:
        assert (await client.get("/health/")).headers["Location"] == "/health"
        page = (await client.get("/docs")).text
        assert header not in page
        assert f"url: '{OPENAPI}'" in page


@pytest.mark.parametrize("path", ["//evil.example/", "//evil.example/health/"])
async def test_no_path_leads_to_another_host(path: str) -> None:
    async with proxied_client("/speech") as client:
        location = (await client.get(f"http://gateway{path}")).headers.get("Location", "/")
        assert re.match(r"/(?![/\\])", location)


@given(st.text("/.ab~\\,: %-\r\n", max_size=30))
def test_a_prefix_is_empty_or_a_plain_path(header: str) -> None:
    prefix = forwarded_prefix(header)
    assert not prefix or re.fullmatch(r"(/[ab.~-]+)+", prefix)
    assert not {".", ".."} & set(prefix.split("/"))
