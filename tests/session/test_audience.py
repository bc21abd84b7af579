"""An audience adds languages to a session and takes them away as it goes on; its client notices nothing."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sokuji import events
from sokuji.contract import SynthesisRequest
from sokuji.session.conversation import ConversationSettings
from tests.support.coded_speech import CodedStt
from tests.support.fake_stages import FakeTts
from tests.support.session_events import assert_acknowledged, assert_whole, finals, of_kind
from tests.support.session_scenarios import (
    CLAUSES,
    UTTERANCES,
    EchoTranslator,
    SpokenScript,
    open_session,
    pipeline_of,
    running,
    speak,
)

SCRIPT = SpokenScript([(12, 1_000), (5, 1_000), (14, 1_000), (6, 1_000)])
WISHES = st.dictionaries(st.sampled_from(["en", "es"]), st.booleans())
PARTS = 8


async def broadcast(
    conversation: ConversationSettings, wishes: Sequence[dict[str, bool]]
) -> tuple[list[events.Event], list[events.Event], list[SynthesisRequest], int]:
    """What the client and the audience get; the audience changes its mind before each part of the speech."""
    translator, tts = EchoTranslator(), FakeTts()
    session = open_session(await pipeline_of(CodedStt(), translator, tts))
    published: list[events.Event] = []
    session.broadcast(published.append)
    size = len(SCRIPT.pcm) // PARTS // 2 * 2
    async with running(session) as seen:
        session.configure(conversation)
        for part in range(PARTS):
            await session.attend(wishes[part % len(wishes)], listeners=1)
            end = None if part == PARTS - 1 else (part + 1) * size
            await speak(session, SCRIPT.pcm[part * size : end])
            await asyncio.sleep(0)
        session.end()
    return seen, published, tts.requests, len(translator.requests)


def texts(seen: Sequence[events.Event], language: str) -> list[tuple[int, int, str]]:
    found = [each for each in seen if isinstance(each, events.TranslationText)]
    return [(each.segment_id, each.clause, each.text) for each in found if each.target_language == language]


@pytest.mark.slow
@given(st.lists(WISHES, min_size=1, max_size=PARTS), st.sampled_from([CLAUSES, UTTERANCES]), st.booleans())
@settings(max_examples=12, deadline=None)
def test_the_client_gets_its_own_languages_whole_whatever_others_want(
    wishes: list[dict[str, bool]], conversation: ConversationSettings, speaks: bool
) -> None:
    async def check() -> None:
        seen, published, spoken, _ = await broadcast(replace(conversation, speak=speaks), wishes)
        if speaks:
            assert_whole(seen, SCRIPT)
        assert " ".join(text for _, _, text in texts(seen, "en")).split() == SCRIPT.words
        assert texts(seen, "es") == []
        assert {each.target_language for each in of_kind(seen, events.Audio)} <= ({"en"} if speaks else set())
        assert_acknowledged(seen)
        check_audience(published, seen)
        heard = {each.language for each in spoken}
        assert heard <= {"en"} | {language for each in wishes for language, voice in each.items() if voice}

    asyncio.run(check())


def check_audience(published: list[events.Event], seen: list[events.Event]) -> None:
    """The audience gets whole segments, each once and in order, and all that the client gets."""
    assert [each for each in published if not isinstance(each, events.TranslationText | events.Audio)] == [
        each for each in seen if not isinstance(each, events.TranslationText | events.Audio)
    ]
    transcripts = {each.segment_id: each.text for each in finals(seen)}
    for language in ("en", "es"):
        found = texts(published, language)
        assert [place[:2] for place in found] == sorted({place[:2] for place in found})
        for segment_id in {place[0] for place in found}:
            words = " ".join(text for each, _, text in found if each == segment_id).split()
            assert words == transcripts[segment_id].split()


async def test_a_language_that_nobody_wants_any_more_costs_nothing() -> None:
    _, published, _, calls = await broadcast(UTTERANCES, [{"es": False}])
    alone = (await broadcast(UTTERANCES, [{}]))[3]
    assert texts(published, "es")
    assert calls > alone
    assert (await broadcast(UTTERANCES, [{"en": False}]))[3] == alone


async def test_a_language_without_a_way_is_left_out() -> None:
    seen, published, _, _ = await broadcast(UTTERANCES, [{"ja": True}])
    assert texts(published, "ja") == []
    assert_whole(seen, SCRIPT)
    assert of_kind(published, events.Failed) == []
