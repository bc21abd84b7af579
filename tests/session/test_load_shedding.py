"""A session under load: rarer hypotheses, then no speculation, and back without flapping."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sokuji.config import StreamingSettings
from sokuji.session.load_shedding import (
    INTERVAL_FACTOR,
    SLOWED_FACTOR,
    SPECULATION_OFF_FACTOR,
    UNNOTICEABLE_S,
    LoadShedding,
)

SETTINGS = StreamingSettings(partial_interval_ms=500, max_recognition_s=2.0, max_lag_s=10.0)
STATES = ["normal", "partials_slowed", "speculation_off"]


def loaded(*times_s: float, chosen: StreamingSettings = SETTINGS) -> LoadShedding:
    load = LoadShedding(chosen)
    for took_s in times_s:
        load.recognised(took_s, interim=True)
    return load


def interval_s(load: LoadShedding) -> float:
    """The shortest time after which a hypothesis is allowed, to a millisecond."""
    return next(ms for ms in range(1_000_000) if load.may_hypothesise(ms / 1_000)) / 1_000


def test_before_anything_is_known_the_load_is_normal() -> None:
    load = LoadShedding(SETTINGS)
    assert (load.state, load.speculates, interval_s(load)) == ("normal", True, 0.5)


@pytest.mark.parametrize(
    ("took_s", "state", "apart_s"),
    [
        (0.0, "normal", 0.5),
        (0.25, "normal", 0.5),
        (0.375, "normal", 0.75),
        (0.5, "normal", 1.0),
        (0.625, "normal", 1.25),
        (0.75, "partials_slowed", 1.5),
        (2.0, "partials_slowed", 4.0),
        (2.5, "speculation_off", 5.0 * SPECULATION_OFF_FACTOR),
        (60.0, "speculation_off", 120.0 * SPECULATION_OFF_FACTOR),
    ],
)
def test_the_state_follows_the_time_of_recognition(took_s: float, state: str, apart_s: float) -> None:
    load = loaded(took_s)
    assert (load.state, interval_s(load)) == (state, apart_s)
    assert load.speculates == (state != "speculation_off")


def test_partials_as_often_as_possible_are_slowed_only_when_somebody_can_see_it() -> None:
    every_time = SETTINGS.model_copy(update={"partial_interval_ms": 0})
    assert [loaded(took_s, chosen=every_time).state for took_s in (0.6, 0.7, 0.8)] == [
        *["normal"] * 2,
        STATES[1],
    ]
    assert LoadShedding(every_time).may_hypothesise(0.0)


@pytest.mark.parametrize(
    ("lag_ms", "state"), [(-40, "normal"), (5_000, "normal"), (5_001, "speculation_off")]
)
def test_output_that_is_late_stops_speculation(lag_ms: int, state: str) -> None:
    load = loaded(0.1)
    load.delivered(lag_ms)
    assert (load.state, interval_s(load)) == (
        state,
        0.5 * (SPECULATION_OFF_FACTOR if state != "normal" else 1),
    )


def test_each_state_is_left_at_a_lower_load_than_it_is_entered_with() -> None:
    load = LoadShedding(SETTINGS)
    for lag_ms, state in [(5_100, STATES[2]), (4_900, STATES[2]), (3_800, STATES[2]), (3_700, STATES[0])]:
        load.delivered(lag_ms)
        assert load.state == state
    for lag_ms in (4_900, 5_000):
        load.delivered(lag_ms)
        assert load.state == "normal"


def test_what_comes_too_late_is_not_spoken_until_the_service_has_caught_up() -> None:
    load = LoadShedding(SETTINGS.model_copy(update={"max_voice_lag_s": 12.0}))
    spoken = [load.may_speak(lag_s) for lag_s in (0.5, 11.9, 12.1, 11.0, 9.1, 8.9, 11.9)]
    assert spoken == [True, True, False, False, False, True, True]


def test_by_default_speculation_stops_before_the_voice_does() -> None:
    load = LoadShedding(StreamingSettings())
    lag_s = 0.0
    while load.may_speak(lag_s):
        assert not load.leaves_out_voice
        lag_s += 0.5
        load.delivered(round(1_000 * lag_s))
    assert load.leaves_out_voice
    assert not load.speculates


@given(st.floats(0, 1e6))
def test_nothing_is_too_late_for_a_client_that_sends_faster_than_speech(lag_s: float) -> None:
    load = LoadShedding(SETTINGS, is_live=lambda: False)
    assert load.may_speak(lag_s)


def test_a_single_slow_answer_changes_nothing() -> None:
    assert loaded(*[0.2] * 5, 1.0).state == "normal"


def test_it_slows_down_step_by_step_and_recovers_in_the_same_steps() -> None:
    load = LoadShedding(SETTINGS)
    seen = []
    for took_s in [0.2] * 5 + [4.0] * 20 + [0.2] * 40:
        load.recognised(took_s, interim=True)
        seen.append(load.state)
    changes = [state for before, state in zip(["", *seen], seen, strict=False) if state != before]
    assert changes == [*STATES, *STATES[-2::-1]]
    assert interval_s(load) == 0.5


def test_a_wavering_load_does_not_make_the_state_flap() -> None:
    load = loaded(*[2.5] * 20)
    for _ in range(50):
        load.recognised(1.6, interim=True)
        assert load.state == "speculation_off"
        load.recognised(2.4, interim=True)


@settings(deadline=None)
@given(st.lists(st.floats(0, 100), max_size=30))
def test_without_the_setting_nothing_is_speculated_and_the_state_is_the_same(times_s: list[float]) -> None:
    without = loaded(*times_s, chosen=SETTINGS.model_copy(update={"speculate": False}))
    assert not without.speculates
    assert without.state == loaded(*times_s).state


@settings(deadline=None)
@given(
    st.builds(
        StreamingSettings,
        partial_interval_ms=st.integers(0, 10_000),
        max_recognition_s=st.floats(0.1, 60),
        max_lag_s=st.floats(0.1, 600),
    ),
    st.lists(st.one_of(st.floats(0, 100), st.integers(0, 1_000_000)), max_size=40),
)
def test_whatever_happens(chosen: StreamingSettings, heard: list[float | int]) -> None:
    load = LoadShedding(chosen)
    for each in heard:
        before = load.state
        if isinstance(each, int):
            load.delivered(each)
        else:
            load.recognised(each, interim=True)
        assert load.speculates == (load.state != "speculation_off")
        assert not load.may_hypothesise(chosen.partial_interval_ms / 1_000 - 0.001)
        assert load.may_hypothesise(
            2 * SPECULATION_OFF_FACTOR * INTERVAL_FACTOR * 100
            + SPECULATION_OFF_FACTOR * chosen.partial_interval_ms
        )
        if before != "speculation_off" and load.state == "speculation_off":
            assert each > (500 * chosen.max_lag_s if isinstance(each, int) else chosen.max_recognition_s)
    for _ in range(60):
        load.recognised(0.0, interim=True)
        load.delivered(0)
    assert load.state == "normal"
    assert load.may_hypothesise(chosen.partial_interval_ms / 1_000 + 0.001)


@settings(deadline=None)
@given(st.floats(0, 100), st.integers(1, 30))
def test_a_steady_load_has_a_steady_state(took_s: float, count: int) -> None:
    assert loaded(*[took_s] * count).state == loaded(took_s).state
    slowed = INTERVAL_FACTOR * took_s > SLOWED_FACTOR * max(0.5, UNNOTICEABLE_S)
    assert (loaded(took_s).state != "normal") == slowed


def test_a_final_recognition_that_took_several_searches_does_not_slow_the_interim_ones() -> None:
    load = LoadShedding(StreamingSettings(partial_interval_ms=500))
    load.recognised(0.2, interim=True)
    load.recognised(1.8, interim=False)
    assert load.may_hypothesise(0.5)
    assert load.state == "normal"
