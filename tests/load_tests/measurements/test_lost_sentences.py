"""A sentence is lost if its words are missing, not if they are wrong."""

import pytest

from load_tests.measurements.lost_sentences import lost_sentences

SENTENCES = ("Um dois três.", "Olá mundo.", "A raposa salta.")


@pytest.mark.parametrize(
    ("hypothesis", "lost"),
    [
        ("1, 2, 3. Olá, mundo! A raposa salta.", []),
        ("1, 2, 3. Colamundos outra. A raposa salta.", []),
        ("1, 2, 3. A raposa salta.", [1]),
        ("Olá mundo.", [0, 2]),
        ("", [0, 1, 2]),
    ],
)
def test_sentences_without_their_words_are_lost(hypothesis: str, lost: list[int]) -> None:
    assert lost_sentences(SENTENCES, hypothesis, "pt") == lost


def test_where_there_are_no_spaces_characters_count() -> None:
    assert lost_sentences(("你好世界。", "一二三四。"), "一二三四。", "zh") == [0]
