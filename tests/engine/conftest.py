"""The real models, each loaded once for all tests that use it, and a ``Batcher`` for scripted jobs."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from sokuji.config import PROVIDER_CONFIGS
from sokuji.providers.batching import Batcher
from sokuji.providers.registry import Stage, create
from sokuji.providers.stt.faster_whisper import FasterWhisper
from sokuji.providers.translation.bergamot import Bergamot
from sokuji.providers.tts.kokoro import Kokoro
from sokuji.providers.tts.piper import Piper
from tests.engine.jobs import Board

Loaded = Callable[[Stage, str], Awaitable[Any]]


@pytest.fixture(scope="session")
async def loaded() -> AsyncIterator[Loaded]:
    """Gives the provider of a stage with its default settings, loaded when it is first asked for."""
    providers: dict[tuple[Stage, str], Any] = {}

    async def get(stage: Stage, name: str) -> Any:
        if (stage, name) not in providers:
            provider = create(stage, PROVIDER_CONFIGS[stage][name]())
            await provider.load()
            providers[stage, name] = provider
        return providers[stage, name]

    yield get
    for provider in providers.values():
        await provider.aclose()


@pytest.fixture(scope="session")
async def whisper(loaded: Loaded) -> FasterWhisper:
    """Whisper base, int8."""
    provider: FasterWhisper = await loaded("stt", "faster_whisper")
    return provider


@pytest.fixture(scope="session")
async def bergamot(loaded: Loaded) -> Bergamot:
    """English <-> Portuguese."""
    provider: Bergamot = await loaded("translation", "bergamot")
    return provider


@pytest.fixture(scope="session")
async def piper(loaded: Loaded) -> Piper:
    """Joe, an English voice."""
    provider: Piper = await loaded("tts", "piper")
    return provider


@pytest.fixture(scope="session")
async def kokoro(loaded: Loaded) -> Kokoro:
    """Five voices that speak seven languages."""
    provider: Kokoro = await loaded("tts", "kokoro")
    return provider


@pytest.fixture
def board() -> Board:
    """Where jobs note what was computed."""
    return Board()


@pytest.fixture
def batcher(request: pytest.FixtureRequest) -> Iterator[Batcher]:
    """One worker, batches of up to four; its threads have the test's name."""
    batcher = Batcher(request.node.name, workers=1, batch_size=4)
    yield batcher
    batcher.shutdown()
