"""DeepL, loaded against a server that plays the service."""

from collections.abc import AsyncIterator

import pytest

from sokuji.providers.translation.deepl.provider import DeepL
from tests.support.cloud.deepl import Account
from tests.support.cloud.server import KEY, Server, serve
from tests.support.cloud.translators import DEEPL


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DEEPL.variable, KEY)


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
async def server(account: Account) -> AsyncIterator[Server]:
    async with serve(account.handle) as running:
        yield running


@pytest.fixture
async def provider(server: Server) -> AsyncIterator[DeepL]:
    async with DEEPL.loaded(server) as ready:
        server.requests.clear()
        yield ready
