"""Speaks texts, with models in this process or with a running service.

A long text is spoken in portions of whole sentences, so that there is progress, and each portion is within
what a service takes in one request.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import NamedTuple

from sokuji.audio.pcm import AudioBuffer
from sokuji.cli.speech.service_calls import ServiceCalls, service_calls
from sokuji.config import Settings
from sokuji.errors import InvalidRequest
from sokuji.pipeline.in_process import TTS, local_pipeline
from sokuji.pipeline.pipeline import Pipeline
from sokuji.text.sentences import split

PORTION_CHARS = 1_000
"""A portion ends with the sentence that reaches this length."""
_END = re.compile(r"[.!?…。！？।]+\s*|\s+")


class VoiceWish(NamedTuple):
    """Which voice is wanted."""

    language: str
    voice: str
    speed: float


Speaker = Callable[[str, int | None], AsyncGenerator[AudioBuffer, None]]
"""Takes a portion of a text and the sample rate of the portions before it; gives its sound piece by piece."""


def portions(text: str) -> Iterator[str]:
    """A text in portions of whole sentences, each with a word or a number; all that is left out is signs."""
    portion = ""
    for segment in split(text):
        for piece in _pieces(segment.text):
            portion += piece
            if len(portion) >= PORTION_CHARS and _is_speech(portion):
                yield portion
                portion = ""
    if _is_speech(portion):
        yield portion


def _is_speech(text: str) -> bool:
    return any(char.isalnum() for char in text)


def _pieces(text: str) -> Iterator[str]:
    """Pieces of at most ``PORTION_CHARS``: scripts without spaces have long lines."""
    while len(text) > PORTION_CHARS:
        ends = [match.end() for match in _END.finditer(text, 0, PORTION_CHARS)]
        cut = ends[-1] if ends else PORTION_CHARS
        yield text[:cut]
        text = text[cut:]
    yield text


@asynccontextmanager
async def in_process_speaker(wish: VoiceWish, tts: Sequence[Settings] = TTS) -> AsyncIterator[Speaker]:
    """A speaker that runs the models.

    Raises:
        UnknownVoice, UnsupportedLanguage, InvalidRequest: the models have no such voice.
    """
    async with local_pipeline(stt=(), translation=(), tts=tts) as pipeline:
        pipeline.catalogue.voice(wish.voice, wish.language, wish.speed, param="language")
        yield partial(_speak, pipeline, wish)


async def _speak(
    pipeline: Pipeline, wish: VoiceWish, text: str, rate: int | None
) -> AsyncGenerator[AudioBuffer, None]:
    chunks = pipeline.speak(text, wish.language, voice_id=wish.voice, speed=wish.speed, sample_rate=rate)
    async with aclosing(chunks):
        async for chunk in chunks:
            yield AudioBuffer(chunk.sample_rate, bytearray(chunk.pcm))


@asynccontextmanager
async def remote_speaker(url: str, api_key: str | None, wish: VoiceWish) -> AsyncIterator[Speaker]:
    """A speaker that uses the service at ``url``; what it answers is raised by the speaker."""
    async with service_calls(url, api_key) as calls:
        yield partial(_speak_there, calls, wish)


async def _speak_there(
    calls: ServiceCalls, wish: VoiceWish, text: str, rate: int | None
) -> AsyncGenerator[AudioBuffer, None]:
    body = {
        "text": text,
        "language": wish.language,
        "voice_id": wish.voice,
        "speed": wish.speed,
        "return_format": "audio",
        "audio_format": "pcm",
        **({"sample_rate": rate} if rate else {}),
    }
    answer = await calls.post("/api/v1/tts/synthesize", json=body)
    try:
        yield AudioBuffer(int(answer.headers["X-Sample-Rate"]), bytearray(answer.content))
    except (LookupError, ValueError):
        raise InvalidRequest("the service has answered with something else than PCM") from None
