"""Noise is reduced, speech is not, and nothing moves."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from sokuji.audio.noise_suppression import NoiseSuppression, NoiseSuppressor
from sokuji.audio.segment_events import Utterance
from sokuji.audio.utterance_detector import UtteranceDetector
from sokuji.config import SegmentationSettings
from tests.support.speech import noise, sample, silence


def reduced(pcm: bytes, settings: NoiseSuppression, size: int = 2_560) -> bytes:
    suppressor = NoiseSuppressor(settings)
    pieces = [suppressor.push(pcm[start : start + size]) for start in range(0, len(pcm), size)]
    return b"".join(pieces) + suppressor.flush()


def levels(pcm: bytes) -> NDArray[np.float64]:
    return np.frombuffer(pcm, "<i2").astype(np.float64) / 32_768


def change_db(after: bytes, before: bytes) -> float:
    energy = (levels(after)[4_000:] ** 2).mean() / (levels(before)[4_000:] ** 2).mean()
    return float(10 * np.log10(energy))


@pytest.mark.parametrize(
    ("settings", "level", "least_db", "most_db"),
    [
        (NoiseSuppression("far_field"), 0.015, -12.5, -8),
        (NoiseSuppression("near_field"), 0.004, -12.5, -8),
        (NoiseSuppression("far_field", 0.5), 0.015, -6.5, -4),
        (NoiseSuppression("far_field", 0), 0.015, -0.5, 0.5),
        (NoiseSuppression("near_field"), 0.05, -3, 0.5),
    ],
)
def test_noise_is_reduced_by_as_much_as_was_asked_for(
    settings: NoiseSuppression, level: float, least_db: float, most_db: float
) -> None:
    hiss = noise(3_000, level=level)
    assert least_db <= change_db(reduced(hiss, settings), hiss) <= most_db


@pytest.mark.parametrize("kind", ["near_field", "far_field"])
def test_speech_keeps_its_level_its_length_and_its_place(kind: str) -> None:
    speech = sample("pt", "ola_mundo")
    settings = NoiseSuppression("near_field" if kind == "near_field" else "far_field")
    after = reduced(speech, settings)
    assert len(after) == len(speech)
    assert -1 < change_db(after, speech) < 0.1
    x, y = levels(speech), levels(after)
    shift = int(np.correlate(y, x[400:-400], "valid").argmax()) - 400
    assert abs(shift) <= 1


@pytest.mark.parametrize("size", [2, 30, 2_560, 1_000_000])
def test_the_result_does_not_depend_on_how_the_audio_is_divided(size: int) -> None:
    speech = sample("pt", "ola_mundo")[:32_000]
    settings = NoiseSuppression("far_field")
    assert reduced(speech, settings, size) == reduced(speech, settings)


def test_a_stream_can_follow_another_one_and_nothing_is_nothing() -> None:
    suppressor = NoiseSuppressor(NoiseSuppression("far_field"))
    assert suppressor.push(b"") + suppressor.flush() == b""
    speech = sample("pt", "ola_mundo")
    first = suppressor.push(speech) + suppressor.flush()
    assert suppressor.push(speech) + suppressor.flush() == first


def with_noise(pcm: bytes, level: float) -> bytes:
    hiss = np.resize(levels(noise(1_000, level=level)), len(pcm) // 2)
    return ((levels(pcm) + hiss) * 32_767).clip(-32_768, 32_767).astype("<i2").tobytes()


def utterances(pcm: bytes, settings: NoiseSuppression | None) -> list[Utterance]:
    detector = UtteranceDetector(SegmentationSettings())
    detector.configure(16_000, 1, noise_suppression=settings)
    heard = [
        each for start in range(0, len(pcm), 2_570) for each in detector.push(pcm[start : start + 2_570])
    ]
    return [each for each in heard + detector.flush() if isinstance(each, Utterance)]


def test_utterances_are_found_at_the_same_place_and_keep_their_audio() -> None:
    pcm = with_noise(silence(400) + sample("pt", "ola_mundo") + silence(900), 0.015)
    (raw,), (rated,) = utterances(pcm, None), utterances(pcm, NoiseSuppression("far_field"))
    assert abs(raw.start_ms - rated.start_ms) <= 96
    assert abs(raw.end_ms - rated.end_ms) <= 96
    start = 2 * 16 * rated.start_ms
    assert rated.pcm == pcm[start : start + len(rated.pcm)]


class Energy:
    """Takes what is loud for speech."""

    def probabilities(self, frames: Sequence[bytes]) -> list[float]:
        return [float(np.sqrt((levels(frame) ** 2).mean()) > 0.01) for frame in frames]

    def reset(self) -> None:
        pass


def test_voice_activity_is_rated_without_the_noise() -> None:
    hiss = noise(3_000, level=0.015)
    found = []
    for settings in (None, NoiseSuppression("far_field")):
        detector = UtteranceDetector(SegmentationSettings(), vad=Energy())
        detector.configure(16_000, 1, noise_suppression=settings)
        detector.push(silence(500))
        detector.push(hiss)
        found.append(detector.in_speech)
    assert found == [True, False]
