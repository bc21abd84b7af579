"""The three stages in this process: real models behind a pipeline, with no Ray.

The command line and the engine's tests run on it. It loads what the service would spread over replicas.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sokuji.config import BergamotConfig, Deadlines, FasterWhisperConfig, KokoroConfig, PiperConfig, Settings
from sokuji.contract import AudioChunk, Provider, SynthesiserInfo, SynthesisRequest
from sokuji.pipeline.members import StageProviders
from sokuji.pipeline.pipeline import Pipeline
from sokuji.providers.registry import create
from sokuji.providers.tts import resampled_output

STT: tuple[Settings, ...] = (FasterWhisperConfig(),)
TRANSLATION: tuple[Settings, ...] = (BergamotConfig(),)
TTS: tuple[Settings, ...] = (PiperConfig(), KokoroConfig())


@asynccontextmanager
async def local_pipeline(
    stt: Sequence[Settings] = STT,
    translation: Sequence[Settings] = TRANSLATION,
    tts: Sequence[Settings] = TTS,
    *,
    deadlines: Deadlines | None = None,
) -> AsyncIterator[Pipeline]:
    """A pipeline over freshly loaded models, which are freed afterwards; the default is the embedded one.

    Args:
        stt, translation, tts: the providers of each stage in order of preference; leave a stage empty that
            will not be used.

    Raises:
        ConfigError, ModelMissing: of the first provider that cannot be loaded.
    """
    recognisers = [create("stt", config) for config in stt]
    translators = [create("translation", config) for config in translation]
    voices = [create("tts", config) for config in tts]
    stages = StageProviders(recognisers, translators, [_Voice(each) for each in voices])
    providers = [*recognisers, *translators, *voices]
    try:
        await _load(providers)
        pipeline = Pipeline(stages, deadlines or Deadlines())
        await pipeline.refresh()
        yield pipeline
    finally:
        await asyncio.gather(*(provider.aclose() for provider in providers))


@dataclass(frozen=True)
class _Voice:
    """A synthesiser whose sound leaves it as its settings say; in the service its deployment sees to that."""

    provider: Any

    async def describe(self) -> SynthesiserInfo:
        return await resampled_output.describe(self.provider)

    def synthesize(self, request: SynthesisRequest) -> AsyncIterator[AudioChunk]:
        return resampled_output.synthesize(self.provider, request)


async def _load(providers: Sequence[Provider]) -> None:
    """Load all at the same time: half of it is reading files. All have ended when this returns or raises."""
    results = await asyncio.gather(*(provider.load() for provider in providers), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
