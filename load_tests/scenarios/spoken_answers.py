"""Short answers spoken by embedded voices, with the silence that a session leaves around speech."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

from load_tests.progress import tracked
from load_tests.scenarios.speech_samples import SpeechSample, padded
from sokuji.audio.pcm import RECOGNISER_RATE, AudioBuffer
from sokuji.audio.resampling import resample
from sokuji.contract import Synthesiser, SynthesisRequest

LEAD_MS, TAIL_MS = 480, 160
"""Silence that a session leaves around speech."""


async def spoken(voices: Synthesiser, texts: Sequence[tuple[str, str]]) -> AsyncIterator[SpeechSample]:
    """Each (language, text) in the default voice of its language."""
    for language, text in tracked(texts, "speaking"):
        yield in_session(await synthesised(voices, SynthesisRequest(text=text, language=language)))


async def synthesised(voices: Synthesiser, request: SynthesisRequest) -> SpeechSample:
    """A text in the voice of its request, without silence around it."""
    sound = AudioBuffer()
    async with aclosing(voices.synthesize(request)) as chunks:
        async for chunk in chunks:
            sound.add(chunk.pcm, chunk.sample_rate)
    pcm = resample(bytes(sound.pcm), sound.sample_rate, RECOGNISER_RATE)
    return SpeechSample(request.language, pcm, request.text)


def in_session(sample: SpeechSample) -> SpeechSample:
    """The sample with the silence that a session leaves around it."""
    return padded(sample, LEAD_MS, TAIL_MS)
