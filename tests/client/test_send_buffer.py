"""The send buffer keeps all audio and commands that are not acknowledged, and no others."""

import asyncio
from collections.abc import Iterator
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sokuji.client.send_buffer import MAX_JOINED_MS, SendBuffer
from sokuji.protocol import Command

MS = 4 * 8
"""Bytes of a millisecond of stereo at 8 kHz."""

OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(1, 300)),
        st.tuples(st.just("take"), st.integers(1, 5)),
        st.tuples(st.just("ack"), st.integers(0, 1_000)),
        st.tuples(st.sampled_from(["flush", "cancel", "lose"]), st.just(0)),
    ),
    max_size=60,
)


def all_of(buffer: SendBuffer) -> Iterator[bytes | Command]:
    """All messages that can be taken without waiting."""
    while True:
        taking = buffer.take().__await__()
        try:
            next(taking)
        except StopIteration as done:
            yield done.value
        else:
            taking.close()
            return


@given(OPERATIONS)
async def test_each_connection_sends_all_that_is_not_acknowledged(operations: list[tuple[str, int]]) -> None:
    buffer = SendBuffer(8_000, 2)
    added, sent, acked_ms = b"", 0, 0
    for kind, amount in [*operations, ("lose", 0), ("take", 1_000)]:
        if kind == "put":
            pcm = bytes(each % 251 for each in range(len(added), len(added) + amount * MS))
            buffer.put(pcm)
            added += pcm
        elif kind == "flush":
            buffer.put("flush")
        elif kind == "cancel":
            buffer.put("cancel")
        elif kind == "ack":
            acked_ms = max(acked_ms, min(amount, sent // MS))
            buffer.acknowledge(acked_ms)
        elif kind == "lose":
            buffer.rewind()
            sent = acked_ms * MS
        else:
            for _, content in zip(range(amount), all_of(buffer), strict=False):
                if isinstance(content, bytes):
                    assert content == added[sent : sent + len(content)]
                    sent += len(content)
        assert buffer.kept_bytes <= len(added) - acked_ms * MS + 300 * MS
    assert sent == len(added)
    assert buffer.position_ms * MS == len(added)


async def test_commands_keep_their_position_and_only_end_is_kept_after_its_ack() -> None:
    buffer = SendBuffer(8_000, 2)
    for content in (bytes(100 * MS), "flush", bytes(50 * MS), "cancel", "flush", "end"):
        buffer.put(content)
    assert [len(each) for each in all_of(buffer)] == [100 * MS, 5, 50 * MS, 6, 5, 3]
    buffer.acknowledge(120)
    buffer.rewind()
    assert list(all_of(buffer)) == [bytes(30 * MS), "flush", "end"]
    buffer.acknowledge(150)
    buffer.rewind()
    assert list(all_of(buffer)) == ["end"]


async def test_take_waits_for_a_message() -> None:
    buffer = SendBuffer(8_000, 2)
    taking = asyncio.create_task(buffer.take())
    await asyncio.sleep(0)
    assert not taking.done()
    buffer.put("flush")
    assert await taking == "flush"


@given(st.lists(st.integers(1, 2 * MAX_JOINED_MS), min_size=1))
async def test_late_audio_is_joined_up_to_a_limit_but_never_divided(added_ms: list[int]) -> None:
    buffer = SendBuffer(8_000, 2)
    for ms in added_ms:
        buffer.put(bytes(ms * MS))
    messages = [len(each) // MS for each in all_of(buffer)]
    assert sum(messages) == sum(added_ms)
    assert all(ms <= MAX_JOINED_MS or ms in added_ms for ms in messages)
    # Two that follow each other would have been too long for one.
    assert all(one + other > MAX_JOINED_MS for one, other in pairwise(messages))
