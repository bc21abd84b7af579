"""Each stage of the bare models by itself, with everything that cores and batches can give it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from load_tests.batches import BareWhisper
from load_tests.limit import Setup
from load_tests.material import Spoken
from load_tests.one_process import Embedded, good, samples
from sokuji.config import BergamotConfig
from sokuji.contract import StageName, SynthesisRequest, TranslationRequest
from sokuji.providers.registry import create

Work = Callable[[Sequence[Spoken]], Awaitable[list[str]]]
"""One stage for many utterances; the texts that come of it, none of a voice."""


async def stages(
    stack: AsyncExitStack, embedded: Embedded, whisper: BareWhisper, sizes: Sequence[int]
) -> dict[Setup, Work]:
    """All stages with the workers and threads of ``whisper``, recognition in batches of each size.

    Args:
        stack: frees what is loaded here.
        embedded: tells which languages and which voice.
        whisper: recognises.
        sizes: of batches.
    """
    workers, threads = whisper.layout.workers, whisper.layout.threads
    voice = embedded.voice.config.model_copy(update={"cpu_threads": threads, "num_workers": workers})
    speaker = await _loaded(stack, "tts", voice)
    translator = await _loaded(stack, "translation", BergamotConfig(num_workers=workers))
    return {
        **{
            Setup("recognition", workers, threads, size): partial(_recognise, whisper, size) for size in sizes
        },
        # The translator has no threads within a call.
        Setup("translation", workers, 1, 1): partial(_translate, translator, embedded),
        Setup("voice", workers, threads, 1): partial(_speak, speaker, embedded.target),
    }


async def _loaded(stack: AsyncExitStack, stage: StageName, config: Any) -> Any:
    provider = create(stage, config)
    stack.push_async_callback(provider.aclose)
    await provider.load()
    return provider


async def _recognise(whisper: BareWhisper, size: int, spoken: Sequence[Spoken]) -> list[str]:
    return whisper.recognise([samples(each) for each in spoken], size)


async def _translate(translator: Any, pair: Embedded, spoken: Sequence[Spoken]) -> list[str]:
    answers = await translator.translate(
        [TranslationRequest(text=each.words, source=pair.source, target=pair.target) for each in spoken]
    )
    return [good(answer).text for answer in answers]


async def _speak(speaker: Any, language: str, spoken: Sequence[Spoken]) -> list[str]:
    async def drain(text: str) -> None:
        async for _ in speaker.synthesize(SynthesisRequest(text=text, language=language)):
            pass

    await asyncio.gather(*(drain(each.words) for each in spoken))
    return []
