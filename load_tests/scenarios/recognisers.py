"""Providers of this project and plain faster-whisper, called in this process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from faster_whisper import WhisperModel

from load_tests.scenarios.speech_samples import SpeechSample
from sokuji import models
from sokuji.config import FasterWhisperConfig
from sokuji.contract import Recogniser, RecognitionRequest, StageName
from sokuji.errors import SokujiError
from sokuji.languages import LANGUAGES
from sokuji.providers.registry import create

EMBEDDED = FasterWhisperConfig()
"""The recogniser of the embedded default."""
Result = TypeVar("Result")
Transcribe = Callable[[SpeechSample], Awaitable[str]]


@asynccontextmanager
async def loaded(stage: StageName, config: Any) -> AsyncIterator[Any]:
    """A provider; it is freed with the block."""
    provider = create(stage, config)
    try:
        await provider.load()
        yield provider
    finally:
        await provider.aclose()


async def transcribe(recogniser: Recogniser, sample: SpeechSample) -> str:
    """The transcript of a sample."""
    request = RecognitionRequest(pcm=sample.pcm, language=sample.language)
    (transcript,) = await recogniser.transcribe([request])
    return result(transcript).text


def result(returned: Result | SokujiError) -> Result:
    """What a provider returned for one request of a batch; raises it if it is an error."""
    if isinstance(returned, SokujiError):
        raise returned
    return returned


def whisper_code(language: str) -> str:
    """Whisper's code of a language."""
    return LANGUAGES[language].whisper or language


def whisper_files(config: FasterWhisperConfig = EMBEDDED) -> Path:
    """The folder of the recogniser's model."""
    return models.locate("whisper", config.model_size)


def plain_faster_whisper(config: FasterWhisperConfig, *, cpu_threads: int = 0, **options: Any) -> Transcribe:
    """faster-whisper as its own documentation shows it, with the model of ``config``.

    Args:
        cpu_threads: of each call; 0: its default.
        options: of ``WhisperModel.transcribe``.
    """
    model = WhisperModel(
        str(whisper_files(config)),
        device=config.device,
        compute_type=config.compute_type,
        cpu_threads=cpu_threads,
    )

    def recognise(sample: SpeechSample) -> str:
        segments, _ = model.transcribe(sample.samples, language=whisper_code(sample.language), **options)
        return "".join(segment.text for segment in segments).strip()

    async def in_thread(sample: SpeechSample) -> str:
        return await asyncio.to_thread(recognise, sample)

    return in_thread
