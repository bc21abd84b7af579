"""The Batcher: in which order jobs run, which of them form batches, and how long they wait."""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sokuji.providers.batching import Batcher
from tests.support.jobs import LONG_S, Board, Shout, alive, answers, asked, occupied, shouts, until


async def test_urgent_jobs_go_before_the_rest_and_equals_in_their_order(
    batcher: Batcher, board: Board
) -> None:
    batcher.batch_size = 1
    async with occupied(batcher, board):
        runs = [
            asked(batcher, Shout(board, f"{text}1"), Shout(board, f"{text}2"), urgent=text.isupper())
            for text in "aBcD"
        ]
    assert [first for first, _ in await answers(*runs)] == ["A1", "B1", "C1", "D1"]
    order = [text for (text,) in board.batches]
    assert order == ["B1", "B2", "D1", "D2", "a1", "a2", "c1", "c2"]


async def test_an_urgent_job_overtakes_one_that_has_begun(batcher: Batcher, board: Board) -> None:
    gate = threading.Event()
    slow = asked(batcher, Shout(board, "a1", gate=gate), Shout(board, "a2"), urgent=False)
    await until(lambda: board.batches == [["a1"]])
    fast = asked(batcher, Shout(board, "b"))
    await asyncio.sleep(0)
    gate.set()
    assert await answers(slow, fast) == [["A1", "A2"], ["B"]]
    assert board.batches == [["a1"], ["b"], ["a2"]]


async def test_only_computations_of_one_key_one_class_and_one_urgency_form_a_batch(
    batcher: Batcher, board: Board
) -> None:
    class Other(Shout):
        pass

    async with occupied(batcher, board):
        runs = [
            asked(batcher, Shout(board, "a")),
            asked(batcher, Shout(board, "b", batch_key="b")),
            asked(batcher, Shout(board, "c")),
            asked(batcher, Other(board, "d")),
            asked(batcher, Shout(board, "e"), urgent=False),
        ]
    assert await answers(*runs) == [["A"], ["B"], ["C"], ["D"], ["E"]]
    assert board.batches == [["a", "c"], ["b"], ["d"], ["e"]]


async def test_a_batch_is_no_larger_than_the_setting_and_its_computations_allow(
    batcher: Batcher, board: Board
) -> None:
    async def sizes(limit: int) -> list[int]:
        async with occupied(batcher, board):
            runs = [asked(batcher, Shout(board, text, max_batch_size=limit)) for text in "abcdef"]
        assert await answers(*runs) == [[text] for text in "ABCDEF"]
        return [len(batch) for batch in board.batches]

    assert await sizes(64) == [4, 2]
    assert await sizes(3) == [3, 3]
    assert await sizes(0) == [1] * 6
    batcher.batch_size = 1
    assert await sizes(64) == [1] * 6
    batcher.batch_size = 64
    assert await sizes(64) == [6]


async def test_jobs_that_reach_the_same_computation_later_form_a_batch(
    batcher: Batcher, board: Board
) -> None:
    gate = threading.Event()
    steps = Shout(board, "a1", "a", gate=gate), Shout(board, "a2", "z"), Shout(board, "a3", "z")
    early = asked(batcher, *steps)
    await until(lambda: bool(board.batches))
    late = asked(batcher, Shout(board, "b1", "z"), Shout(board, "b2", "b"))
    await asyncio.sleep(0)
    gate.set()
    assert await answers(early, late) == [["A1", "A2", "A3"], ["B1", "B2"]]
    assert board.batches == [["a1"], ["a2", "b1"], ["a3"], ["b2"]]


async def test_the_number_of_workers_can_change_while_jobs_run(board: Board) -> None:
    name = "changing"
    batcher = Batcher(name, workers=1)
    gates = [threading.Event() for _ in range(3)]
    runs = [asked(batcher, Shout(board, str(number), gate=gate)) for number, gate in enumerate(gates)]
    await until(lambda: len(board.batches) == 1)
    batcher.resize(2)
    await until(lambda: len(board.batches) == 2)
    batcher.resize(3)
    await until(lambda: len(board.batches) == 3)
    batcher.resize(1)
    gates[2].set()
    assert await answers(runs[2]) == [["2"]]
    await until(lambda: alive(name) == ["changing-0", "changing-1"])
    # The surplus worker is still busy, and is kept when it is needed again.
    batcher.resize(2)
    gates[1].set()
    assert await answers(runs[1], asked(batcher, Shout(board, "more"))) == [["1"], ["MORE"]]
    assert alive(name) == ["changing-0", "changing-1"]
    gates[0].set()
    await answers(runs[0])
    batcher.shutdown()
    await until(lambda: alive(name) == [])


async def test_a_first_computation_waits_for_others_until_its_batch_is_full(
    batcher: Batcher, board: Board
) -> None:
    batcher.batch_size, batcher.wait_s = 3, LONG_S
    runs = [asked(batcher, Shout(board, text)) for text in "ab"]
    for _ in range(3):
        # The worker has checked the waiting jobs in between.
        assert await answers(asked(batcher)) == [[]]
    assert board.batches == []
    assert await answers(*runs, asked(batcher, Shout(board, "c"))) == [["A"], ["B"], ["C"]]
    assert board.batches == [["a", "b", "c"]]


async def test_a_first_computation_waits_no_longer_than_wait_s(batcher: Batcher, board: Board) -> None:
    batcher.wait_s = 0.02
    assert await answers(asked(batcher, Shout(board, "a"))) == [["A"]]
    batcher.wait_s = LONG_S
    waiting = asked(batcher, Shout(board, "b"))
    assert await answers(asked(batcher)) == [[]]
    batcher.wait_s = 0
    batcher.resize(1)
    assert await answers(waiting) == [["B"]]


async def test_a_waiting_batch_does_not_delay_other_batches(batcher: Batcher, board: Board) -> None:
    batcher.batch_size, batcher.wait_s = 2, LONG_S
    waiting = asked(batcher, Shout(board, "a"))
    others = [asked(batcher, Shout(board, text, "b")) for text in "bc"]
    assert await answers(*others, asked(batcher, Shout(board, "d", "d", max_batch_size=1))) == [
        ["B"],
        ["C"],
        ["D"],
    ]
    assert board.batches == [["b", "c"], ["d"]]
    assert await answers(waiting, asked(batcher, Shout(board, "e"))) == [["A"], ["E"]]


async def test_later_computations_of_a_job_do_not_wait_for_others(batcher: Batcher, board: Board) -> None:
    batcher.batch_size, batcher.wait_s = 2, LONG_S
    runs = [
        asked(batcher, Shout(board, "a1"), Shout(board, "a2", "z")),
        asked(batcher, Shout(board, "b1"), Shout(board, "b2", "b"), Shout(board, "b3", "z")),
    ]
    assert await answers(*runs) == [["A1", "A2"], ["B1", "B2", "B3"]]
    assert board.batches == [["a1", "b1"], ["a2"], ["b2"], ["b3"]]


async def test_an_optional_computation_is_skipped_only_while_an_urgent_job_waits(
    batcher: Batcher, board: Board
) -> None:
    spare = [Shout(board, text, optional=True) for text in "ab"]
    assert await answers(asked(batcher, *spare), asked(batcher, urgent=False)) == [["A", "B"], []]
    board.batches.clear()
    batcher.batch_size = 1
    async with occupied(batcher, board):
        runs = [asked(batcher, Shout(board, "c"), *spare)]
        runs += [asked(batcher, Shout(board, text)) for text in "de"]
    assert await answers(*runs) == [["C", None, None], ["D"], ["E"]]
    assert board.batches == [["c"], ["d"], ["e"]]


@pytest.mark.parametrize(("urgent", "result"), [(True, None), (False, "B")])
async def test_an_optional_computation_is_skipped_while_another_worker_runs_an_urgent_job(
    batcher: Batcher, board: Board, urgent: bool, result: str | None
) -> None:
    batcher.resize(2)
    gate = threading.Event()
    other = asked(batcher, Shout(board, "a", gate=gate), urgent=urgent)
    await until(lambda: bool(board.batches))
    assert await answers(asked(batcher, Shout(board, "b", optional=True))) == [[result]]
    gate.set()
    await answers(other)


async def test_a_skipped_computation_does_not_skip_others(batcher: Batcher, board: Board) -> None:
    async with occupied(batcher, board):
        runs = [
            asked(batcher, Shout(board, "a", optional=True)),
            asked(batcher, Shout(board, "b")),
            asked(batcher, Shout(board, "c", "other")),
        ]
    assert await answers(*runs) == [[None], ["B"], ["C"]]


async def test_a_result_reports_its_queue_time_computing_time_and_batch_size(
    batcher: Batcher, board: Board
) -> None:
    gate = threading.Event()
    async with occupied(batcher, board):
        first = asked(batcher, Shout(board, "a1"), Shout(board, "a2", "b"))
        second = asked(batcher, Shout(board, "b1"), Shout(board, "b2", "c", gate=gate))
        await asyncio.sleep(0)
        queued_s = await some_time()
    await until(lambda: ["b2"] in board.batches)
    busy_s = await some_time()
    gate.set()
    one, other = (answer.effort for answer in await asyncio.gather(first, second))
    assert one.batch_size == other.batch_size == 2
    assert min(one.queued_s, other.queued_s) >= queued_s
    assert 0 < one.busy_s < other.busy_s
    assert other.busy_s >= busy_s


async def some_time() -> float:
    """Sleep a little, and return the seconds that it took."""
    began = time.monotonic()
    await asyncio.sleep(0.01)
    return time.monotonic() - began


async def test_a_job_without_computations_reports_no_effort(batcher: Batcher) -> None:
    effort = (await batcher.run(shouts())).effort
    assert (effort.queued_s, effort.busy_s, effort.batch_size) == (0, 0, 1)


Plan = tuple[tuple[int, ...], bool]
"""Batch keys of a job's computations, and its urgency; a computation with a negative key fails."""
plans = st.lists(st.tuples(st.lists(st.integers(-1, 3), max_size=4).map(tuple), st.booleans()), max_size=8)


@given(plans=plans, workers=st.integers(1, 3), size=st.integers(1, 5), wait_s=st.sampled_from([0.0, 0.002]))
@settings(max_examples=30, deadline=None)
def test_every_job_gets_its_own_result(plans: list[Plan], workers: int, size: int, wait_s: float) -> None:
    board = Board()

    def steps(number: int, buckets: Sequence[int]) -> Iterator[Shout]:
        for place, bucket in enumerate(buckets):
            yield Shout(board, f"{number}.{place}{'bad' * (bucket < 0)}", bucket)

    async def all_answers() -> list[Any]:
        batcher = Batcher("random", workers=workers, batch_size=size, wait_s=wait_s)
        try:
            async with asyncio.timeout(10):
                return await asyncio.gather(
                    *(
                        batcher.run(shouts(*steps(number, buckets)), urgent=urgent)
                        for number, (buckets, urgent) in enumerate(plans)
                    ),
                    return_exceptions=True,
                )
        finally:
            batcher.shutdown()

    for number, (answer, (buckets, _)) in enumerate(zip(asyncio.run(all_answers()), plans, strict=True)):
        if any(bucket < 0 for bucket in buckets):
            assert isinstance(answer, ZeroDivisionError)
        else:
            assert answer.value == [f"{number}.{place}" for place in range(len(buckets))]
            assert 1 <= answer.effort.batch_size <= size
    assert all(len(batch) <= size for batch in board.batches)
