"""The models of the service called in one process: no service, no sessions, no network.

Three pipelines over the same model files: one of the libraries as they come, one of this project's providers,
and one with as little around the recogniser as possible. All use the same translator; the last two the same
voice. Each stage can also be run by itself, with all cores and with batches.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from piper import AudioChunk, PiperVoice

from load_tests.scenarios.recognisers import (
    EMBEDDED,
    BareWhisper,
    Transcribe,
    loaded,
    plain_faster_whisper,
    result,
    transcribe,
)
from load_tests.scenarios.speech_samples import SpeechSample
from sokuji import models
from sokuji.config import BergamotConfig, KokoroConfig, PiperConfig
from sokuji.contract import (
    Recogniser,
    StageName,
    Synthesiser,
    SynthesisRequest,
    TranslationRequest,
    Translator,
)
from sokuji.errors import UnsupportedLanguage
from sokuji.providers.tts import espeak

VoiceConfig = PiperConfig | KokoroConfig
VOICES: tuple[VoiceConfig, ...] = (PiperConfig(), KokoroConfig())
"""Of the embedded default, in order of preference."""
Synthesize = Callable[[str], AsyncIterator[bytes]]
StageRun = Callable[[Sequence[SpeechSample]], Awaitable[list[str]]]
"""One stage for many utterances; returns their texts, none for a voice."""


@dataclass(frozen=True, slots=True)
class PipelineTiming:
    """One utterance: its transcript, and seconds since its computation began."""

    text: str
    recognised_s: float
    translated_s: float
    first_audio_s: float
    last_audio_s: float


@dataclass(frozen=True, slots=True)
class InProcessPipeline:
    """The three stages, called one after another."""

    recognise: Transcribe
    translate: Callable[[str], Awaitable[str]]
    synthesize: Synthesize

    async def run(self, sample: SpeechSample) -> PipelineTiming:
        """Recognise, translate and speak one utterance."""
        began = time.perf_counter()
        text = await self.recognise(sample)
        recognised = time.perf_counter()
        translation = await self.translate(text)
        translated = time.perf_counter()
        first = None
        async for _ in self.synthesize(translation):
            first = first or time.perf_counter()
        last = time.perf_counter()
        times = (recognised, translated, first or last, last)
        return PipelineTiming(text, *(each - began for each in times))


@dataclass(frozen=True, slots=True)
class StageSetup:
    """How a stage uses the cores: calls at a time, threads of each call, and utterances in a call."""

    stage: StageName
    workers: int
    threads: int
    batch: int


@dataclass(frozen=True, slots=True)
class EmbeddedModels:
    """The embedded default's providers for one pair of languages, loaded."""

    source: str
    target: str
    recogniser: Recogniser
    translator: Translator
    voice: Synthesiser
    voice_config: VoiceConfig

    def pipelines(self, bare: BareWhisper) -> dict[str, InProcessPipeline]:
        """Each pipeline by its name; ``bare`` is for one call at a time."""

        async def recognise_bare(sample: SpeechSample) -> str:
            return bare.recognise([sample.samples], most=1)[0]

        async def translate(text: str) -> str:
            return (await self._translate(self.translator, [text]))[0]

        voice = partial(self._synthesize, self.voice)
        plain_voice = _plain_piper(self.voice_config) or voice
        return {
            "plain": InProcessPipeline(plain_faster_whisper(EMBEDDED, beam_size=5), translate, plain_voice),
            "providers": InProcessPipeline(
                partial(transcribe, self.recogniser, thorough=False), translate, voice
            ),
            "bare": InProcessPipeline(recognise_bare, translate, voice),
        }

    async def stage_runs(
        self, stack: AsyncExitStack, whisper: BareWhisper, sizes: Sequence[int]
    ) -> dict[StageSetup, StageRun]:
        """All stages with the workers and threads of ``whisper``, recognition in batches of each size.

        ``stack`` frees what is loaded here.
        """
        workers, threads = whisper.layout.workers, whisper.layout.threads
        config = self.voice_config.model_copy(update={"cpu_threads": threads, "num_workers": workers})
        voice = await stack.enter_async_context(loaded("tts", config))
        bergamot = BergamotConfig(num_workers=workers)
        translator = await stack.enter_async_context(loaded("translation", bergamot))

        async def recognise(size: int, samples: Sequence[SpeechSample]) -> list[str]:
            return whisper.recognise([each.samples for each in samples], size)

        async def translate(samples: Sequence[SpeechSample]) -> list[str]:
            return await self._translate(translator, [each.text for each in samples])

        async def speak(samples: Sequence[SpeechSample]) -> list[str]:
            await asyncio.gather(*(_drain(self._synthesize(voice, each.text)) for each in samples))
            return []

        return {
            **{StageSetup("stt", workers, threads, size): partial(recognise, size) for size in sizes},
            # The translator has no threads within a call.
            StageSetup("translation", workers, 1, 1): translate,
            StageSetup("tts", workers, threads, 1): speak,
        }

    async def _translate(self, translator: Translator, texts: Sequence[str]) -> list[str]:
        requests = [TranslationRequest(text=text, source=self.source, target=self.target) for text in texts]
        return [result(translation).text for translation in await translator.translate(requests)]

    async def _synthesize(self, voice: Synthesiser, text: str) -> AsyncIterator[bytes]:
        async for chunk in voice.synthesize(SynthesisRequest(text=text, language=self.target)):
            yield chunk.pcm


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    async for _ in chunks:
        pass


@asynccontextmanager
async def embedded_models(source: str, target: str) -> AsyncIterator[EmbeddedModels]:
    """Load the models; they are freed with the block.

    Raises:
        UnsupportedLanguage: no text model translates the pair, or no voice speaks the language.
        ModelMissing: a model is not installed.
    """
    async with loaded("translation", BergamotConfig()) as translator, AsyncExitStack() as stack:
        pairs = (await translator.describe()).pairs
        if (source, target) not in pairs:
            raise UnsupportedLanguage(
                f"no embedded text model translates {source!r} to {target!r}; accepted: "
                f"{', '.join(f'{one} to {other}' for one, other in pairs)}"
            )
        config, voice = await voice_of(stack, target)
        async with loaded("stt", EMBEDDED) as recogniser:
            yield EmbeddedModels(source, target, recogniser, translator, voice, config)


async def voice_of(stack: AsyncExitStack, language: str) -> tuple[VoiceConfig, Synthesiser]:
    """The embedded voice that the service prefers for a language, loaded; ``stack`` frees it.

    Raises:
        UnsupportedLanguage: there is none.
        ModelMissing: it is not installed.
    """
    for config in VOICES:
        provider: Synthesiser = await stack.enter_async_context(loaded("tts", config))
        if any(language in voice.languages for voice in (await provider.describe()).voices):
            return config, provider
    raise UnsupportedLanguage(f"no embedded voice speaks {language!r}")


def _plain_piper(config: VoiceConfig) -> Synthesize | None:
    """Piper's own synthesis; None where the voice is not one of Piper's."""
    if not isinstance(config, PiperConfig):
        return None
    folder = models.locate("piper", config.tts_model)
    voice = PiperVoice.load(folder / f"{Path(config.tts_model).name.removesuffix('.onnx')}.onnx")

    async def synthesize(text: str) -> AsyncIterator[bytes]:
        chunks: list[AudioChunk] = espeak.run_in_espeak_thread(list, voice.synthesize(text))
        for chunk in chunks:
            yield chunk.audio_int16_bytes

    return synthesize
