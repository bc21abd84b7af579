"""The order in which replicas are asked for their load; ``tests/service/small_stage.py`` has Serve ask."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.routing import LeastLoadedRouter, NearTwoChoicesRouter


@dataclass(frozen=True)
class Replica:
    """What the order depends on."""

    replica_id: str
    node_id: str
    availability_zone: str | None = None

    @property
    def is_near(self) -> bool:
        return self.node_id == "here"


def replicas_of(near: Sequence[bool]) -> list[Replica]:
    return [Replica(str(number), "here" if each else "there") for number, each in enumerate(near)]


REPLICAS = st.lists(st.booleans(), max_size=6).map(replicas_of)


def orders(router: type[LeastLoadedRouter], replicas: list[Any], calls: int = 1) -> list[list[Replica]]:
    """The replicas that are asked for each of some calls from the node "here"."""
    made = object.__new__(router)
    made._self_node_id, made._self_availability_zone = "here", None
    made._update_colocated_replica_ids_with_replicas(replicas)

    async def ask() -> list[list[list[Any]]]:
        return [await made.choose_replicas(replicas) for _ in range(calls)]

    found = asyncio.run(ask())
    assert all(len(ranks) == bool(replicas) for ranks in found)
    return [[each for rank in ranks for each in rank] for ranks in found]


@given(REPLICAS)
def test_least_loaded_asks_all_and_the_near_ones_first(replicas: list[Replica]) -> None:
    (asked,) = orders(LeastLoadedRouter, replicas)
    assert set(asked) == set(replicas)
    assert [each.is_near for each in asked] == sorted((each.is_near for each in replicas), reverse=True)


@given(REPLICAS)
def test_power_of_two_asks_two_and_a_near_one_first(replicas: list[Replica]) -> None:
    (asked,) = orders(NearTwoChoicesRouter, replicas)
    assert len(set(asked)) == len(asked) == min(2, len(replicas))
    assert not asked or asked[0].is_near == any(each.is_near for each in replicas)


@pytest.mark.parametrize("router", [LeastLoadedRouter, NearTwoChoicesRouter])
@pytest.mark.parametrize("near", [0, 1, 2])
def test_each_replica_has_its_turn(router: type[LeastLoadedRouter], near: int) -> None:
    replicas = replicas_of([number < near for number in range(4)])
    found = orders(router, replicas, calls=200)
    first = {asked[0] for asked in found}
    assert first == {each for each in replicas if each.is_near or not near}
    assert {each for asked in found for each in asked} == set(replicas)
