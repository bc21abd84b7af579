"""A chat model, loaded against a server that plays it."""

from collections.abc import AsyncIterator

import pytest

from sokuji.providers.translation.openai import OpenAIChat
from tests.support.cloud.openai_chat import Model
from tests.support.cloud.server import KEY, Server, serve
from tests.support.cloud.translators import OPENAI


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OPENAI.variable, KEY)


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
async def server(model: Model) -> AsyncIterator[Server]:
    async with serve(model.handle) as running:
        yield running


@pytest.fixture
async def provider(server: Server) -> AsyncIterator[OpenAIChat]:
    async with OPENAI.loaded(server) as ready:
        server.requests.clear()
        yield ready
