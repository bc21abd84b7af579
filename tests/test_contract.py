"""Pairs of many languages are as good as a tuple of all of them, and stay small."""

import pickle

from sokuji.contract import Pairs
from sokuji.languages import LANGUAGES


def test_every_source_goes_with_every_other_target() -> None:
    pairs = Pairs(("en", "ja"), ("en", "pt"))
    assert list(pairs) == [("en", "pt"), ("ja", "en"), ("ja", "pt")]
    assert len(pairs) == 3
    assert [pair in pairs for pair in (("ja", "en"), ("en", "en"), ("pt", "en"), ("en", "ja"))] == [
        True, False, False, False,
    ]  # fmt: skip
    assert not pairs.__contains__("en")


def test_tens_of_thousands_of_pairs_are_sent_as_two_lists() -> None:
    codes = tuple(LANGUAGES)
    pairs = Pairs(codes, codes)
    assert len(pairs) == len(codes) * (len(codes) - 1) == len(set(pairs))
    sent = pickle.dumps(pairs)
    assert len(sent) < 4_000
    assert pickle.loads(sent) == pairs
