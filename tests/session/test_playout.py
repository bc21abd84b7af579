"""When audio is missing, and how far a client is ahead, whatever its frames and its network are like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.session.playout import MAX_LEAD_S, PlayoutClock

FRAMES_S = st.sampled_from([0.01, 0.02, 0.08, 0.5, 2.0, 7.0])
JITTER_S = 0.4


@given(FRAMES_S, st.lists(st.floats(0, JITTER_S), min_size=2, max_size=60))
def test_continuous_speech_is_never_missing_for_longer_than_the_network_jitters(
    frame_s: float, delays_s: list[float]
) -> None:
    clock, arrived = PlayoutClock(), 0.0
    for number, delay_s in enumerate(delays_s):
        # A frame is complete when it has been spoken; frames do not overtake each other.
        arrived = max(arrived, (number + 1) * frame_s + delay_s)
        if clock.missing_at is not None:
            assert arrived <= clock.missing_at + JITTER_S + 1e-6
        clock.arrived(arrived, frame_s)


@given(FRAMES_S, st.floats(0.1, MAX_LEAD_S), st.integers(2, 30))
def test_a_network_that_delivers_in_bursts_is_waited_for_after_the_first(
    frame_s: float, burst_s: float, count: int
) -> None:
    clock = PlayoutClock()
    frames = max(1, round(burst_s / frame_s))
    period_s = frames * frame_s
    for burst in range(1, count):
        if clock.missing_at is not None and period_s <= MAX_LEAD_S:
            assert burst * period_s <= clock.missing_at + 1e-6
        for _ in range(frames):
            clock.arrived(burst * period_s, frame_s)


@given(st.lists(st.floats(0.01, 3), min_size=2, max_size=40), FRAMES_S)
def test_audio_is_missing_soon_after_the_last_frame_however_much_came_before(
    gaps_s: list[float], frame_s: float
) -> None:
    clock, now = PlayoutClock(), 0.0
    for gap_s in gaps_s:
        now += gap_s
        clock.arrived(now, frame_s)
    assert clock.missing_at is not None
    assert now + frame_s <= clock.missing_at + 1e-6
    assert clock.missing_at <= now + max(MAX_LEAD_S, frame_s)


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0, 10)), min_size=1, max_size=40))
def test_a_client_is_ahead_by_what_it_sent_before_it_could_have_been_spoken(
    steps: list[tuple[float, float]],
) -> None:
    clock, now, level_s = PlayoutClock(), 0.0, 0.0
    for gap_s, duration_s in steps:
        now += gap_s
        level_s = max(0.0, level_s - gap_s) + duration_s
        clock.arrived(now, duration_s)
        assert clock.lead_s(now) == pytest.approx(level_s, abs=1e-6)


def test_time_in_which_nothing_was_read_does_not_count() -> None:
    held, free = PlayoutClock(), PlayoutClock()
    for clock in (held, free):
        clock.arrived(0, 60)
    held.paused(100, 100)
    assert held.lead_s(100) == free.lead_s(0)
    assert held.missing_at == 100


def test_no_audio_is_missing_before_the_first() -> None:
    assert PlayoutClock().missing_at is None


def test_a_microphone_is_missed_one_frame_after_its_last() -> None:
    clock = PlayoutClock()
    for frame in range(1, 126):
        clock.arrived(frame * 0.08, 0.08)
    assert clock.missing_at == pytest.approx(125 * 0.08 + 0.08)
