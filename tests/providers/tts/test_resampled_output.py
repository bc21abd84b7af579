"""Speech has the sample rate and the audio format of its deployment's settings."""

from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
import pytest

from sokuji.config import PROVIDER_CONFIGS, parse_provider
from sokuji.contract import AudioChunk, Effort
from sokuji.errors import ConfigError
from sokuji.providers.tts.resampled_output import resample_chunks

RATE = 22_050
EFFORT = Effort(queued_s=0.1, busy_s=0.2, batch_size=1)


def tone(rate: int) -> bytes:
    return (8_000 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)).astype("<i2").tobytes()


async def sing() -> AsyncIterator[AudioChunk]:
    """A second in four chunks, the first of them very short."""
    pcm, cuts = tone(RATE), (0, 20, 10_000, 30_000, 2 * RATE)
    for start, end in pairwise(cuts):
        yield AudioChunk(pcm[start:end], RATE, end == cuts[-1], effort=EFFORT if start == 0 else None)


async def sung(chunks: AsyncIterator[AudioChunk]) -> list[AudioChunk]:
    return [chunk async for chunk in chunks]


def joined(chunks: Sequence[AudioChunk]) -> bytes:
    return b"".join(chunk.pcm for chunk in chunks)


async def test_by_default_chunks_are_unchanged() -> None:
    chunks = await sung(resample_chunks(sing(), 0))
    assert chunks == await sung(sing())


@pytest.mark.parametrize("rate", [8_000, 16_000, 48_000])
async def test_chunks_have_the_sample_rate_of_the_settings(rate: int) -> None:
    chunks = await sung(resample_chunks(sing(), rate))
    assert {chunk.sample_rate for chunk in chunks} == {rate}
    assert [chunk.last for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert all(chunk.pcm for chunk in chunks)
    assert [chunk.effort for chunk in chunks] == [EFFORT] + [None] * (len(chunks) - 1)
    heard, expected = (np.frombuffer(pcm, "<i2").astype(float) for pcm in (joined(chunks), tone(rate)))
    assert len(heard) == pytest.approx(rate, abs=2)
    size = min(len(heard), len(expected))
    assert np.corrcoef(heard[:size], expected[:size])[0, 1] > 0.999


@pytest.mark.parametrize("provider", PROVIDER_CONFIGS["tts"])
@pytest.mark.parametrize(
    ("values", "accepted"),
    [
        ({"sample_rate": 7_999}, "0 (the voice's native rate) or from 8000 to 48000"),
        ({"sample_rate": 96_000}, "from 8000 to 48000"),
        ({"audio_format": "wma"}, "'wav', 'pcm', 'mp3', 'opus', 'aac' or 'flac'"),
    ],
)
def test_every_synthesiser_has_the_output_settings_and_refuses_invalid_values(
    provider: str, values: Mapping[str, object], accepted: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_provider("tts", {"provider": provider, **values}, {})
    assert accepted in str(caught.value)
    environment = {"SAMPLE_RATE": "48000", "AUDIO_FORMAT": "opus"}
    config = parse_provider("tts", {"provider": provider}, environment).model_dump()
    assert (config["sample_rate"], config["audio_format"]) == (48_000, "opus")
