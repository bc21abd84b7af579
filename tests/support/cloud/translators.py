"""Translators that call a service, set up against a server that plays it."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sokuji.config import DeepLConfig, OpenAIChatConfig
from sokuji.contract import TranslatedText, TranslationRequest
from sokuji.errors import SokujiError
from sokuji.providers import openai_api
from sokuji.providers.translation.deepl import provider as deepl
from sokuji.providers.translation.openai import OpenAIChat
from tests.support.cloud.faults import PATIENT_S
from tests.support.cloud.server import Server


@dataclass(frozen=True)
class TranslationService:
    """A provider, its settings, and how it is pointed at a server."""

    provider: type[Any]
    config: type[Any]
    variable: str
    """The environment variable that holds the key."""
    path: str = ""
    """Path of the API behind the server's address."""

    def settings(self, url: str, **settings: Any) -> Any:
        """Settings for a server at ``url``."""
        return self.config(**{"base_url": f"{url}{self.path}", "timeout_s": PATIENT_S} | settings)

    @asynccontextmanager
    async def loaded(self, server: Server, **settings: Any) -> AsyncIterator[Any]:
        """A loaded provider."""
        async with aclosing(self.provider(self.settings(server.url, **settings))) as provider:
            await provider.load()
            yield provider


DEEPL = TranslationService(deepl.DeepL, DeepLConfig, deepl.KEY)
OPENAI = TranslationService(OpenAIChat, OpenAIChatConfig, openai_api.KEY, "/v1")


async def translated(provider: Any, *requests: TranslationRequest) -> list[str]:
    """The translations of requests that must all succeed."""
    results = await provider.translate(requests)
    assert all(isinstance(result, TranslatedText) for result in results), results
    return [result.text for result in results]


async def refused(provider: Any, request: TranslationRequest) -> SokujiError:
    """The error of a request that must fail."""
    (result,) = await provider.translate([request])
    assert isinstance(result, SokujiError)
    return result
