"""A mailbox is bounded: the voice goes first, by whole clauses; captions stay, or the reader is given up."""

import asyncio
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji import events
from sokuji.broadcast.mailbox import MAX_WAITING_EVENTS, Letter, Mailbox
from sokuji.errors import TooSlow
from tests.broadcast.events import caption, translation, voice

LIMIT = 20_000
SIZES = st.integers(1, 8).map(lambda size: 2_000 * size)
SEGMENTS = st.lists(st.lists(SIZES, min_size=1, max_size=6), max_size=30)
"""The sizes of the chunks of each segment's voice."""


def sent(segments: Iterable[list[int]]) -> Iterable[events.ListenerEvent]:
    for segment_id, sizes in enumerate(segments):
        yield caption(segment_id, final=False)
        yield caption(segment_id)
        yield translation(segment_id)
        for chunk, size in enumerate(sizes):
            yield voice(segment_id, chunk=chunk, size=size, last=chunk == len(sizes) - 1)


@given(SEGMENTS, st.sets(st.integers(0, 300)))
def test_what_waits_is_bounded_and_what_is_read_is_in_order_and_whole(
    segments: list[list[int]], reads: set[int]
) -> None:
    async def read() -> None:
        mailbox: Mailbox[events.ListenerEvent] = Mailbox(LIMIT)
        put = list(sent(segments))
        got: list[events.ListenerEvent] = []
        skipped_ms = 0
        for at, event in enumerate(put):
            mailbox.put(Letter(event, at))
            assert mailbox.waiting_bytes <= LIMIT
            # Voice of a clause that is skipped does not come: then nothing may wait.
            if at in reads and (mailbox.waiting_bytes or not isinstance(event, events.Audio)):
                got += [letter.event for letter in await mailbox.take()]
                skipped_ms += mailbox.take_skipped_ms()
        mailbox.close()
        while letters := await mailbox.take():
            got += [letter.event for letter in letters]
        skipped_ms += mailbox.take_skipped_ms()
        finals = [each for each in put if not isinstance(each, events.Audio) and not is_partial(each)]
        assert [each for each in got if not isinstance(each, events.Audio) and not is_partial(each)] == finals
        places = {id(each): at for at, each in enumerate(put)}
        order = [places[id(each)] for each in got]
        assert order == sorted(set(order))
        check_clauses([each for each in got if isinstance(each, events.Audio)], segments)
        heard = sum(len(each.pcm) for each in got if isinstance(each, events.Audio))
        lost = sum(map(sum, segments)) - heard
        assert abs(skipped_ms - lost / 48) <= len(reads) + 1

    asyncio.run(read())


def is_partial(event: events.ListenerEvent) -> bool:
    return isinstance(event, events.Transcription) and not event.is_final


def check_clauses(heard: list[events.Audio], segments: list[list[int]]) -> None:
    """Of each clause the beginning is heard, or nothing: never a part behind a gap."""
    for segment_id in range(len(segments)):
        chunks = [each.chunk for each in heard if each.segment_id == segment_id]
        assert chunks == list(range(len(chunks)))


async def test_a_reader_who_does_not_take_the_captions_is_given_up() -> None:
    mailbox: Mailbox[events.ListenerEvent] = Mailbox(LIMIT)
    for segment_id in range(MAX_WAITING_EVENTS):
        mailbox.put(Letter(caption(segment_id)))
    assert not mailbox.is_overrun
    mailbox.put(Letter(translation(0)))
    with pytest.raises(TooSlow):
        await asyncio.wait_for(mailbox.until_overrun(), 1)
    mailbox.put(Letter(caption(999)))
    assert len(await mailbox.take()) == MAX_WAITING_EVENTS + 1
