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


def order(router: type[LeastLoadedRouter], replicas: list[Any]) -> list[Replica]:
    """The replicas that are asked for one call from the node "here"."""
    made = object.__new__(router)
    made._self_node_id, made._self_availability_zone = "here", None
    made._update_colocated_replica_ids_with_replicas(replicas)
    ranks: list[list[Any]] = asyncio.run(made.choose_replicas(replicas))
    assert len(ranks) == bool(replicas)
    return [each for rank in ranks for each in rank]


@given(REPLICAS)
def test_least_loaded_asks_all_and_the_near_ones_first(replicas: list[Replica]) -> None:
    asked = order(LeastLoadedRouter, replicas)
    assert set(asked) == set(replicas)
    assert [each.is_near for each in asked] == sorted((each.is_near for each in replicas), reverse=True)


@given(REPLICAS)
def test_power_of_two_asks_two_and_a_near_one_first(replicas: list[Replica]) -> None:
    asked = order(NearTwoChoicesRouter, replicas)
    assert len(set(asked)) == len(asked) == min(2, len(replicas))
    assert not asked or asked[0].is_near == any(each.is_near for each in replicas)


@pytest.mark.parametrize("router", [LeastLoadedRouter, NearTwoChoicesRouter])
@pytest.mark.parametrize("near", [0, 1, 2])
def test_each_replica_has_its_turn(router: type[LeastLoadedRouter], near: int) -> None:
    replicas = replicas_of([number < near for number in range(4)])
    orders = [order(router, replicas) for _ in range(200)]
    first = {asked[0] for asked in orders}
    assert first == {each for each in replicas if each.is_near or not near}
    assert {each for asked in orders for each in asked} == set(replicas)
