"""The waveforms of phrases become chunks that can be played one after the other."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sokuji.contract import AudioChunk
from sokuji.errors import ProviderFailed
from sokuji.providers.tts.phrase_splitting import PhonemePhrase
from sokuji.providers.tts.waveform_chunks import (
    FRAME_MS,
    LEAD_FRAMES,
    TAIL_FRAMES,
    PhraseTrimmer,
    Waveform,
    WaveformPart,
    phrase_chunks,
)

RATE = 24_000


def tone(ms: int, level: float = 0.5) -> Waveform:
    wave: Waveform = (level * np.sin(np.arange(RATE * ms // 1_000) * 0.3)).astype(np.float32)
    return wave


def trimmed(wave: Waveform, pause_ms: float, cuts: Sequence[int] = ()) -> Waveform:
    """A phrase that arrives in parts, cut at these samples."""
    trimmer = PhraseTrimmer(RATE, pause_ms)
    *parts, last = np.split(wave, sorted(cuts))
    return np.concatenate([*(trimmer.add(part, False) for part in parts), trimmer.add(last, True)])


def chunks_of(
    phrases: Sequence[PhonemePhrase],
    render: Callable[[Sequence[str]], Iterator[WaveformPart]],
    *,
    speed: float = 1,
) -> list[AudioChunk]:
    return list(phrase_chunks(phrases, render, RATE, speed=speed, gain=1))


def once(wave: Waveform) -> Iterator[WaveformPart]:
    yield WaveformPart(wave, True)


def test_silence_around_a_phrase_is_replaced_by_its_pause() -> None:
    quiet = np.zeros(RATE // 2, np.float32)
    phrase = trimmed(np.concatenate([quiet, tone(300), quiet]), pause_ms=200)
    expected_ms = (LEAD_FRAMES + TAIL_FRAMES) * FRAME_MS + 300 + 200
    assert len(phrase) / RATE * 1_000 == pytest.approx(expected_ms, abs=2 * FRAME_MS)


def test_both_ends_are_faded_and_the_level_between_them_is_kept() -> None:
    values = trimmed(tone(300), pause_ms=0)
    assert abs(values[0]) < 0.002
    assert abs(values[-1]) < 0.002
    assert np.abs(values).max() == pytest.approx(0.5, rel=0.01)


def test_a_silent_phrase_is_empty() -> None:
    assert not trimmed(np.zeros(RATE, np.float32), 300, [100, RATE // 2]).size
    assert not trimmed(np.zeros(0, np.float32), 300).size


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, RATE), max_size=6))
def test_a_phrase_in_parts_equals_the_phrase_as_a_whole(cuts: list[int]) -> None:
    quiet = np.zeros(RATE // 10, np.float32)
    wave = np.concatenate([quiet, tone(200), quiet, tone(300), 3 * quiet])
    assert np.array_equal(trimmed(wave, 100, cuts), trimmed(wave, 100))


def test_audible_sound_is_not_held_back() -> None:
    trimmer = PhraseTrimmer(RATE, 100)
    assert not trimmer.add(np.zeros(RATE // 4, np.float32), False).size
    assert len(trimmer.add(tone(300), False)) / RATE > 0.28


def test_only_the_final_chunk_is_last() -> None:
    phrases = [("a", 100), ("b", 100), ("c", 100)]
    chunks = chunks_of(phrases, lambda _: once(tone(100)))
    assert [chunk.last for chunk in chunks] == [False, False, True]
    (empty,) = chunks_of([], lambda _: once(tone(100)))
    assert (empty.pcm, empty.last) == (b"", True)


def test_silent_phrases_give_no_chunks_except_a_final_one() -> None:
    quiet = np.zeros(RATE // 2, np.float32)
    waves = {"a": tone(100), "b": quiet}
    phrases = [("b", 100), ("a", 100), ("b", 100)]
    chunks = chunks_of(phrases, lambda which: once(waves[which[0]]))
    assert [chunk.last for chunk in chunks] == [False, True]
    assert len(chunks[1].pcm) / 2 / RATE < 0.01


def test_an_exception_of_the_model_is_reported_without_the_text() -> None:
    def broken(_: object) -> Iterator[WaveformPart]:
        raise RuntimeError("secret words")

    with pytest.raises(ProviderFailed, match=r"synthesis failed \(RuntimeError\)"):
        chunks_of([("a", 0)], broken)


@pytest.mark.parametrize("speed", [0.25, 0.5, 0.9, 1.1, 2.0, 4.0])
def test_the_speech_with_its_pauses_lasts_as_long_as_the_speed_demands(speed: float) -> None:
    phrases = [("a", 300), ("b", 300)]
    usual, faster = (
        sum(len(chunk.pcm) for chunk in chunks_of(phrases, lambda _: once(tone(700)), speed=each))
        for each in (1, speed)
    )
    assert faster == pytest.approx(usual / speed, abs=2)
