"""The queue of a session's input: in order, whether audio waits in memory or on disk, and bounded."""

import asyncio
import errno
import tempfile
from collections.abc import Callable
from functools import partial
from tempfile import TemporaryFile
from typing import BinaryIO
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.errors import Overloaded
from sokuji.session.conversation import Command, ConversationSettings
from sokuji.session.input_queue import (
    MAX_COMMANDS,
    MAX_MEMORY_BYTES,
    MAX_MEMORY_MESSAGES,
    MAX_SETTINGS,
    InputQueue,
)
from sokuji.session.spool import PIECE_BYTES, SpoolBudget

FLUSHED = b"\xff"
"""No message of audio has this number."""
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("audio"), st.sampled_from([2, 640, 2_560, 2**14, 2**19])),
        st.tuples(st.just("flush"), st.just(0)),
        st.tuples(st.just("get"), st.integers(1, 6)),
    ),
    max_size=60,
)


def new_queue(max_spooled_bytes: int, budget: SpoolBudget | None = None) -> InputQueue:
    return InputQueue(max_spooled_bytes, budget or SpoolBudget(2**40))


@given(STEPS)
async def test_messages_come_in_order_and_whole_wherever_they_waited(steps: list[tuple[str, int]]) -> None:
    budget = SpoolBudget(2**40)
    queue = new_queue(2**30, budget)
    sent, received = bytearray(), bytearray()

    async def get() -> None:
        message = await queue.get()
        received.extend(message if isinstance(message, bytes) else FLUSHED)

    for number, (kind, amount) in enumerate(steps):
        if kind == "audio":
            queue.put_audio(bytes([number]) * amount)
            sent.extend(bytes([number]) * amount)
        elif kind == "flush":
            queue.put(Command.FLUSH)
            sent.extend(FLUSHED)
        else:
            for _ in range(amount):
                if not queue.is_empty:
                    await get()
        assert budget.used_bytes == queue._spool.size
    while not queue.is_empty:
        await get()
    assert received == sent
    assert budget.used_bytes == 0
    queue.close()


async def test_memory_is_bounded_in_bytes_and_in_messages() -> None:
    queue = new_queue(2**30)
    for _ in range(3 * MAX_MEMORY_MESSAGES):
        queue.put_audio(bytes(2))
    pieces = 0
    while not queue.is_empty:
        message = await queue.get()
        assert isinstance(message, bytes)
        assert len(message) <= PIECE_BYTES
        pieces += 1
    assert pieces < MAX_MEMORY_MESSAGES + 10
    for _ in range(8):
        queue.put_audio(bytes(MAX_MEMORY_BYTES // 2))
    assert queue._memory_bytes <= MAX_MEMORY_BYTES
    assert queue._spool.size == 3 * MAX_MEMORY_BYTES
    queue.close()


async def test_a_full_queue_has_room_again_when_its_file_is_empty() -> None:
    queue = new_queue(2**20)
    for _ in range(4):
        queue.put_audio(bytes(MAX_MEMORY_BYTES))
    assert not queue.has_room
    waiting = asyncio.create_task(queue.until_room())
    for _ in range(4):
        await asyncio.sleep(0)
        assert not waiting.done()
        await queue.get()
    await waiting
    assert queue.has_room
    queue.close()


async def test_all_queues_together_have_a_limit_at_which_each_of_them_is_held_back() -> None:
    budget = SpoolBudget(3 * MAX_MEMORY_BYTES)
    first, second, third = (new_queue(2**30, budget) for _ in range(3))
    for _ in range(4):
        first.put_audio(bytes(MAX_MEMORY_BYTES))
    second.put_audio(bytes(MAX_MEMORY_BYTES))
    third.put_audio(bytes(MAX_MEMORY_BYTES))
    assert first.has_room
    second.put_audio(bytes(2))
    # The one who comes first has what is left; who has nothing on disk is not held back by the others.
    assert [each.has_room for each in (first, second, third)] == [True, False, True]
    first.put_audio(bytes(2))
    assert not first.has_room
    waiting = asyncio.create_task(second.until_room())
    assert len([await second.get() for _ in range(2)]) == 2
    await waiting
    assert budget.used_bytes == first._spool.size > budget.limit_bytes
    second.put_audio(bytes(MAX_MEMORY_BYTES))
    second.put_audio(bytes(2))
    assert not second.has_room
    first.close()
    assert budget.used_bytes == second._spool.size == 2
    second.close()
    assert budget.used_bytes == 0


async def test_a_closed_queue_drops_audio_and_holds_nobody_back() -> None:
    queue = new_queue(2**20)
    for _ in range(4):
        queue.put_audio(bytes(MAX_MEMORY_BYTES))
    waiting = asyncio.create_task(queue.until_room())
    await asyncio.sleep(0)
    queue.close()
    await waiting
    queue.put_audio(bytes(MAX_MEMORY_BYTES))


async def test_commands_are_bounded_but_for_those_of_the_service() -> None:
    queue = new_queue(2**20)
    for _ in range(MAX_COMMANDS):
        queue.put(Command.FLUSH)
    with pytest.raises(Overloaded):
        queue.put(Command.FLUSH)
    queue.force(Command.END)
    for _ in range(MAX_COMMANDS):
        assert await queue.get() is Command.FLUSH
    assert await queue.get() is Command.END


async def test_settings_have_a_lower_bound_of_their_own() -> None:
    queue, settings = new_queue(2**20), ConversationSettings(target_languages=("en",))
    for _ in range(MAX_SETTINGS):
        queue.put(settings)
    with pytest.raises(Overloaded, match="100 configs wait"):
        queue.put(settings)
    queue.put(Command.FLUSH)
    assert await queue.get() is settings
    queue.put(settings)
    with pytest.raises(Overloaded, match="100 configs wait"):
        queue.put(settings)


async def test_commands_behind_audio_on_disk_stay_behind_it() -> None:
    queue = new_queue(2**30)
    queue.put_audio(bytes(MAX_MEMORY_BYTES))
    queue.put_audio(b"\1\1")
    queue.put(Command.FLUSH)
    queue.put_audio(b"\2\2")
    queue.put_audio(b"\3\3")
    assert [await queue.get() for _ in range(4)][1:] == [b"\1\1", Command.FLUSH, b"\2\2\3\3"]
    queue.close()


async def test_commands_are_accepted_however_much_audio_waits() -> None:
    queue = new_queue(2**30)
    for _ in range(MAX_COMMANDS):
        queue.put_audio(bytes(PIECE_BYTES))
    queue.put(Command.END)
    assert len([await queue.get() for _ in range(MAX_COMMANDS)]) == MAX_COMMANDS
    assert await queue.get() is Command.END
    queue.close()


def takes_a_part(file: BinaryIO, pcm: bytes) -> int:
    return file.write(pcm[: len(pcm) // 2])


def takes_nothing(file: BinaryIO, pcm: bytes) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("write", [takes_a_part, takes_nothing])
async def test_audio_for_which_the_disk_has_no_room_is_refused_and_the_rest_is_whole(
    write: Callable[[BinaryIO, bytes], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = TemporaryFile(buffering=0)  # noqa: SIM115  The queue closes it.
    full = Mock(wraps=file)
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: full)
    queue = new_queue(2**30)
    queue.put_audio(bytes(MAX_MEMORY_BYTES))
    queue.put_audio(b"\1\1")
    full.write.side_effect = partial(write, file)
    with pytest.raises(Overloaded, match="room"):
        queue.put_audio(b"\2\2" * 50)
    full.write.side_effect = None
    queue.put_audio(b"\3\3")
    assert [await queue.get(), await queue.get()][1] == b"\1\1\3\3"
    queue.close()
    assert file.closed


async def test_audio_that_waits_is_taken_in_pieces_which_a_command_divides() -> None:
    queue, frame, count = new_queue(2**30), bytes(640), 100
    for _ in range(count):
        queue.put_audio(frame)
    queue.put(Command.FLUSH)
    queue.put_audio(frame)
    before = [await queue.get() for _ in range(-(-count * len(frame) // PIECE_BYTES))]
    assert await queue.get() is Command.FLUSH
    assert b"".join(each for each in before if isinstance(each, bytes)) == frame * count
    assert await queue.get() == frame
    assert queue.is_empty
