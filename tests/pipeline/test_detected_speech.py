"""Which utterances of a recording are recognised together."""

import pytest

from sokuji.config import SegmentationSettings
from sokuji.measure.samples import sentences
from sokuji.pipeline.detected_speech import JOINED_MS, DetectedSpeech, utterances
from tests.support.speech import silence

LONG, SHORT, _ = sentences("pt")


async def detected(pcm: bytes) -> list[DetectedSpeech]:
    return [each async for each in utterances(pcm, SegmentationSettings())]


@pytest.mark.parametrize(
    ("parts", "gap_ms", "count"),
    [
        ([SHORT, SHORT], 600, 1),
        ([LONG, SHORT], 600, 1),
        ([SHORT, LONG], 600, 1),
        ([LONG, LONG], 700, 2),
        ([SHORT, SHORT], 1_500, 2),
        ([LONG, SHORT, LONG, SHORT, LONG, SHORT], 600, 3),
        ([], 600, 0),
    ],
)
async def test_short_speech_is_joined_to_what_is_close_to_it(
    parts: list[bytes], gap_ms: int, count: int
) -> None:
    recording = silence(300) + silence(gap_ms).join(parts) + silence(700)
    found = await detected(recording)
    assert len(found) == count
    for each in found:
        start, end = each.utterance.start_ms, each.utterance.end_ms
        assert start <= each.speech_start_ms < each.speech_end_ms <= end
        assert end - start <= JOINED_MS
        assert each.utterance.pcm == recording[32 * start : 32 * end]
    ends = [0, *(each.utterance.end_ms for each in found)]
    assert all(end <= each.utterance.start_ms for end, each in zip(ends, found, strict=False))
