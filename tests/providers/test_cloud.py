"""What providers that call a service over HTTP share, against a server on a real socket that can fail."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from email.utils import formatdate

import pytest

from sokuji.config.cloud import CloudSettings
from sokuji.errors import (
    ConfigError,
    DeadlineExceeded,
    Overloaded,
    ProviderFailed,
    ProviderUnavailable,
    SokujiError,
)
from sokuji.providers.cloud import (
    MAX_RESPONSE_BYTES,
    MAX_RETRY_AFTER_S,
    CloudClient,
    api_key,
    parse_retry_after,
)
from tests.support.cloud.faults import (
    EVERY_FAULT,
    PATIENT_S,
    SHORT_S,
    cut,
    cut_off,
    endless,
    every_fault_of_json,
    limit_s,
    silent,
    stall,
    status,
)
from tests.support.cloud.server import KEY, Fault, Request, Response, Server, nobody, reply, serve

SAID = {"said": "Hello."}
PIECES = [b"one ", b"two ", b"three"]


async def service(request: Request) -> Response:
    """Repeats JSON, and counts to three at /stream."""
    if request.path == "/v1/stream":
        return Response(list(PIECES))
    return reply(request.json())


async def unhurried(request: Request) -> Response:
    """Takes long enough for requests to meet."""
    await asyncio.sleep(SHORT_S / 10)
    return await service(request)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serve(service) as running:
        yield running


@pytest.fixture
async def cloud(server: Server) -> AsyncIterator[CloudClient]:
    async with aclosing(connect(server.url)) as cloud:
        yield cloud


def settings(url: str, timeout_s: float = PATIENT_S, max_concurrency: int = 32) -> CloudSettings:
    return CloudSettings(base_url=f"{url}/v1", timeout_s=timeout_s, max_concurrency=max_concurrency)


def connect(url: str, max_concurrency: int = 32) -> CloudClient:
    known = settings(url, max_concurrency=max_concurrency)
    return CloudClient("echo", known, {"Authorization": f"Bearer {KEY}"}, "ECHO_KEY")


async def say(cloud: CloudClient) -> object:
    """The JSON of an answer that must be an object with what was said, as a provider reads it."""
    answer = await cloud.send_json("POST", "/say", json=SAID)
    if not (isinstance(answer, dict) and "said" in answer):
        raise cloud.malformed_response()
    return answer


async def read(cloud: CloudClient) -> bytes:
    async with aclosing(cloud.stream("GET", "/stream")) as pieces:
        return b"".join([piece async for piece in pieces])


async def test_a_request_is_sent_with_its_method_headers_and_body(cloud: CloudClient, server: Server) -> None:
    assert await say(cloud) == SAID
    assert await cloud.send("POST", "/say", params={"a": "b c"}, content=b"[]") == b"[]"
    first, second = server.requests
    assert (first.method, first.path, first.json()) == ("POST", "/v1/say", SAID)
    assert first.headers["authorization"] == f"Bearer {KEY}"
    assert (second.query, second.body) == ({"a": "b c"}, b"[]")
    assert server.connections == 1


async def test_a_stream_is_read_as_it_arrives(cloud: CloudClient, server: Server) -> None:
    cloud.update(settings(server.url, SHORT_S))
    server.fail(stall(2))
    heard = b""
    with pytest.raises(DeadlineExceeded):
        async for piece in cloud.stream("GET", "/stream"):
            heard += piece
    assert heard == b"one two "
    cloud.update(settings(server.url))
    assert await read(cloud) == b"one two three"


@every_fault_of_json
async def test_a_fault_has_its_error_and_the_next_request_is_answered(
    fault: Fault,
    error: type[SokujiError],
    cloud: CloudClient,
    server: Server,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    cloud.update(settings(server.url, limit_s(error)))
    server.fail(fault)
    with pytest.raises(SokujiError) as caught:
        await say(cloud)
    assert type(caught.value) is error
    assert "echo" in caught.value.message
    assert KEY not in f"{caught.value!r}{caplog.text}"
    cloud.update(settings(server.url))
    assert await say(cloud) == SAID


@pytest.mark.parametrize(("fault", "error"), EVERY_FAULT)
async def test_every_fault_of_a_stream_has_its_error(
    fault: Fault, error: type[SokujiError], cloud: CloudClient, server: Server
) -> None:
    cloud.update(settings(server.url, limit_s(error)))
    server.fail(fault)
    with pytest.raises(SokujiError) as caught:
        await read(cloud)
    assert type(caught.value) is error
    cloud.update(settings(server.url))
    assert await read(cloud) == b"one two three"


@pytest.mark.parametrize("fault", [cut(None), cut_off(None)])
async def test_a_stream_without_its_end_mark_is_a_failure(
    fault: Fault, cloud: CloudClient, server: Server
) -> None:
    server.fail(fault)
    with pytest.raises(ProviderUnavailable):
        await read(cloud)


async def test_a_service_that_does_not_run_is_unavailable() -> None:
    async with aclosing(connect(await nobody())) as cloud:
        with pytest.raises(ProviderUnavailable, match="cannot be reached"):
            await say(cloud)


async def test_requests_after_close_are_unavailable(server: Server) -> None:
    cloud = connect(server.url)
    await cloud.aclose()
    for call in (say, read):
        with pytest.raises(ProviderUnavailable, match="not loaded"):
            await call(cloud)


async def test_the_error_explains_a_status_that_is_specific_to_the_service(server: Server) -> None:
    meanings = {456: "the quota is used up"}
    async with aclosing(CloudClient("echo", settings(server.url), {}, "ECHO_KEY", meanings)) as cloud:
        server.fail(status(456), status(457))
        with pytest.raises(ProviderFailed, match="456: the quota is used up"):
            await say(cloud)
        with pytest.raises(ProviderFailed, match=r"\(457\)"):
            await say(cloud)


async def test_a_redirect_is_not_followed_with_the_key(cloud: CloudClient, server: Server) -> None:
    async with serve(service) as elsewhere:
        server.fail(status(307, {"Location": f"{elsewhere.url}/v1/say"}))
        with pytest.raises(ProviderFailed, match="307"):
            await say(cloud)
        assert elsewhere.connections == 0


async def test_the_error_for_a_refused_key_names_its_variable(cloud: CloudClient, server: Server) -> None:
    server.fail(status(401), status(403))
    for _ in range(2):
        with pytest.raises(ProviderFailed, match="ECHO_KEY"):
            await say(cloud)


@pytest.mark.parametrize(
    ("code", "error", "default"),
    [(429, Overloaded, 1), (503, ProviderUnavailable, 1), (502, ProviderUnavailable, 1)],
)
async def test_the_error_has_the_retry_after_of_the_service(
    code: int, error: type[SokujiError], default: float, cloud: CloudClient, server: Server
) -> None:
    server.fail(status(code, {"Retry-After": "7"}), status(code), status(code, {"Retry-After": "soon"}))
    for seconds in (7, default, default):
        with pytest.raises(error) as caught:
            await say(cloud)
        assert caught.value.retry_after_s == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("0", 0),
        ("-3", 0),
        ("2.5", 2.5),
        ("1e999", MAX_RETRY_AFTER_S),
        ("86400", MAX_RETRY_AFTER_S),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MAX_RETRY_AFTER_S),
        ("Mon, 01 Jan 0001 00:00:00 -0000", 0),
        ("Mon, 99 Jan 2030 00:00:00 GMT", None),
    ],
)
def test_every_form_of_retry_after_is_read(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value) == seconds


def test_a_retry_after_date_is_converted_to_seconds() -> None:
    wait_s = parse_retry_after(formatdate(time.time() + 60, usegmt=True))
    assert wait_s is not None
    assert 50 < wait_s <= 60


async def test_a_response_that_is_too_long_is_refused_while_it_is_read(
    cloud: CloudClient, server: Server
) -> None:
    server.fail(endless())
    with pytest.raises(ProviderFailed, match=f"{MAX_RESPONSE_BYTES:,} bytes"):
        await say(cloud)
    await asyncio.wait_for(server.requests[0].closed.wait(), 5)


async def test_a_cancelled_request_closes_its_connection(cloud: CloudClient, server: Server) -> None:
    server.fail(silent, stall(1))
    for call in (say, read):
        task = asyncio.create_task(call(cloud))
        before = len(server.requests)
        while len(server.requests) == before:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(server.requests[-1].closed.wait(), 5)


async def test_closing_a_stream_early_closes_its_connection(cloud: CloudClient, server: Server) -> None:
    server.fail(stall(1))
    async with aclosing(cloud.stream("GET", "/stream")) as pieces:
        assert await anext(pieces) == b"one "
    await asyncio.wait_for(server.requests[0].closed.wait(), 5)


async def test_max_concurrency_limits_the_requests_at_a_time() -> None:
    async with serve(unhurried) as server, aclosing(connect(server.url, max_concurrency=2)) as cloud:
        await asyncio.gather(*(say(cloud) for _ in range(8)))
        assert server.most_at_once == 2
        cloud.update(settings(server.url, max_concurrency=4))
        await asyncio.gather(*(say(cloud) for _ in range(8)))
        assert server.most_at_once == 4


@pytest.mark.slow
async def test_the_timeout_of_a_request_includes_its_wait_for_a_slot(server: Server) -> None:
    async with aclosing(connect(server.url, max_concurrency=1)) as cloud:
        cloud.update(settings(server.url, 5 * SHORT_S, max_concurrency=1))
        server.fail(stall(1))
        async with aclosing(cloud.stream("GET", "/stream")) as holder:
            assert await anext(holder) == b"one "
            with pytest.raises(DeadlineExceeded):
                await say(cloud)
            assert len(server.requests) == 1


async def test_a_new_timeout_applies_to_the_next_request(cloud: CloudClient, server: Server) -> None:
    cloud.update(settings(server.url, timeout_s=SHORT_S / 4))
    server.fail(silent)
    with pytest.raises(DeadlineExceeded, match="0.05 s"):
        await say(cloud)


def test_a_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ECHO_KEY", raising=False)
    with pytest.raises(ConfigError, match="ECHO_KEY is not set.*a key of Echo"):
        api_key("ECHO_KEY", what="a key of Echo")
    monkeypatch.setenv("ECHO_KEY", f" {KEY}\n")
    assert api_key("ECHO_KEY", what="a key of Echo") == KEY


@pytest.mark.parametrize("value", ["clé", "one\ntwo", "\x7f", "  "])
def test_an_impossible_key_is_refused_without_showing_it(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHO_KEY", value)
    with pytest.raises(ConfigError) as caught:
        api_key("ECHO_KEY", what="a key of Echo")
    assert caught.value.param == "ECHO_KEY"
    assert not value.strip() or value not in str(caught.value)
