"""What a translation adds to words said of it early: nothing twice where they match, and nothing is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.text.growing_translation import StableTranslation, completion, continuation

SPOKEN = st.lists(st.sampled_from(["ab", "cd", "ef", "gh", "ij"]), min_size=1, max_size=12)
BEHIND = [f"x{letter}" for letter in "pqrs"]


@pytest.mark.parametrize(
    ("shown", "whole", "added"),
    [
        ("Next summer", "Next summer we will build", " we will build"),
        ("In the next summer", "Next summer we will build", " we will build"),
        ("still work with", "They still work with us.", " us."),
        ("We will build a", "We will build", ""),
        ("In addition, the", "Also, small children like to read", None),
        ("What", "", ""),
    ],
)
def test_what_is_said_next(shown: str, whole: str, added: str | None) -> None:
    assert completion(shown, whole) == added


@given(SPOKEN, st.integers(0, 4))
def test_the_same_words_are_completed_exactly(shown: list[str], more: int) -> None:
    begun = " ".join(shown)
    behind = "".join(f" {word}" for word in BEHIND[:more])
    assert completion(begun, begun + behind) == behind
    assert continuation(begun, begun + behind) == behind.strip()


@given(SPOKEN, st.data())
def test_no_word_behind_a_beginning_that_is_worded_anew_is_left_out(
    shown: list[str], data: st.DataObject
) -> None:
    anew = [word for word in shown if data.draw(st.integers(0, 3))]
    at = data.draw(st.integers(0, len(anew)))
    anew[at:at] = data.draw(st.lists(st.just("kl"), max_size=1))
    added = completion(" ".join(shown), " ".join([*anew, *BEHIND]))
    assert added is None or added.split()[-len(BEHIND) :] == BEHIND


@given(st.lists(SPOKEN, max_size=8))
def test_words_that_are_shown_stay_whatever_comes(versions: list[list[str]]) -> None:
    growing, before = (
        StableTranslation(
            "",
        ),
        "",
    )
    for version in versions:
        growing.add(" ".join(version))
        assert growing.stable.startswith(before)
        assert growing.text.startswith(growing.stable)
        before = growing.stable


def test_two_words_at_the_end_are_held_back() -> None:
    growing = StableTranslation()
    for version in ("we will build a", "we will build a room"):
        growing.add(version)
    assert growing.stable == "we will build"
