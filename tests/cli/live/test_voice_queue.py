"""The queue of voices, and the recording of everything."""

import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.cli.live import voice_queue
from sokuji.cli.live.recorder import MAX_APART_S, recorder
from sokuji.cli.live.sound_device import VOICE_RATE
from sokuji.cli.live.voice_queue import VoiceQueue


@given(st.lists(st.one_of(st.binary(max_size=40).map(lambda data: data + data), st.integers(0, 30))))
def test_what_is_added_is_taken_in_order_with_silence_where_nothing_waits(steps: list[bytes | int]) -> None:
    queue, added, taken = VoiceQueue(), b"", b""
    for step in steps:
        if isinstance(step, bytes):
            assert queue.add(step)
            added += step
        else:
            before = round(queue.waiting_s * VOICE_RATE)
            pcm = queue.take(step)
            assert len(pcm) == 2 * step
            assert pcm[2 * before :] == bytes(len(pcm[2 * before :]))
            taken += pcm[: 2 * before]
    assert added.startswith(taken)


def test_voices_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice_queue, "MAX_WAITING_S", 1)
    queue = VoiceQueue()
    assert queue.add(bytes(2 * VOICE_RATE + 2))
    assert not queue.add(b"ab")
    assert queue.waiting_s == pytest.approx(1, abs=0.001)


def channels(path: Path) -> tuple[np.ndarray, np.ndarray]:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, VOICE_RATE)
        both = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    return both[:, 0], both[:, 1]


def test_a_recording_has_the_microphone_left_and_the_loudspeaker_right(tmp_path: Path) -> None:
    with recorder(tmp_path / "all.wav") as recording:
        for _ in range(10):
            recording.heard(np.full(1_600, 1_000, "<i2").tobytes())
            recording.played(np.full(2_400, -500, "<i2").tobytes())
    left, right = channels(tmp_path / "all.wav")
    assert left.size == right.size == pytest.approx(VOICE_RATE, rel=0.01)
    assert np.median(left) == pytest.approx(1_000, abs=5)
    assert np.median(right) == -500


def test_a_channel_that_is_lost_is_silent_and_the_other_goes_on(tmp_path: Path) -> None:
    with recorder(tmp_path / "all.wav") as recording:
        for _ in range(100):
            recording.played(np.full(2_400, 7, "<i2").tobytes())
        assert len(recording._channels[1]) <= 2 * MAX_APART_S * VOICE_RATE
    left, right = channels(tmp_path / "all.wav")
    assert not left.any()
    assert set(right.tolist()) == {7}
    assert right.size == 240_000


def test_a_recording_is_a_file_whatever_ends_it(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), recorder(tmp_path / "all.wav") as recording:
        recording.played(bytes(4_800))
        raise KeyboardInterrupt
    assert channels(tmp_path / "all.wav")[1].size == 2_400
