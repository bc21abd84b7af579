"""Which web pages may call the service, over real sockets: REST, WebSockets and CORS."""

import contextlib
import json
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from sokuji.api.page_access import check_access
from sokuji.config import AccessSettings, GatewaySettings
from sokuji.config.settings import parse
from sokuji.errors import ConfigError, Forbidden
from tests.support.api_server import serve_api

APP = "https://app.example.com"
SOCKETS = ("/api/v1/ws/translate", "/v1/realtime", "/v1/realtime/translations")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    access = AccessSettings(allowed_origins=(APP,), allowed_hosts=("speech.example.com",))
    with serve_api(settings=GatewaySettings(access=access)) as running:
        yield running


def refused(host: str, origin: str | None, **settings: tuple[str, ...]) -> str | None:
    """The field at fault; None: the request is let in."""
    headers = {"host": host} | ({} if origin is None else {"origin": origin})
    try:
        check_access(Headers(headers), AccessSettings(**settings))
    except Forbidden as error:
        return error.param
    return None


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "localhost:8000", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000", "192.168.1.7"),
        *("gateway", "speech.local:8000", "gateway.default.svc", "gateway.default.svc.cluster.local"),
        *("a.localhost", "host.docker.internal:8000", "nas.home.arpa", "speech.local."),
    ],
)
def test_hosts_that_no_page_can_pretend_to_be_are_served(host: str) -> None:
    assert refused(host, None) is None
    assert refused(host, f"http://{host}") is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "a.b:c",
        "[::1",
        ":1",
    ],
)
def test_a_name_in_public_dns_is_served_if_it_is_listed(host: str) -> None:
    assert refused(host, None) == "Host"
    assert refused(host, f"http://{host}") == "Host"
    name = host.partition(":")[0]
    if name.replace(".", "").isalnum() and host.count(":") < 2 and not host.endswith("c"):
        assert refused(host, f"http://{host}", allowed_hosts=(name,)) is None


@pytest.mark.parametrize(
    "origin",
    [
        *("http://evil.example", "null", "", "file://", "http://localhost:3000", "http://127.0.0.1:8000"),
        *(
            "chrome-extension://abc",
            "http://localhost:8000.evil.example",
            "http://localhost:99999",
            "http://[",
        ),
        *("http://user@evil.example", "https://localhost", "//localhost:8000", "localhost:8000"),
    ],
)
def test_pages_of_others_are_refused_unless_they_are_listed(origin: str) -> None:
    assert refused("localhost:8000", origin) == "Origin"
    assert refused("localhost:8000", origin, allowed_origins=("*",)) is None


def test_a_page_of_the_service_may_call_it_by_whatever_name_and_scheme_it_was_reached() -> None:
    assert refused("localhost:8000", "http://localhost:8000") is None
    assert refused("[::1]:8000", "http://[::1]:8000") is None
    listed = ("speech.example.com",)
    # A proxy in front has the certificate.
    assert refused("speech.example.com", "https://speech.example.com", allowed_hosts=listed) is None
    assert refused("speech.example.com:443", "https://Speech.Example.com", allowed_hosts=listed) is None
    assert refused("speech.example.com", "https://speech.example.com:8443", allowed_hosts=listed) == "Origin"
    assert refused("localhost", "null", allowed_origins=("null",)) is None
    assert refused("localhost", "HTTPS://App.example.com", allowed_origins=(APP,)) is None


@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_the_headers_say_the_check_lets_in_or_refuses(host: str, origin: str) -> None:
    raw = [(b"host", host.encode("utf-8", "replace")), (b"origin", origin.encode("utf-8", "replace"))]
    with contextlib.suppress(Forbidden):
        check_access(Headers(raw=raw), AccessSettings())
        assert origin.lower().startswith(("http", "ws"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(
            ("allowed_origins", each)
            for each in ("app.example.com", "https://a.example/", "https://a.example/b", "")
        ),
        *(("allowed_hosts", each) for each in ("https://a.example", "a.example:80", "", "a b")),
    ],
)
def test_a_setting_that_is_no_origin_or_host_is_refused_by_name(field: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"access.{field}"):
        parse(GatewaySettings, {"access": {field: [value]}}, "Gateway user_config")


def test_a_foreign_page_gets_neither_answers_nor_leave_to_ask(url: str) -> None:
    for origin in ("http://evil.example", "null"):
        for method, path in (
            ("GET", "/health"),
            ("POST", "/api/v1/translation/translate"),
            ("OPTIONS", "/v1/models"),
        ):
            answer = httpx.request(method, url + path, headers={"Origin": origin}, timeout=60)
            assert answer.status_code == 403
            assert (answer.json()["error"]["code"], answer.json()["error"]["param"]) == (
                "forbidden",
                "Origin",
            )
            assert "access-control-allow-origin" not in answer.headers
    rebound = httpx.get(url + "/health", headers={"Host": "evil.example"}, timeout=60)
    assert (rebound.status_code, rebound.json()["error"]["param"]) == (403, "Host")


def test_a_page_that_is_listed_may_ask_and_read_the_answers(url: str) -> None:
    preflight = {"Origin": APP, "Access-Control-Request-Method": "POST"}
    leave = httpx.options(
        url + "/v1/models", headers=preflight | {"Access-Control-Request-Headers": "x-mine"}
    )
    assert leave.status_code == 200
    assert leave.headers["access-control-allow-origin"] == APP
    assert "POST" in leave.headers["access-control-allow-methods"]
    answer = httpx.get(url + "/health", headers={"Origin": APP}, timeout=60)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == APP
    assert "Origin" in answer.headers["vary"]


def test_clients_that_are_no_pages_are_not_asked_for_an_origin(url: str) -> None:
    answer = httpx.get(url + "/health", headers={"Host": "speech.example.com"}, timeout=60)
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", SOCKETS)
async def test_a_socket_of_a_foreign_page_is_refused_in_its_handshake(url: str, path: str) -> None:
    port = int(url.rpartition(":")[2])
    for host, origin in (("localhost", "http://evil.example"), ("localhost", "null"), ("evil.example", None)):
        headers = {} if origin is None else {"Origin": origin}
        with pytest.raises(InvalidStatus) as refusal:
            async with connect(f"ws://{host}{path}", host="127.0.0.1", port=port, additional_headers=headers):
                pass
        assert refusal.value.response.status_code == 403
        param = json.loads(refusal.value.response.body)["error"]["param"]
        assert param == ("Host" if origin is None else "Origin")
    for origin in (APP, url):
        async with connect(url.replace("http", "ws") + path, additional_headers={"Origin": origin}):
            pass
