"""Settings that are sent again, and speech in the target language that is left out."""

from dataclasses import replace

import pytest

from sokuji import events
from sokuji.config import StreamingSettings
from sokuji.session.conversation import ConversationSettings
from tests.support.fake_stages import FakeStt, FakeTts, ready_pipeline
from tests.support.session_events import assert_acknowledged, finals, of_kind, translations
from tests.support.session_scenarios import open_real_speech_session, open_session, running, utterances

PT_TO_EN = ConversationSettings(target_languages=("en",), commit="utterance")
MIDDLE = 2 * 16 * 850
"""Bytes after which the first of ``utterances`` is half said."""


async def test_settings_that_change_nothing_leave_the_utterance_whole() -> None:
    session = open_real_speech_session(await ready_pipeline())
    pcm = utterances(1)
    async with running(session) as seen:
        session.configure(PT_TO_EN)
        session.feed(pcm[:MIDDLE])
        session.configure(replace(PT_TO_EN))
        session.feed(pcm[MIDDLE:])
        session.end()
    assert len(of_kind(seen, events.Ready)) == 2
    assert len(translations(seen, "en")) == 1


async def test_other_settings_end_the_utterance_in_progress() -> None:
    session = open_real_speech_session(await ready_pipeline())
    pcm = utterances(1)
    async with running(session) as seen:
        session.configure(PT_TO_EN)
        session.feed(pcm[:MIDDLE])
        session.configure(replace(PT_TO_EN, target_languages=("pt",)))
        session.feed(pcm[MIDDLE:])
        session.end()
    assert translations(seen, "en")
    assert translations(seen, "pt")


@pytest.mark.parametrize("speculate", [True, False])
async def test_speech_in_a_target_language_is_left_out_of_it_alone_and_acknowledged(speculate: bool) -> None:
    stt, tts = FakeStt(language="en"), FakeTts()
    pipeline = await ready_pipeline(stt, tts=tts)
    session = open_session(pipeline, StreamingSettings(speculate=speculate, commit="utterance"))
    async with running(session) as seen:
        session.configure(ConversationSettings(target_languages=("en", "pt"), echo=False))
        session.feed(utterances(2))
        session.end()
    captions = [event.text for event in finals(seen)]
    assert len(captions) == 2
    assert translations(seen, "en") == []
    assert translations(seen, "pt") == [f"pt: {text}" for text in captions]
    assert {event.target_language for event in of_kind(seen, events.Audio)} == {"pt"}
    assert all(request.text.startswith("pt: ") for request in tts.requests)
    assert_acknowledged(seen)
