"""Keys: what is stored of them, and what is taken for one."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sokuji.access.new_key import id_in, is_hashed_in, make_key
from sokuji.config.keys import KeyLimits, KeyScope

TEXTS = [KeyScope.TEXTS]


def test_a_key_fits_into_a_subprotocol_and_is_not_what_is_stored() -> None:
    new = make_key("captions", TEXTS, KeyLimits(sessions=3), datetime(2040, 1, 1, tzinfo=UTC))
    assert re.fullmatch(r"[A-Za-z0-9_-]+", new.value), "a token of RFC 9110, as Sec-WebSocket-Protocol needs"
    assert new.value not in new.key.model_dump_json()
    assert id_in(new.value) == new.key.id
    assert is_hashed_in(new.value, new.key)


def test_no_two_keys_are_the_same() -> None:
    keys = [make_key("a", TEXTS) for _ in range(100)]
    assert len({each.value for each in keys}) == len({each.key.sha256 for each in keys}) == 100


@given(st.text(max_size=80))
def test_nothing_else_is_taken_for_a_key(text: str) -> None:
    new = make_key("a", TEXTS)
    assert not is_hashed_in(text, new.key)
    assert not is_hashed_in(text, None)
    assert not is_hashed_in(new.value + text, new.key) or not text


def test_a_key_that_is_not_stored_equals_nothing() -> None:
    assert not is_hashed_in(make_key("a", TEXTS).value, None)


@pytest.mark.parametrize("name", ["", "x" * 65, "line\nbreak", "\x1b[31m", "tab\t"])
def test_a_name_is_a_short_line_of_plain_characters(name: str) -> None:
    with pytest.raises(ValidationError):
        make_key(name, TEXTS)


def test_a_key_is_for_something() -> None:
    with pytest.raises(ValidationError):
        make_key("a", [])
