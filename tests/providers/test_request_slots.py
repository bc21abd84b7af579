"""Slots for requests: their limit, their order, and the one that is kept for live speech."""

import asyncio
from collections.abc import Sequence

from sokuji.contract import StageRequest
from sokuji.providers.request_slots import RequestSlots, Slot

LIVE = StageRequest(caller="live")
FILES = [StageRequest(caller=name, deferrable=True) for name in "abc"]


async def acquired(slots: RequestSlots, *requests: StageRequest) -> list[asyncio.Task[Slot]]:
    tasks = [asyncio.create_task(slots.acquire(request)) for request in requests]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


def done(tasks: Sequence[asyncio.Task[Slot]]) -> list[bool]:
    return [task.done() for task in tasks]


async def test_there_is_a_slot_for_live_speech_however_many_files_there_are() -> None:
    slots = RequestSlots(4)
    files = await acquired(slots, *2 * FILES)
    assert sum(done(files)) == 3
    live = await acquired(slots, LIVE, LIVE)
    assert done(live) == [True, False]
    slots.release(files[0].result())
    await asyncio.sleep(0)
    assert all(done(live))
    assert sum(done(files)) == 3


async def test_a_single_slot_is_for_all_and_live_speech_gets_it_first() -> None:
    slots = RequestSlots(1)
    (file,) = await acquired(slots, FILES[0])
    waiting = await acquired(slots, FILES[1], LIVE)
    slots.release(file.result())
    await asyncio.sleep(0)
    assert done(waiting) == [False, True]


async def test_callers_take_turns() -> None:
    slots = RequestSlots(1)
    many = await acquired(slots, *[FILES[0]] * 20)
    (other,) = await acquired(slots, FILES[1])
    slots.release(await many[0])
    await asyncio.sleep(0)
    assert other.done()
    assert sum(done(many)) == 1


async def test_one_that_goes_while_it_waits_or_when_it_is_given_a_slot_takes_none() -> None:
    slots = RequestSlots(1)
    (first,) = await acquired(slots, LIVE)
    gone, going, staying = await acquired(slots, LIVE, LIVE, LIVE)
    gone.cancel()
    slots.release(first.result())
    going.cancel()  # after it has been given the slot, before it has noticed
    await asyncio.gather(gone, going, return_exceptions=True)
    await asyncio.sleep(0)
    assert staying.done()


async def test_a_new_limit_and_its_end_take_effect_at_once() -> None:
    slots = RequestSlots(1)
    waiting = await acquired(slots, *6 * [LIVE], *FILES)
    slots.resize(3)
    await asyncio.sleep(0)
    assert sum(done(waiting)) == 3
    slots.lift_limit()
    await asyncio.sleep(0)
    assert all(done(waiting))
