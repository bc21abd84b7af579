"""Audio of a call as a sequence of tones, which Opus leaves distinct: mono int16 PCM at ``CALL_RATE``."""

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from sokuji.api.playback import CALL_RATE

BLOCK_S = 0.01
SETTLING_BLOCKS = 8
"""Blocks at a change of tone that may be neither the one nor the other: Opus overlaps its frames."""


def tone(hertz: float, seconds: float) -> bytes:
    """A sine, mono int16 PCM at ``CALL_RATE``."""
    times = np.arange(round(seconds * CALL_RATE)) / CALL_RATE
    return (8_000 * np.sin(2 * np.pi * hertz * times)).astype("<i2").tobytes()


def tones(*hertz: float, seconds: float = 0.3) -> bytes:
    """Tones that follow each other without a pause."""
    return b"".join(tone(each, seconds) for each in hertz)


def runs(pcm: bytes) -> list[tuple[int, float]]:
    """The tones of a recording in order, each with its seconds; 0 Hz: silence."""
    samples = np.frombuffer(pcm, "<i2").astype(float)
    size = round(BLOCK_S * CALL_RATE)
    blocks = samples[: len(samples) // size * size].reshape(-1, size)
    found: list[tuple[int, int]] = []
    for block in blocks:
        loud = np.sqrt(np.mean(block**2)) > 2_000
        # A resolution of 100 Hz.
        hertz = int(np.argmax(np.abs(np.fft.rfft(block)))) * round(1 / BLOCK_S) if loud else 0
        if found and found[-1][0] == hertz:
            found[-1] = (hertz, found[-1][1] + 1)
        else:
            found.append((hertz, 1))
    return [(hertz, count * BLOCK_S) for hertz, count in found if count >= SETTLING_BLOCKS]


def assert_says(pcm: bytes, hertz: Sequence[int], seconds: float) -> None:
    """A recording has these tones in this order and of this length, with silence around them only."""
    heard = runs(pcm)
    while heard and heard[0][0] == 0:
        heard.pop(0)
    while heard and heard[-1][0] == 0:
        heard.pop()
    assert [each for each, _ in heard] == list(hertz)
    assert [length for _, length in heard] == pytest.approx([seconds] * len(hertz), abs=0.04)


async def until_silent(pcm: bytearray) -> None:
    """Wait until something has been said in a recording, and then 0.2 s of silence."""
    async with asyncio.timeout(10):
        while not any(pcm) or np.abs(np.frombuffer(bytes(pcm[-CALL_RATE // 5 * 2 :]), "<i2")).max() > 50:
            await asyncio.sleep(0.05)
