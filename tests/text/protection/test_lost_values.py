"""Values that a translation lacks are counted, of whatever text it was made."""

import pytest

from sokuji.text.protection.verification import lost_values


@pytest.mark.parametrize(
    ("source", "translation", "lost"),
    [
        ("Pay $5 at 12:30.", "Pague $ 5 às 12:30.", 0),
        ("Pay $5 at 12:30.", "Pague às 12:30.", 1),
        ("Pay $5 at 12:30.", "Pague logo.", 2),
        ("It costs 20 and 20.", "Custa 20.", 1),
        ("It costs 20.", "Custa vinte.", 0),
        ("See example.com.", "Veja vinte.", 1),
        ("Ask 田中 and 田中.", "Pergunte a 田中.", 1),
        ("No values.", "Sem valores: 7.", 0),
    ],
)
def test_values_are_counted_that_are_missing_or_fewer(source: str, translation: str, lost: int) -> None:
    assert lost_values(source, translation, ("en", "pt")) == lost


@pytest.mark.slow
def test_a_text_of_many_values_is_compared_quickly() -> None:
    # Comparing each value with all others would take minutes here, and the test's time limit is two.
    assert lost_values("5, " * 40_000, "6, " * 40_000, ("en", "pt")) == 40_000
