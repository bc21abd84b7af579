"""Jobs of several callers in front of one model: their order, their batches, what they wait for."""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sokuji.providers.batching import LOOKED_AT, TURN, Batcher
from tests.support.batch_jobs import (
    LONG_S,
    BatchLog,
    UpperStep,
    abandon,
    occupied,
    results_of,
    submit,
    upper_job,
    wait_until,
    worker_threads,
)


async def test_urgent_jobs_go_before_the_rest_and_equals_in_their_order(
    batcher: Batcher, board: BatchLog
) -> None:
    batcher.batch_size = 1
    async with occupied(batcher, board):
        runs = [
            submit(batcher, UpperStep(board, f"{text}1"), UpperStep(board, f"{text}2"), urgent=text.isupper())
            for text in "aBcD"
        ]
    assert [first for first, _ in await results_of(*runs)] == ["A1", "B1", "C1", "D1"]
    order = [text for (text,) in board.batches]
    assert order == ["B1", "B2", "D1", "D2", "a1", "a2", "c1", "c2"]


async def test_an_urgent_job_overtakes_one_that_has_begun(batcher: Batcher, board: BatchLog) -> None:
    gate = threading.Event()
    slow = submit(batcher, UpperStep(board, "a1", gate=gate), UpperStep(board, "a2"), urgent=False)
    await wait_until(lambda: board.batches == [["a1"]])
    fast = submit(batcher, UpperStep(board, "b"))
    await asyncio.sleep(0)
    gate.set()
    assert await results_of(slow, fast) == [["A1", "A2"], ["B"]]
    assert board.batches == [["a1"], ["b"], ["a2"]]


async def test_a_long_job_and_many_jobs_of_one_caller_give_way_to_others(
    batcher: Batcher, board: BatchLog
) -> None:
    batcher.batch_size = 1
    async with occupied(batcher, board):
        long = submit(batcher, *(UpperStep(board, "l") for _ in range(100)), caller="long")
        many = [submit(batcher, UpperStep(board, "m"), caller="many") for _ in range(100)]
        await asyncio.sleep(0)
        one = submit(batcher, UpperStep(board, "o"), caller="one")
    await results_of(long, *many, one)
    order = "".join(text for (text,) in board.batches)
    assert order.index("o") <= 2 * TURN
    assert order[: 12 * TURN].count("l") == 6 * TURN


@pytest.mark.parametrize("live", [True, False])
async def test_a_worker_is_kept_free_for_live_speech_while_there_is_any(
    batcher: Batcher, board: BatchLog, live: bool
) -> None:
    batcher.resize(3)
    if live:
        await results_of(submit(batcher, UpperStep(board, "live")))
        board.batches.clear()
    gate = threading.Event()
    files = [submit(batcher, UpperStep(board, "f", f"{n}", gate=gate), urgent=False) for n in range(4)]
    await wait_until(lambda: len(board.batches) == (2 if live else 3))
    if live:
        # The third worker has looked at the files' jobs in between.
        assert await results_of(submit(batcher)) == [[]]
        assert len(board.batches) == 2
        assert await results_of(submit(batcher, UpperStep(board, "live"))) == [["LIVE"]]
    gate.set()
    assert await results_of(*files) == [["F"]] * 4


async def test_jobs_whose_callers_have_gone_are_dropped_however_many_there_are(
    batcher: Batcher, board: BatchLog
) -> None:
    async with occupied(batcher, board):
        gone = [submit(batcher, UpperStep(board, "gone"), caller="gone") for _ in range(3 * LOOKED_AT)]
        await asyncio.sleep(0)
        staying = submit(batcher, UpperStep(board, "staying"))
        for each in gone:
            await abandon(each)
    assert await results_of(staying) == [["STAYING"]]
    assert board.batches == [["staying"]]


async def test_only_steps_of_one_bucket_one_kind_and_one_urgency_go_together(
    batcher: Batcher, board: BatchLog
) -> None:
    class Other(UpperStep):
        pass

    async with occupied(batcher, board):
        runs = [
            submit(batcher, UpperStep(board, "a")),
            submit(batcher, UpperStep(board, "b", batch_key="b")),
            submit(batcher, UpperStep(board, "c")),
            submit(batcher, Other(board, "d")),
            submit(batcher, UpperStep(board, "e"), urgent=False),
        ]
    assert await results_of(*runs) == [["A"], ["B"], ["C"], ["D"], ["E"]]
    assert board.batches == [["a", "c"], ["b"], ["d"], ["e"]]


async def test_a_batch_is_no_larger_than_the_setting_and_its_steps_allow(
    batcher: Batcher, board: BatchLog
) -> None:
    async def sizes(limit: int) -> list[int]:
        async with occupied(batcher, board):
            runs = [submit(batcher, UpperStep(board, text, max_batch_size=limit)) for text in "abcdef"]
        assert await results_of(*runs) == [[text] for text in "ABCDEF"]
        return [len(batch) for batch in board.batches]

    assert await sizes(64) == [4, 2]
    assert await sizes(3) == [3, 3]
    assert await sizes(0) == [1] * 6
    batcher.batch_size = 1
    assert await sizes(64) == [1] * 6
    batcher.batch_size = 64
    assert await sizes(64) == [6]


async def test_jobs_that_come_to_the_same_step_later_are_put_together(
    batcher: Batcher, board: BatchLog
) -> None:
    gate = threading.Event()
    steps = UpperStep(board, "a1", "a", gate=gate), UpperStep(board, "a2", "z"), UpperStep(board, "a3", "z")
    early = submit(batcher, *steps)
    await wait_until(lambda: bool(board.batches))
    late = submit(batcher, UpperStep(board, "b1", "z"), UpperStep(board, "b2", "b"))
    await asyncio.sleep(0)
    gate.set()
    assert await results_of(early, late) == [["A1", "A2", "A3"], ["B1", "B2"]]
    assert board.batches == [["a1"], ["a2", "b1"], ["a3"], ["b2"]]


async def test_workers_come_and_go_while_jobs_run(board: BatchLog) -> None:
    name = "changing"
    batcher = Batcher(name, workers=1)
    gates = [threading.Event() for _ in range(3)]
    runs = [submit(batcher, UpperStep(board, str(number), gate=gate)) for number, gate in enumerate(gates)]
    await wait_until(lambda: len(board.batches) == 1)
    batcher.resize(2)
    await wait_until(lambda: len(board.batches) == 2)
    batcher.resize(3)
    await wait_until(lambda: len(board.batches) == 3)
    batcher.resize(1)
    gates[2].set()
    assert await results_of(runs[2]) == [["2"]]
    await wait_until(lambda: worker_threads(name) == ["changing-0", "changing-1"])
    # The one that is too many still works, and is kept where it is wanted again.
    batcher.resize(2)
    gates[1].set()
    assert await results_of(runs[1], submit(batcher, UpperStep(board, "more"))) == [["1"], ["MORE"]]
    assert worker_threads(name) == ["changing-0", "changing-1"]
    gates[0].set()
    await results_of(runs[0])
    batcher.shutdown()
    await wait_until(lambda: worker_threads(name) == [])


async def test_a_first_step_waits_for_mates_until_its_batch_is_full(
    batcher: Batcher, board: BatchLog
) -> None:
    batcher.batch_size, batcher.wait_s = 3, LONG_S
    runs = [submit(batcher, UpperStep(board, text)) for text in "ab"]
    for _ in range(3):
        # The worker has looked at the others in between.
        assert await results_of(submit(batcher)) == [[]]
    assert board.batches == []
    assert await results_of(*runs, submit(batcher, UpperStep(board, "c"))) == [["A"], ["B"], ["C"]]
    assert board.batches == [["a", "b", "c"]]


async def test_nobody_waits_for_mates_longer_than_that(batcher: Batcher, board: BatchLog) -> None:
    batcher.wait_s = 0.02
    assert await results_of(submit(batcher, UpperStep(board, "a"))) == [["A"]]
    batcher.wait_s = LONG_S
    waiting = submit(batcher, UpperStep(board, "b"))
    assert await results_of(submit(batcher)) == [[]]
    batcher.wait_s = 0
    batcher.resize(1)
    assert await results_of(waiting) == [["B"]]


async def test_who_waits_for_mates_holds_up_nobody_else(batcher: Batcher, board: BatchLog) -> None:
    batcher.batch_size, batcher.wait_s = 2, LONG_S
    waiting = submit(batcher, UpperStep(board, "a"))
    others = [submit(batcher, UpperStep(board, text, "b")) for text in "bc"]
    assert await results_of(*others, submit(batcher, UpperStep(board, "d", "d", max_batch_size=1))) == [
        ["B"],
        ["C"],
        ["D"],
    ]
    assert board.batches == [["b", "c"], ["d"]]
    assert await results_of(waiting, submit(batcher, UpperStep(board, "e"))) == [["A"], ["E"]]


async def test_later_steps_wait_for_nobody(batcher: Batcher, board: BatchLog) -> None:
    batcher.batch_size, batcher.wait_s = 2, LONG_S
    runs = [
        submit(batcher, UpperStep(board, "a1"), UpperStep(board, "a2", "z")),
        submit(batcher, UpperStep(board, "b1"), UpperStep(board, "b2", "b"), UpperStep(board, "b3", "z")),
    ]
    assert await results_of(*runs) == [["A1", "A2"], ["B1", "B2", "B3"]]
    assert board.batches == [["a1", "b1"], ["a2"], ["b2"], ["b3"]]


async def test_a_spare_step_is_left_out_only_while_somebody_urgent_waits(
    batcher: Batcher, board: BatchLog
) -> None:
    optional = [UpperStep(board, text, optional=True) for text in "ab"]
    assert await results_of(submit(batcher, *optional), submit(batcher, urgent=False)) == [["A", "B"], []]
    board.batches.clear()
    batcher.batch_size = 1
    async with occupied(batcher, board):
        runs = [submit(batcher, UpperStep(board, "c"), *optional)]
        runs += [submit(batcher, UpperStep(board, text)) for text in "de"]
    assert await results_of(*runs) == [["C", None, None], ["D"], ["E"]]
    assert board.batches == [["c"], ["d"], ["e"]]


@pytest.mark.parametrize(("urgent", "result"), [(True, None), (False, "B")])
async def test_a_spare_step_is_left_out_while_another_worker_does_something_urgent(
    batcher: Batcher, board: BatchLog, urgent: bool, result: str | None
) -> None:
    batcher.resize(2)
    gate = threading.Event()
    other = submit(batcher, UpperStep(board, "a", gate=gate), urgent=urgent)
    await wait_until(lambda: bool(board.batches))
    assert await results_of(submit(batcher, UpperStep(board, "b", optional=True))) == [[result]]
    gate.set()
    await results_of(other)


async def test_a_step_that_is_left_out_takes_no_other_with_it(batcher: Batcher, board: BatchLog) -> None:
    async with occupied(batcher, board):
        runs = [
            submit(batcher, UpperStep(board, "a", optional=True)),
            submit(batcher, UpperStep(board, "b")),
            submit(batcher, UpperStep(board, "c", "other")),
        ]
    assert await results_of(*runs) == [[None], ["B"], ["C"]]


async def test_an_answer_tells_what_it_took(batcher: Batcher, board: BatchLog) -> None:
    gate = threading.Event()
    async with occupied(batcher, board):
        first = submit(batcher, UpperStep(board, "a1"), UpperStep(board, "a2", "b"))
        second = submit(batcher, UpperStep(board, "b1"), UpperStep(board, "b2", "c", gate=gate))
        await asyncio.sleep(0)
        queued_s = await some_time()
    await wait_until(lambda: ["b2"] in board.batches)
    busy_s = await some_time()
    gate.set()
    one, other = (answer.effort for answer in await asyncio.gather(first, second))
    assert one.batch_size == other.batch_size == 2
    assert min(one.queued_s, other.queued_s) >= queued_s
    assert 0 < one.busy_s < other.busy_s
    assert other.busy_s >= busy_s


async def some_time() -> float:
    """Seconds that have gone by, measured."""
    began = time.monotonic()
    await asyncio.sleep(0.01)
    return time.monotonic() - began


async def test_a_job_without_steps_takes_nothing(batcher: Batcher) -> None:
    effort = (await batcher.run(upper_job())).effort
    assert (effort.queued_s, effort.busy_s, effort.batch_size) == (0, 0, 1)


Plan = tuple[tuple[int, ...], bool]
"""Buckets of a job's steps, and its urgency; a step of a negative batch_key fails."""
plans = st.lists(st.tuples(st.lists(st.integers(-1, 3), max_size=4).map(tuple), st.booleans()), max_size=8)


@given(plans=plans, workers=st.integers(1, 3), size=st.integers(1, 5), wait_s=st.sampled_from([0.0, 0.002]))
@settings(max_examples=30, deadline=None)
def test_every_job_gets_its_own_answer(plans: list[Plan], workers: int, size: int, wait_s: float) -> None:
    board = BatchLog()

    def steps(number: int, buckets: Sequence[int]) -> Iterator[UpperStep]:
        for place, batch_key in enumerate(buckets):
            yield UpperStep(board, f"{number}.{place}{'bad' * (batch_key < 0)}", batch_key)

    async def all_answers() -> list[Any]:
        batcher = Batcher("random", workers=workers, batch_size=size, wait_s=wait_s)
        try:
            async with asyncio.timeout(10):
                return await asyncio.gather(
                    *(
                        submit(batcher, *steps(number, buckets), urgent=urgent, caller=str(number % 3))
                        for number, (buckets, urgent) in enumerate(plans)
                    ),
                    return_exceptions=True,
                )
        finally:
            batcher.shutdown()

    for number, (answer, (buckets, _)) in enumerate(zip(asyncio.run(all_answers()), plans, strict=True)):
        if any(batch_key < 0 for batch_key in buckets):
            assert isinstance(answer, ZeroDivisionError)
        else:
            assert answer.value == [f"{number}.{place}" for place in range(len(buckets))]
            assert 1 <= answer.effort.batch_size <= size
    assert all(len(batch) <= size for batch in board.batches)
