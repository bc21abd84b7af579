"""Keys of calls: the session of a call counts for its key, and ends with it."""

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from sokuji.access.key_file import change_keys
from sokuji.access.new_key import make_key
from sokuji.config import AccessSettings, GatewaySettings
from sokuji.config.keys import KeyLimits, KeyScope
from tests.support.api_server import serve_api
from tests.support.webrtc_client import WebRTCClient, calling, offer_of_nobody

pytestmark = pytest.mark.slow
PATH = "/v1/realtime/translations/calls"


async def posted(url: str, key: str, offer: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/sdp"}
    async with httpx.AsyncClient(timeout=60) as http:
        return await http.post(url + PATH, content=offer, headers=headers)


def calls(url: str, key: str) -> AbstractAsyncContextManager[WebRTCClient]:
    async def call(offer: str) -> str:
        return (await posted(url, key, offer)).raise_for_status().text

    return calling(call)


KEY = make_key("a", KeyScope, KeyLimits(sessions=1))


class KeyedService(NamedTuple):
    """A service with ``KEY`` in its key file."""

    url: str
    key_file: Path


@pytest.fixture
def service(tmp_path: Path) -> Iterator[KeyedService]:
    path = tmp_path / "keys.json"
    change_keys(path, lambda _: (KEY.key,))
    with serve_api(settings=GatewaySettings(access=AccessSettings(keys_file=str(path)))) as url:
        yield KeyedService(url, path)


async def test_a_call_is_a_session_of_its_key_and_ends_when_that_is_revoked(service: KeyedService) -> None:
    async with calls(service.url, KEY.value) as client:
        await client.until_event("session.created")
        refused = await posted(service.url, KEY.value, await offer_of_nobody())
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_sessions")
        change_keys(service.key_file, lambda _: ())
        error = await client.until_event("error")
    assert error["error"]["code"] == "invalid_api_key"
    assert (await posted(service.url, KEY.value, await offer_of_nobody())).status_code == 401
