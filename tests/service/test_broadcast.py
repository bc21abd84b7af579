"""Broadcasts on a real Serve instance, with real models and speech: every listener gets every word, once."""

import asyncio

import pytest

from sokuji.measure.samples import compose, sentences
from tests.service.broadcast_audience import Broadcast, Listened
from tests.service.conftest import RunningService

pytestmark = pytest.mark.timeout(400)


def check_same(speaker: Listened, listener: Listened) -> None:
    """A listener has what the speaker has, in order, once."""
    assert listener.over
    assert listener.transcript == speaker.transcript
    places = [(segment, clause) for segment, clause, _ in listener.translation]
    assert places == sorted(set(places))
    if listener.language == speaker.language:
        assert listener.words == speaker.words
    assert len(listener.voiced) in (0, len(places))


async def test_listeners_read_and_hear_the_language_they_chose(service: RunningService) -> None:
    broadcast = Broadcast(f"http://{service.address}")
    spoken, english, read, portuguese = await asyncio.gather(
        broadcast.speak(compose(sentences("pt")), audience=3),
        broadcast.hear("en"),
        broadcast.hear("en", "captions"),
        broadcast.hear("pt"),
    )
    assert len(spoken.transcript) == 3
    for listener in (english, read, portuguese):
        check_same(spoken, listener)
    assert len(english.voiced) == len(english.translation) > 0
    assert read.voiced == []
    assert portuguese.voiced
    # What is spoken in the language of the listener is passed on as it is.
    assert portuguese.words == " ".join(spoken.transcript).split()
    assert spoken.voiced == []
