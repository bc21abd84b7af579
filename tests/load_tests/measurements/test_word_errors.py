"""Errors are counted in words whatever their punctuation, case, width and way of writing small numbers."""

import pytest

from load_tests.measurements.word_errors import words


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Um, dois; 3!", "pt", ["um", "dois", "três"]),
        ("नमस्ते, दुनिया। १ 2", "hi", ["नमस्ते", "दुनिया", "एक", "दो"]),
        ("பூனை ஓடுகிறது.", "ta", ["பூனை", "ஓடுகிறது"]),
        ("สวัสดี ชาวโลก", "th", ["สวัสดี", "ชาวโลก"]),
        ("क्\u200dष", "hi", ["क्ष"]),
        ("ＡＢ　１０", "en", ["ab", "ten"]),
        ("你好，世界 5。", "zh", ["你", "好", "世", "界", "五"]),
    ],
)
def test_words_keep_their_marks_in_every_script(text: str, language: str, expected: list[str]) -> None:
    assert words(text, language) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("to 678910.", ["to", "six", "seven", "eight", "nine", "ten"]),
        ("2-3 4", ["two", "three", "four"]),
        ("1234 24680 007", ["1234", "24680", "seven"]),
    ],
)
def test_who_counts_may_be_written_down_without_spaces(text: str, expected: list[str]) -> None:
    assert words(text, "en") == expected
