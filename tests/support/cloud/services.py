"""The services in the network that providers call, each played by a server here: one table of all."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from sokuji.config import PROVIDER_CONFIGS
from sokuji.contract import StageName
from sokuji.providers.registry import create
from tests.support.cloud import azure_stt, azure_tts, elevenlabs, openai_stt
from tests.support.cloud.deepl import Account
from tests.support.cloud.openai_chat import Model
from tests.support.cloud.server import KEY, Handler, serve


@dataclass(frozen=True)
class Service:
    """How a provider is set up against the server that plays its service."""

    key: str
    """The environment variable."""
    handler: Callable[[], Handler]
    path: str = ""
    """Behind the server's address."""
    settings: dict[str, Any] = field(default_factory=dict)


SERVICES: dict[tuple[StageName, str], Service] = {
    ("stt", "openai"): Service("OPENAI_API_KEY", lambda: openai_stt.openai, "/v1", {"model": "whisper-1"}),
    ("stt", "azure"): Service("AZURE_SPEECH_KEY", lambda: azure_stt.azure),
    ("translation", "openai"): Service("OPENAI_API_KEY", lambda: Model().handle, "/v1"),
    ("translation", "deepl"): Service("DEEPL_API_KEY", lambda: Account().handle),
    ("tts", "elevenlabs"): Service("ELEVENLABS_API_KEY", lambda: elevenlabs.service),
    ("tts", "azure"): Service("AZURE_SPEECH_KEY", lambda: azure_tts.service),
}


@asynccontextmanager
async def loaded(stage: StageName, name: str) -> AsyncIterator[Any]:
    """A provider that is loaded against its server."""
    service = SERVICES[stage, name]
    async with serve(service.handler()) as server:
        settings = {"base_url": server.url + service.path, **service.settings}
        config = PROVIDER_CONFIGS[stage][name].model_validate(settings)
        provider = create(stage, config)
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv(service.key, KEY)
            await provider.load()
        try:
            yield provider
        finally:
            await provider.aclose()
