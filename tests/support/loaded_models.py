"""The real models, each loaded once for all tests that use it, and a ``Batcher`` for scripted jobs."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from importlib.util import find_spec
from typing import Any

import pytest

from sokuji.config import PROVIDER_CONFIGS, VllmConfig
from sokuji.contract import StageName
from sokuji.providers.batching import Batcher
from sokuji.providers.registry import create
from sokuji.providers.stt.whisper.provider import FasterWhisper
from sokuji.providers.translation.bergamot import Bergamot
from sokuji.providers.translation.vllm.provider import Vllm
from sokuji.providers.tts.kokoro.provider import Kokoro
from sokuji.providers.tts.piper.provider import Piper
from tests.support.batch_jobs import BatchLog
from tests.support.cloud import services
from tests.support.nllb import build as tiny_nllb
from tests.support.pocket_tts.humming import humming_voice
from tests.support.pocket_tts.small_model import small_model
from tests.support.scripted_engine import BackwardsEngine

Loaded = Callable[[StageName, str], Awaitable[Any]]

SETTINGS: dict[tuple[StageName, str], Callable[[], dict[str, Any]]] = {
    ("translation", "nllb"): lambda: {"translation_model": str(tiny_nllb.model() / "ctranslate2")},
}
"""Settings in tests that differ from a provider's defaults. Called on use: a model may have to be trained."""
SCRIPTED: dict[tuple[StageName, str], Callable[[], Any]] = {
    ("translation", "vllm"): lambda: Vllm(VllmConfig(), BackwardsEngine()),
}
"""Providers whose engine needs an environment of its own (tests/llm), with a scripted engine."""
if find_spec("pocket_tts"):
    SETTINGS["tts", "pocket_tts"] = lambda: {"tts_model": str(small_model())}
else:
    SCRIPTED["tts", "pocket_tts"] = humming_voice


def new_provider(stage: StageName, name: str) -> Any:
    """A provider with its settings for tests, not loaded."""
    if (stage, name) in SCRIPTED:
        return SCRIPTED[stage, name]()
    settings = SETTINGS.get((stage, name), dict)()
    return create(stage, PROVIDER_CONFIGS[stage][name](**settings))


@pytest.fixture(scope="session")
async def loaded() -> AsyncIterator[Loaded]:
    """Returns a provider with its settings for tests; it is loaded at the first call and then shared."""
    providers: dict[tuple[StageName, str], Any] = {}
    async with AsyncExitStack() as ending:

        async def get(stage: StageName, name: str) -> Any:
            if (stage, name) in services.SERVICES and (stage, name) not in providers:
                entered = ending.enter_async_context(services.loaded(stage, name))
                providers[stage, name] = await entered
            elif (stage, name) not in providers:
                providers[stage, name] = provider = new_provider(stage, name)
                ending.push_async_callback(provider.aclose)
                await provider.load()
            return providers[stage, name]

        yield get


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
def board() -> BatchLog:
    """The log of computed batches."""
    return BatchLog()


@pytest.fixture
def batcher(request: pytest.FixtureRequest) -> Iterator[Batcher]:
    """One worker, batches of up to four; its threads have the test's name."""
    batcher = Batcher(request.node.name, workers=1, batch_size=4)
    yield batcher
    batcher.shutdown()
