"""What a client keeps of what it says: all that is not acknowledged, and no more."""

import asyncio
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from sokuji.client.send_buffer import SendBuffer
from sokuji.protocol import Command

MS = 4 * 8
"""Bytes of a millisecond of stereo at 8 kHz."""

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.integers(1, 300)),
        st.tuples(st.just("take"), st.integers(1, 5)),
        st.tuples(st.just("ack"), st.integers(0, 1_000)),
        st.tuples(st.sampled_from(["flush", "cancel", "lose"]), st.just(0)),
    ),
    max_size=60,
)


def all_of(outbox: SendBuffer) -> Iterator[bytes | Command]:
    """What can be taken without waiting."""
    while True:
        step = outbox.take().__await__()
        try:
            next(step)
        except StopIteration as done:
            yield done.value
        else:
            step.close()
            return


@given(STEPS)
async def test_each_connection_gets_all_that_is_not_acknowledged(steps: list[tuple[str, int]]) -> None:
    outbox = SendBuffer(8_000, 2)
    said, sent, acked_ms = b"", 0, 0
    for kind, amount in [*steps, ("lose", 0), ("take", 1_000)]:
        if kind == "say":
            pcm = bytes(each % 251 for each in range(len(said), len(said) + amount * MS))
            outbox.put(pcm)
            said += pcm
        elif kind == "flush":
            outbox.put("flush")
        elif kind == "cancel":
            outbox.put("cancel")
        elif kind == "ack":
            acked_ms = max(acked_ms, min(amount, sent // MS))
            outbox.acknowledge(acked_ms)
        elif kind == "lose":
            outbox.rewind()
            sent = acked_ms * MS
        else:
            for _, content in zip(range(amount), all_of(outbox), strict=False):
                if isinstance(content, bytes):
                    assert content == said[sent : sent + len(content)]
                    sent += len(content)
        assert outbox.kept_bytes <= len(said) - acked_ms * MS + 300 * MS
    assert sent == len(said)
    assert outbox.position_ms * MS == len(said)


async def test_commands_keep_their_place_and_only_the_end_outlives_its_ack() -> None:
    outbox = SendBuffer(8_000, 2)
    for content in (bytes(100 * MS), "flush", bytes(50 * MS), "cancel", "flush", "end"):
        outbox.put(content)
    assert [len(each) for each in all_of(outbox)] == [100 * MS, 5, 50 * MS, 6, 5, 3]
    outbox.acknowledge(120)
    outbox.rewind()
    assert list(all_of(outbox)) == [bytes(30 * MS), "flush", "end"]
    outbox.acknowledge(150)
    outbox.rewind()
    assert list(all_of(outbox)) == ["end"]


async def test_who_takes_waits_for_something_to_send() -> None:
    outbox = SendBuffer(8_000, 2)
    taking = asyncio.create_task(outbox.take())
    await asyncio.sleep(0)
    assert not taking.done()
    outbox.put("flush")
    assert await taking == "flush"
