"""Synthesisers that call a service, set up against a server that plays it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from sokuji.config import AzureSpeechConfig, ElevenLabsConfig
from sokuji.contract import AudioChunk, SynthesisRequest
from sokuji.providers import azure_speech
from sokuji.providers.tts.azure.provider import AzureSpeech
from sokuji.providers.tts.elevenlabs import provider as elevenlabs
from sokuji.providers.tts.elevenlabs.provider import ElevenLabs
from tests.support.cloud import azure_tts as azure_service
from tests.support.cloud import elevenlabs as elevenlabs_service
from tests.support.cloud.faults import PATIENT_S
from tests.support.cloud.server import KEY, Handler, Server, serve
from tests.support.cloud.sounds import spoken

HELLO = SynthesisRequest(text="Good morning.", language="en")


@dataclass(frozen=True)
class SpeechService:
    """A service and its provider."""

    provider: type[Any]
    config: type[Any]
    variable: str
    """The environment variable that holds the key."""
    handler: Handler
    piece: int
    """Bytes that the service sends at a time."""
    rate: int

    def new(self, url: str) -> Any:
        """A provider, not loaded."""
        return self.provider(self.config(base_url=url, timeout_s=PATIENT_S))

    @property
    def sound(self) -> bytes:
        """The audio of ``HELLO``."""
        return spoken(HELLO.text, self.rate)

    @contextmanager
    def key_in_environment(self) -> Iterator[None]:
        """The key that the server accepts."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(self.variable, KEY)
            yield

    @asynccontextmanager
    async def loaded(self) -> AsyncIterator[tuple[Any, Server]]:
        """A loaded provider and its server."""
        with self.key_in_environment():
            async with serve(self.handler) as server, aclosing(self.new(server.url)) as provider:
                await provider.load()
                yield provider, server


ELEVENLABS = SpeechService(
    ElevenLabs, ElevenLabsConfig, elevenlabs.KEY, elevenlabs_service.service, elevenlabs_service.PIECE, 22_050
)
AZURE = SpeechService(
    AzureSpeech, AzureSpeechConfig, azure_speech.KEY, azure_service.service, azure_service.PIECE, 24_000
)


def change(provider: Any, **values: object) -> None:
    """Update settings of a provider."""
    provider.update(type(provider.config).model_validate({**provider.config.model_dump(), **values}))


async def speak(provider: Any, request: SynthesisRequest = HELLO) -> list[AudioChunk]:
    """All chunks of a request."""
    return [chunk async for chunk in provider.synthesize(request)]


def joined(chunks: list[AudioChunk]) -> bytes:
    """The audio of chunks."""
    return b"".join(chunk.pcm for chunk in chunks)
