"""The registry admits, drains and replaces connections, and refuses sessions while the service is behind."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sokuji.api.sessions import Sessions
from sokuji.config import Limits
from sokuji.errors import Overloaded
from tests.api.connections import FakeConnection


@contextmanager
def holding(sessions: Sessions, session_id: str, connection: FakeConnection) -> Iterator[None]:
    """A connection that is admitted and holds a session."""
    with sessions.admit(connection, "a", Limits()), sessions.hold(session_id, connection):
        yield


def test_a_later_connection_replaces_the_one_that_holds_the_same_session() -> None:
    sessions, old, new, other = Sessions(), FakeConnection(), FakeConnection(), FakeConnection()
    with holding(sessions, "a", old), holding(sessions, "b", other):
        with holding(sessions, "a", new):
            assert (old.replaced, new.replaced, other.replaced) == (1, 0, 0)
        with holding(sessions, "a", FakeConnection()):
            assert (old.replaced, new.replaced) == (1, 0)


def test_a_connection_that_was_replaced_leaves_its_successor_registered() -> None:
    sessions, old, new, third = Sessions(), FakeConnection(), FakeConnection(), FakeConnection()
    old_place, new_place = holding(sessions, "a", old), holding(sessions, "a", new)
    old_place.__enter__()
    with new_place:
        old_place.__exit__(None, None, None)
        sessions.drain()
        assert (old.drained, new.drained) == (0, 1)
        sessions.stop_draining()
        with holding(sessions, "a", third):
            assert (old.replaced, new.replaced) == (1, 1)


def test_a_connection_that_was_replaced_is_drained_until_it_is_closed() -> None:
    sessions, old = Sessions(), FakeConnection()
    with holding(sessions, "a", old), holding(sessions, "a", FakeConnection()):
        sessions.drain()
    assert old.drained == 1


def test_no_session_is_opened_while_another_one_is_too_far_behind() -> None:
    sessions = Sessions()
    sessions.check_lag(10)
    with holding(sessions, "a", FakeConnection(lag_ms=300)), holding(sessions, "b", FakeConnection(10_000)):
        sessions.check_lag(10)
        with (
            holding(sessions, "c", FakeConnection(lag_ms=12_300)),
            pytest.raises(Overloaded, match="12 s behind") as refusal,
        ):
            sessions.check_lag(10)
        assert refusal.value.retry_after_s == 12
        sessions.check_lag(10)


def test_the_lag_of_a_connection_counts_only_while_it_holds_a_session() -> None:
    sessions, late = Sessions(), FakeConnection(lag_ms=60_000)
    with sessions.admit(late, "a", Limits()):
        sessions.check_lag(10)
        with sessions.hold("a", late):
            with pytest.raises(Overloaded):
                sessions.check_lag(10)
            with holding(sessions, "a", FakeConnection()):
                sessions.check_lag(10)
        sessions.check_lag(10)


def test_connections_count_against_the_limit_before_they_hold_a_session() -> None:
    sessions, limits = Sessions(), Limits(ws_max_connections=2)
    with sessions.admit(FakeConnection(), "a", limits), holding(sessions, "a", FakeConnection()):
        with pytest.raises(Overloaded, match="all 2 session places"):
            refuse(sessions, "b", limits)
        assert len(sessions) == 2
    assert len(sessions) == 0


def refuse(sessions: Sessions, address: str, limits: Limits) -> None:
    with sessions.admit(FakeConnection(), address, limits):
        raise AssertionError("it was admitted")


def test_an_address_has_a_share_of_the_places_and_others_have_theirs() -> None:
    sessions, limits = Sessions(), Limits(ws_max_client_connections=2)
    with holding(sessions, "one", FakeConnection()), holding(sessions, "two", FakeConnection()):
        with pytest.raises(Overloaded, match="has 2 sessions already; accepted: 2"):
            refuse(sessions, "a", limits)
        with sessions.admit(FakeConnection(), "b", limits):
            assert len(sessions) == 3
    with sessions.admit(FakeConnection(), "a", limits):
        assert len(sessions) == 1


def test_an_address_has_few_connections_without_a_session() -> None:
    sessions, limits = Sessions(), Limits(ws_max_client_unopened=1)
    first = FakeConnection()
    with sessions.admit(first, "a", limits):
        with pytest.raises(Overloaded, match="1 connections of your address have no session yet"):
            refuse(sessions, "a", limits)
        with sessions.hold("one", first), sessions.admit(FakeConnection(), "a", limits):
            assert len(sessions) == 2
        with sessions.admit(FakeConnection(), "b", limits):
            assert len(sessions) == 2


def test_draining_asks_each_connection_once_whether_it_holds_a_session_or_not() -> None:
    sessions, configured, unconfigured, gone = (
        Sessions(),
        FakeConnection(),
        FakeConnection(),
        FakeConnection(),
    )
    with holding(sessions, "a", configured), sessions.admit(unconfigured, "a", Limits()):
        with holding(sessions, "b", gone):
            pass
        sessions.drain()
        sessions.drain()
    assert (configured.drained, unconfigured.drained, gone.drained) == (1, 1, 0)


def test_no_connection_is_admitted_while_draining() -> None:
    sessions = Sessions()
    sessions.drain()
    with pytest.raises(Overloaded, match="connect again"), sessions.admit(FakeConnection(), "a", Limits()):
        pass
    sessions.stop_draining()
    with sessions.admit(FakeConnection(), "a", Limits()):
        assert len(sessions) == 1


async def test_the_registry_is_empty_when_its_last_connection_is_closed() -> None:
    sessions = Sessions()
    await sessions.until_empty()
    with sessions.admit(FakeConnection(), "a", Limits()):
        with sessions.admit(FakeConnection(), "a", Limits()):
            empty = asyncio.create_task(sessions.until_empty())
        await asyncio.sleep(0)
        assert not empty.done()
    await empty
