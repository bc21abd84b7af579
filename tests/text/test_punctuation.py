"""Where sentences end in texts of any script."""

from itertools import pairwise

import pytest

from sokuji.text.punctuation import sentence_ends


def sentences(text: str) -> list[str]:
    places = [0, *sentence_ends(text), len(text)]
    return [text[begin:end] for begin, end in pairwise(places)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two!  Three", ["One. ", "Two!  ", "Three"]),
        ('"Who?!" He left… Then', ['"Who?!" ', "He left… ", "Then"]),
        ("你好。。「世界！」再见", ["你好。。", "「世界！」", "再见"]),
        ("नमस्ते। कैसे", ["नमस्ते। ", "कैसे"]),
        ("Dr. Who and the U.S. Army, No. 5", ["Dr. Who and the U.S. Army, No. 5"]),
        ("well... yes. 3.5 and e.g. this", ["well... yes. ", "3.5 and e.g. this"]),
        ("The end. ", ["The end. "]),
        ("", [""]),
        ("." * 100_000 + "a", ["." * 100_000 + "a"]),
    ],
)
def test_sentences_end_at_their_marks(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected
