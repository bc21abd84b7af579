"""One connection holds a session, the newest; and a service that is behind takes no new conversations."""

import pytest

from sokuji.api.sessions import Sessions
from sokuji.errors import Overloaded


class Connection:
    def __init__(self, lag_ms: int = 0) -> None:
        self.lag_ms = lag_ms
        self.replaced = 0

    def replace(self) -> None:
        self.replaced += 1


def test_the_connection_that_comes_later_has_the_session() -> None:
    conversations, old, new, other = Sessions(), Connection(), Connection(), Connection()
    with conversations.hold("a", old), conversations.hold("b", other):
        with conversations.hold("a", new):
            assert (old.replaced, new.replaced, other.replaced) == (1, 0, 0)
        with conversations.hold("a", Connection()):
            assert new.replaced == 0


def test_a_connection_that_was_replaced_leaves_the_session_to_the_new_one() -> None:
    conversations, new = Sessions(), Connection()
    old_place, new_place = conversations.hold("a", Connection()), conversations.hold("a", new)
    old_place.__enter__()
    with new_place:
        old_place.__exit__(None, None, None)
        with conversations.hold("a", Connection()):
            assert new.replaced == 1


def test_no_conversation_begins_while_one_is_too_far_behind() -> None:
    conversations = Sessions()
    conversations.check_lag(10)
    with conversations.hold("a", Connection(lag_ms=300)), conversations.hold("b", Connection(10_000)):
        conversations.check_lag(10)
        with (
            conversations.hold("c", Connection(lag_ms=12_300)),
            pytest.raises(Overloaded, match="12 s behind") as refusal,
        ):
            conversations.check_lag(10)
        assert refusal.value.retry_after_s == 12
        conversations.check_lag(10)
