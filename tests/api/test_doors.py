"""Every door refuses whoever has no key, or a key for other uses, in its own shape."""

import json
from collections.abc import Iterator

import httpx
import pytest
from starlette.routing import BaseRoute
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from sokuji.access.new_key import NewKey, make_key
from sokuji.api.app import PATHS, build_app
from sokuji.api.service import Service
from sokuji.config import AccessSettings, GatewaySettings
from sokuji.config.keys import KeyScope
from tests.api.doors import CALLS, DOORS, IN_BODY, OPEN, SOCKETS, Door, named
from tests.support.fake_stages import ready_pipeline
from tests.support.openai_api import openai_api
from tests.support.rest_client import client_of

KEY = make_key("all", KeyScope)
OTHERS = {scope: make_key("others", set(KeyScope) - {scope}) for scope in KeyScope}
SETTINGS = GatewaySettings(access=AccessSettings(keys=(KEY.key, *(each.key for each in OTHERS.values()))))


async def service_with_keys() -> Service:
    return Service(await ready_pipeline(), SETTINGS)


def shown(value: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {value}"}


async def called(client: httpx.AsyncClient, door: Door, value: str | None) -> httpx.Response:
    request = dict(door.request or {})
    headers = {**request.pop("headers", {}), **(shown(value) if value else {})}
    method = "POST" if request else "GET"
    return await client.request(method, door.path, headers=headers, **request)


def check_refusal(path: str, error: dict[str, str] | str, code: str) -> None:
    """Check an error in the shape of a door."""
    if isinstance(error, str):
        assert path in {door.path for door in IN_BODY}
        assert "sokuji_" not in error
        return
    assert (error["code"], error["param"]) == (code, "Authorization")
    assert ("type" in error) == path.startswith("/v1/")
    assert "sokuji_" not in error["message"]


def paths_of(routes: list[BaseRoute]) -> Iterator[tuple[str, bool]]:
    """The path of each route, and whether it is a socket or takes a body."""
    for route in routes:
        # FastAPI keeps the routers that it has included as they are.
        if included := getattr(route, "original_router", None):
            yield from paths_of(included.routes)
            continue
        methods = getattr(route, "methods", None)
        yield getattr(route, "path", ""), methods is None or "POST" in methods


async def test_no_route_is_left_out() -> None:
    routes = build_app(await service_with_keys()).routes
    known = {door.path for door in DOORS}
    for path, does_something in paths_of(routes):
        concrete = path.replace("{model_id:path}", "whisper-1").replace("{", "").replace("}", "")
        if PATHS.is_public(concrete) or PATHS.is_public(f"{concrete}/"):
            assert concrete not in {door.path for door in DOORS}, f"{path} needs no key"
            continue
        assert concrete in known, f"{path}: enter it in DOORS"
        assert concrete in PATHS.scopes or not does_something, f"{path}: enter its scope in PATHS"
    assert {door.path: door.scope for door in DOORS if door.scope} == PATHS.scopes


@named(CALLS)
async def test_a_call_without_a_key_for_it_is_refused(door: Door) -> None:
    async with client_of(await service_with_keys()) as client:
        for value in (None, "sokuji_00000000_" + "A" * 43, "ek_forged"):
            response = await called(client, door, value)
            assert response.status_code == 401, response.text
            assert response.headers["www-authenticate"] == "Bearer"
            if value != "ek_forged":
                check_refusal(door.path, response.json()["error"], "invalid_api_key")
        if door.scope:
            response = await called(client, door, OTHERS[door.scope].value)
            assert response.status_code == 403
            check_refusal(door.path, response.json()["error"], "forbidden")
        assert (await called(client, door, KEY.value)).status_code not in (401, 403)


@named(IN_BODY)
async def test_a_key_may_stand_in_the_body_where_clients_send_it_so(door: Door) -> None:
    async def sent(value: str | None, in_header: str | None = None) -> int:
        request = dict(door.request or {})
        kind = "json" if "json" in request else "data"
        request[kind] = {**request[kind], **({"api_key": value} if value is not None else {})}
        headers = shown(in_header) if in_header else {}
        return (await client.post(door.path, headers=headers, **request)).status_code

    async with client_of(await service_with_keys()) as client:
        assert [await sent(value) for value in (None, "", "wrong")] == [401, 401, 401]
        assert await sent(OTHERS[KeyScope.TEXTS].value) == 403
        assert await sent(KEY.value) == 200
        assert await sent("wrong", in_header=KEY.value) == 200
        assert await sent(KEY.value, in_header="wrong") == 401, "what the header shows counts"


@named(SOCKETS)
async def test_a_socket_without_a_key_for_it_is_refused(door: Door) -> None:
    assert door.scope
    async with openai_api(settings=SETTINGS) as base_url:
        url = base_url.replace("http", "ws").removesuffix("/v1") + door.path
        for value, status, code in (
            (None, 401, "invalid_api_key"),
            ("sk-any", 401, "invalid_api_key"),
            (OTHERS[door.scope].value, 403, "forbidden"),
        ):
            with pytest.raises(InvalidStatus) as refusal:
                await connect(url, additional_headers=shown(value) if value else {})
            response = refusal.value.response
            assert response.status_code == status
            check_refusal(door.path, json.loads(response.body or b"")["error"], code)
        for socket in (await opened(url, KEY), await opened_by_page(url, KEY.value)):
            await socket.close()


async def opened(url: str, key: NewKey) -> ClientConnection:
    return await connect(url, additional_headers=shown(key.value))


async def opened_by_page(url: str, value: str) -> ClientConnection:
    """A socket of a browser, which cannot set headers."""
    offered = [Subprotocol("realtime"), Subprotocol(f"openai-insecure-api-key.{value}")]
    socket = await connect(url, subprotocols=offered)
    assert socket.subprotocol == "realtime", "and never the key"
    return socket


@named(SOCKETS)
async def test_a_client_secret_opens_sessions_and_nothing_else(door: Door) -> None:
    async with openai_api(settings=SETTINGS) as base_url, httpx.AsyncClient(verify=False) as client:
        made = await client.post(f"{base_url}/realtime/client_secrets", json={}, headers=shown(KEY.value))
        secret = made.json()["value"]
        root = base_url.removesuffix("/v1")
        socket = await opened_by_page(root.replace("http", "ws") + door.path, secret)
        await socket.close()
        allowed = await client.get(f"{root}/api/v1/info", headers=shown(secret))
        refused = await client.post(f"{base_url}/audio/speech", json={}, headers=shown(secret))
    assert (allowed.status_code, refused.status_code) == (200, 403)


async def test_pages_documents_and_probes_need_no_key() -> None:
    async with client_of(await service_with_keys()) as client:
        for path in OPEN:
            assert (await client.get(path)).status_code == 200, path
        assert (await client.get("/nothing")).status_code == 401, "nor says the service what it has"


async def test_a_key_is_checked_before_a_body_is_read() -> None:
    async def endless() -> object:
        raise AssertionError("the body is read")
        yield b""

    async with client_of(await service_with_keys()) as client:
        response = await client.post("/api/v1/stt/transcribe", content=endless())  # type: ignore[arg-type]
    assert response.status_code == 401


async def test_the_document_names_the_key_that_each_call_needs() -> None:
    async with client_of(await service_with_keys()) as client:
        document = (await client.get("/openapi.json")).json()
    assert document["components"]["securitySchemes"]["ApiKey"]["scheme"] == "bearer"
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["security"] == ([] if PATHS.is_public(path) else [{"ApiKey": []}]), path
            if scope := PATHS.scopes.get(path):
                assert f"scope `{scope}`" in operation["description"]
                assert {"401", "403", "429"} <= operation["responses"].keys() or path == "/metrics"


@pytest.mark.parametrize(
    ("server", "keyless", "status"),
    [
        (("127.0.0.1", 8000), False, 200),
        (("::1", 8000), False, 200),
        (("::ffff:127.0.0.1", 8000), False, 200),
        (("/run/sokuji.sock", None), False, 200),
        (("10.0.0.5", 8000), False, 403),
        (("fe80::1%eth0", 8000), False, 403),
        (("10.0.0.5", 8000), True, 200),
    ],
)
async def test_without_keys_only_this_machine_is_served(
    server: tuple[str, int | None], keyless: bool, status: int
) -> None:
    settings = GatewaySettings(access=AccessSettings(keyless=keyless))
    app = build_app(Service(await ready_pipeline(), settings))

    async def at_server(scope: dict[str, object], receive: object, send: object) -> None:
        await app({**scope, "server": server}, receive, send)  # type: ignore[arg-type]

    transport = httpx.ASGITransport(at_server)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        assert (await client.get("/api/v1/info")).status_code == status
        assert (await client.get("/health")).status_code == 200
