"""A pipeline with all models in this process, without Ray: for the command line and for tests."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sokuji.config import BergamotConfig, Deadlines, FasterWhisperConfig, KokoroConfig, PiperConfig, Settings
from sokuji.contract import AudioChunk, Provider, SynthesiserInfo, SynthesiserProvider, SynthesisRequest
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
    speakers: Sequence[Settings] = (),
    deadlines: Deadlines | None = None,
) -> AsyncIterator[Pipeline]:
    """A pipeline over newly loaded models, which are freed afterwards; by default the embedded models.

    Args:
        stt, translation, tts, speakers: settings of the providers of each stage, in order of preference;
            empty for a stage that is not used.
        deadlines: of the calls to each stage; None: the defaults.

    Raises:
        ConfigError, ModelMissing: the first provider that cannot be loaded.
    """
    recognisers = [create("stt", config) for config in stt]
    translators = [create("translation", config) for config in translation]
    synthesisers = [create("tts", config) for config in tts]
    diarizers = [create("speakers", config) for config in speakers]
    stages = StageProviders(
        recognisers, translators, [_ConfiguredSynthesiser(each) for each in synthesisers], diarizers
    )
    providers: list[Provider] = [*recognisers, *translators, *synthesisers, *diarizers]
    try:
        await _load(providers)
        pipeline = Pipeline(stages, deadlines or Deadlines())
        await pipeline.refresh()
        yield pipeline
    finally:
        await asyncio.gather(*(provider.aclose() for provider in providers))


@dataclass(frozen=True)
class _ConfiguredSynthesiser:
    """A synthesiser at the sample rate of its settings, as the TextToSpeech deployment does it."""

    provider: SynthesiserProvider

    async def describe(self) -> SynthesiserInfo:
        return await resampled_output.describe(self.provider)

    def synthesize(self, request: SynthesisRequest) -> AsyncGenerator[AudioChunk, None]:
        return resampled_output.synthesize(self.provider, request)


async def _load(providers: Sequence[Provider]) -> None:
    """Load all concurrently, for half of the time is spent on files. No load is running when this returns."""
    results = await asyncio.gather(*(provider.load() for provider in providers), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
