"""What a session is expected to need: as others at first, then as it does; its lead goes as it speaks."""

import pytest

from sokuji.admission.speech_activity import LEAST_EXPECTED, SpeechActivity
from tests.admission.simulation import Clock


def test_the_lead_of_a_session_goes_as_it_speaks() -> None:
    clock = Clock()
    activity = SpeechActivity(0.7, clock=clock)
    assert (activity.expected, activity.lead) == (0.7, 0.7)
    activity.speaking(True)
    leads = []
    for _ in range(30):
        clock.now += 2
        leads.append(activity.lead)
    assert leads == sorted(leads, reverse=True)
    assert leads[-1] == 0


def test_the_lead_of_a_session_that_stays_silent_goes_too_but_more_slowly() -> None:
    clock = Clock()
    silent, speaking = SpeechActivity(0.7, clock=clock), SpeechActivity(0.7, clock=clock)
    speaking.speaking(True)
    clock.now += 15
    assert 0 < speaking.lead < silent.lead < 0.7
    clock.now += 600
    assert silent.lead == silent.expected == LEAST_EXPECTED


def test_speech_counts_once_it_has_ended_and_is_recognised() -> None:
    clock, told = Clock(), 0

    def count() -> None:
        nonlocal told
        told += 1

    activity = SpeechActivity(0.7, count, clock)
    activity.speaking(True)
    clock.now += 3
    activity.settle()
    assert (activity.take_settled(), activity.was_heard) == (0, False)
    activity.speaking(False)
    activity.speaking(True)
    clock.now += 5
    activity.settle()
    assert activity.take_settled() == pytest.approx(3)
    assert (activity.take_settled(), activity.was_heard) == (0, True)
    activity.end()
    activity.end()
    assert told == 5
