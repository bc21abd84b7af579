"""Applies a deployment's output settings (sample rate, audio format) to a synthesiser."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace

from sokuji.audio.resampling import StreamingResampler
from sokuji.config import VoiceSettings
from sokuji.contract import AudioChunk, Effort, SynthesiserInfo, SynthesiserProvider, SynthesisRequest


def info_with_settings(info: SynthesiserInfo, settings: VoiceSettings) -> SynthesiserInfo:
    """What a synthesiser can do, with the sample rate and the audio format of ``settings``."""
    voices = info.voices
    if rate := settings.sample_rate:
        voices = tuple(replace(voice, sample_rate=rate) for voice in voices)
    return replace(info, voices=voices, audio_format=settings.audio_format)


async def resample_chunks(
    chunks: AsyncIterator[AudioChunk], sample_rate: int
) -> AsyncGenerator[AudioChunk, None]:
    """The chunks of one request at ``sample_rate`` (Hz); 0 leaves them unchanged.

    A chunk that does not complete an output sample yet is left out. Closing this generator does not close
    ``chunks``.
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
    """What a loaded provider can do, with its own settings."""
    return info_with_settings(await provider.describe(), provider.config)


async def synthesize(
    provider: SynthesiserProvider, request: SynthesisRequest
) -> AsyncGenerator[AudioChunk, None]:
    """Speech of a loaded provider at the sample rate of its own settings; closing it stops the synthesis."""
    async with (
        aclosing(provider.synthesize(request)) as synthesized,
        aclosing(resample_chunks(synthesized, provider.config.sample_rate)) as chunks,
    ):
        async for chunk in chunks:
            yield chunk
