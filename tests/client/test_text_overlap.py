"""Two versions of a text are aligned by their letters."""

import pytest

from sokuji.client.text_overlap import unmatched_tails


@pytest.mark.parametrize(
    ("known", "repeated", "expected"),
    [
        ("Good morning,", "good morning my friend", ("my friend", "")),
        ("Good morning my friend.", "Good morning", ("", "my friend.")),
        ("Good mornings,", "Good morning my friend", ("friend", "")),
        ("こんにちは", "こんにちは、みなさん。", ("みなさん。", "")),
        ("", "Good", ("Good", "")),
        ("Good", "", ("", "Good")),
        ("...", "Good", ("Good", "")),
        ("abc", "xyz", ("xyz", "")),
    ],
)
def test_the_ends_that_one_text_has_and_the_other_lacks_are_found(
    known: str, repeated: str, expected: tuple[str, str]
) -> None:
    assert unmatched_tails(known, repeated) == expected
