"""However a session ends, every word accepted before is delivered; and bytes may be divided anyhow."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sokuji import events
from sokuji.errors import InvalidRequest
from sokuji.session.conversation import ConversationSettings
from sokuji.session.session import Session
from tests.support.coded_speech import CodedStt, coded_words
from tests.support.session_events import assert_whole, finals, of_kind, translations
from tests.support.session_scenarios import (
    CLAUSES,
    EAGER,
    UTTERANCES,
    SpokenScript,
    open_session,
    pipeline_of,
    running,
    speak,
)
from tests.support.speech import silence

ENDS: list[tuple[Callable[[Session], None], bool]] = [
    (Session.end, True),
    (Session.close, False),
    (Session.drain, False),
]


@pytest.mark.parametrize(("end", "is_done"), ENDS)
@pytest.mark.parametrize("conversation", [CLAUSES, UTTERANCES])
@pytest.mark.parametrize("trailing_ms", [0, 200, 1_000])
async def test_every_end_delivers_all_words_in_text_and_voice(
    end: Callable[[Session], None], is_done: bool, conversation: ConversationSettings, trailing_ms: int
) -> None:
    session = open_session(await pipeline_of(CodedStt()), EAGER.model_copy(update={"drain_s": 0.2}))
    async with running(session) as seen:
        session.configure(conversation)
        await speak(session, silence(500) + coded_words(0, 11) + silence(trailing_ms))
        end(session)
    assert bool(of_kind(seen, events.Done)) == is_done
    # Whole but for ``Done``, which says that the client has ended its audio.
    assert_whole(seen if is_done else [*seen, events.Done()], SpokenScript([(11, 0)]))
    assert of_kind(seen, events.Ack)[-1].through_ms >= finals(seen)[-1].end_ms


async def test_a_closed_session_takes_no_more_and_may_be_closed_again() -> None:
    session = open_session(await pipeline_of(CodedStt()))
    async with running(session) as seen:
        session.configure(UTTERANCES)
        session.feed(coded_words(0, 3))
        session.close()
        session.close()
        with pytest.raises(InvalidRequest):
            session.feed(bytes(2))
    assert " ".join(translations(seen, "en")).split() == SpokenScript([(3, 0)]).words


async def test_a_session_that_its_client_has_ended_is_done_although_it_is_closed() -> None:
    session = open_session(await pipeline_of(CodedStt()))
    async with running(session) as seen:
        session.configure(UTTERANCES)
        session.feed(coded_words(0, 3))
        session.end()
        session.close()
    assert_whole(seen, SpokenScript([(3, 0)]))


TWO_UTTERANCES = SpokenScript([(4, 700), (3, 700)])


@pytest.fixture(scope="module")
async def in_one_piece() -> list[int]:
    """When ``TWO_UTTERANCES`` begin that come in one message."""
    session = open_session(await pipeline_of(CodedStt()))
    async with running(session) as seen:
        session.configure(UTTERANCES)
        session.feed(TWO_UTTERANCES.pcm)
        session.end()
    return [each.start_ms for each in finals(seen)]


@settings(max_examples=15)
@given(sizes=st.lists(st.integers(1, 5_000), min_size=1, max_size=8), channels=st.sampled_from([1, 2, 3]))
async def test_words_do_not_depend_on_how_the_bytes_are_divided(
    in_one_piece: list[int], sizes: list[int], channels: int
) -> None:
    script = TWO_UTTERANCES
    pcm = np.frombuffer(script.pcm, "<i2").repeat(channels).tobytes()
    session = open_session(await pipeline_of(CodedStt()))
    async with running(session) as seen:
        session.configure(
            ConversationSettings(source_language="pt", target_languages=("en",), channels=channels)
        )
        at, turn = 0, 0
        # Tiny sizes alone would take as many messages as there are bytes.
        sizes = [*sizes, 9_999]
        while at < len(pcm):
            session.feed(pcm[at : at + sizes[turn % len(sizes)]])
            at, turn = at + sizes[turn % len(sizes)], turn + 1
        session.end()
    assert_whole(seen, script)
    assert [each.start_ms for each in finals(seen)] == in_one_piece
