"""Whose request is served next, when several callers have some waiting."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from sokuji.providers.caller_queue import CallerQueue

TURN = 3


@dataclass(eq=False)
class Item:
    caller: str
    number: int
    urgent: bool = True
    due: float = 0.0


def queue_of(*items: Item) -> CallerQueue[Item]:
    queue: CallerQueue[Item] = CallerQueue(TURN)
    for item in items:
        queue.add(item)
    return queue


def names(items: Sequence[Item]) -> str:
    return "".join(item.caller for item in items)


def served(queue: CallerQueue[Item], most: int = 10_000) -> str:
    """The callers in the order in which they are served, one at a time."""
    order: list[Item] = []
    while (following := queue.first(1)) and len(order) < most:
        queue.take(following[0])
        order.append(following[0])
        queue.done(following[0])
    return names(order)


def test_callers_that_ask_once_are_served_in_order_of_arrival() -> None:
    assert served(queue_of(*(Item(caller, number) for number, caller in enumerate("cab")))) == "cab"


def test_urgent_requests_go_before_all_others_whosever_they_are() -> None:
    queue = queue_of(Item("a", 0, urgent=False), Item("b", 1), Item("a", 2))
    assert names(queue.first(9)) == "ba"
    assert served(queue) == "baa"


def test_a_caller_with_many_requests_gives_way_after_a_turn() -> None:
    many = [Item("m", number) for number in range(3 * TURN)]
    queue = queue_of(*many, Item("o", 3 * TURN))
    assert served(queue) == "m" * TURN + "o" + 2 * TURN * "m"


def test_one_request_of_many_computations_gives_way_after_a_turn() -> None:
    queue = queue_of(long := Item("l", 0), short := Item("s", 1))
    order = ""
    for _ in range(TURN + 1):
        (item,) = queue.first(1)
        queue.take(item)
        order += item.caller
        if item is long:
            queue.add(long)
        queue.done(item)
    assert order == "l" * TURN + "s"
    assert short not in queue.first(9)


def test_a_batch_has_the_first_request_of_each_caller_before_the_second_of_any() -> None:
    queue = queue_of(*(Item("m", number) for number in range(5)), Item("a", 5), Item("b", 6))
    assert names(queue.first(4)) == "mabm"


def test_what_a_caller_has_in_service_counts() -> None:
    queue = queue_of(*(Item("m", number) for number in range(5)), Item("a", 5))
    queue.take(queue.first(1)[0])
    assert names(queue.first(2)) == "am"


def test_what_is_due_first_goes_first_whosever_it_is() -> None:
    queue = queue_of(Item("a", 0, due=3.0), Item("a", 1, due=1.0), Item("b", 2, due=2.0))
    assert served(queue) == "aba"


def test_an_item_that_is_dropped_twice_or_in_service_does_no_harm() -> None:
    queue = queue_of(first := Item("a", 0), Item("a", 1))
    queue.drop(first)
    queue.drop(first)
    assert served(queue) == "a"
    assert not queue.waits


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), max_size=60))
def test_all_are_served_once_and_no_caller_waits_for_more_than_a_turn_of_each_other(
    plan: list[tuple[str, bool]],
) -> None:
    items = [Item(caller, number, urgent) for number, (caller, urgent) in enumerate(plan)]
    for urgent in (True, False):
        level = [item for item in items if item.urgent == urgent]
        order = served(queue_of(*level))
        assert sorted(order) == sorted(names(level))
        for caller in set(order):
            places = [-1, *(place for place, name in enumerate(order) if name == caller)]
            others = len(set(order)) - 1
            assert all(after - before - 1 <= TURN * others for before, after in itertools.pairwise(places))
