"""Each stage of the embedded models by itself, with all cores and with batches."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial

from load_tests.measurements.capacity import StageSetup
from load_tests.scenarios.bare_whisper import BareWhisper
from load_tests.scenarios.in_process import EmbeddedModels, loaded
from load_tests.scenarios.recognisers import result
from load_tests.scenarios.speech_samples import SpeechSample
from sokuji.config import BergamotConfig
from sokuji.contract import Synthesiser, SynthesisRequest, TranslationRequest, Translator

StageRun = Callable[[Sequence[SpeechSample]], Awaitable[list[str]]]
"""One stage for many utterances; returns their texts, none for a voice."""


async def stage_runs(
    stack: AsyncExitStack, embedded: EmbeddedModels, whisper: BareWhisper, sizes: Sequence[int]
) -> dict[StageSetup, StageRun]:
    """All stages with the workers and threads of ``whisper``, recognition in batches of each size.

    Args:
        stack: frees what is loaded here.
        embedded: names the languages and the voice.
        whisper: recognises.
        sizes: of batches.
    """
    workers, threads = whisper.layout.workers, whisper.layout.threads
    voice = embedded.voice_config.model_copy(update={"cpu_threads": threads, "num_workers": workers})
    synthesiser = await loaded(stack, "tts", voice)
    translator = await loaded(stack, "translation", BergamotConfig(num_workers=workers))
    return {
        **{StageSetup("stt", workers, threads, size): partial(_recognise, whisper, size) for size in sizes},
        # The translator has no threads within a call.
        StageSetup("translation", workers, 1, 1): partial(_translate, translator, embedded),
        StageSetup("tts", workers, threads, 1): partial(_synthesize, synthesiser, embedded.target),
    }


async def _recognise(whisper: BareWhisper, size: int, samples: Sequence[SpeechSample]) -> list[str]:
    return whisper.recognise([each.samples for each in samples], size)


async def _translate(
    translator: Translator, pair: EmbeddedModels, samples: Sequence[SpeechSample]
) -> list[str]:
    requests = [
        TranslationRequest(text=each.text, source=pair.source, target=pair.target) for each in samples
    ]
    return [result(translation).text for translation in await translator.translate(requests)]


async def _synthesize(synthesiser: Synthesiser, language: str, samples: Sequence[SpeechSample]) -> list[str]:
    async def drain(text: str) -> None:
        async for _ in synthesiser.synthesize(SynthesisRequest(text=text, language=language)):
            pass

    await asyncio.gather(*(drain(each.text) for each in samples))
    return []
