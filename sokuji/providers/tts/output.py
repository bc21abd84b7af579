"""What leaves a synthesiser under its deployment's settings: chunks at another rate than the voice's own."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace

from sokuji.audio.resampling import StreamingResampler
from sokuji.config import VoiceSettings
from sokuji.contract import AudioChunk, Effort, SynthesiserInfo, SynthesiserProvider, SynthesisRequest


def described(info: SynthesiserInfo, settings: VoiceSettings) -> SynthesiserInfo:
    """What a synthesiser can do, and what comes of it under ``settings``."""
    voices = info.voices
    if rate := settings.sample_rate:
        voices = tuple(replace(voice, sample_rate=rate) for voice in voices)
    return replace(info, voices=voices, audio_format=settings.audio_format)


async def at_rate(chunks: AsyncIterator[AudioChunk], sample_rate: int) -> AsyncGenerator[AudioChunk, None]:
    """The chunks of one request at ``sample_rate``; 0: as they are.

    A chunk of which nothing can be heard yet is left out. Closing it leaves ``chunks`` to its owner.
    """
    resampler: StreamingResampler | None = None
    effort: Effort | None = None
    async for chunk in chunks:
        if not sample_rate:
            yield chunk
            continue
        resampler = resampler or StreamingResampler(chunk.sample_rate, sample_rate)
        pcm = await asyncio.to_thread(resampler.push, chunk.pcm, last=chunk.last)
        effort = effort or chunk.effort
        if pcm or chunk.last:
            yield replace(chunk, pcm=pcm, sample_rate=sample_rate, effort=effort)
            effort = None


async def describe(provider: SynthesiserProvider) -> SynthesiserInfo:
    """What a loaded provider can do under its own settings."""
    return described(await provider.describe(), provider.config)


async def synthesize(
    provider: SynthesiserProvider, request: SynthesisRequest
) -> AsyncGenerator[AudioChunk, None]:
    """The voice of a loaded provider at the rate of its own settings; closing it ends the work."""
    async with (
        aclosing(provider.synthesize(request)) as made,
        aclosing(at_rate(made, provider.config.sample_rate)) as chunks,
    ):
        async for chunk in chunks:
            yield chunk
