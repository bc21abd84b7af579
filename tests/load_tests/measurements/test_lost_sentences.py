"""A sentence is lost if its words are missing, not if they are wrong."""

import pytest

from load_tests.measurements.lost_sentences import lost_alone, lost_sentences

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


HINDI = ("एक दो तीन चार पांच.", "नमस्ते दुनिया.", "ऊँट के मुँह में जीरा।")


@pytest.mark.parametrize(
    ("hypothesis", "lost"),
    [
        ("एक, दो, तीन, चार, पांच नमस्ते दुनिया ऊँट के मुँह में जीरा", []),
        ("1 2 3 4 5 नमस्ते दुनिया ऊंट के मुंह में जीरा", []),
        ("१२३४५ नमस्ते दुनिया ऊँट के मुँह में जीरा", []),
        ("ایک دو تین چار پانچ نمستے دنیا اونٹ کے منہ میں جیرا", []),
        ("1-2-3-4-5 Namaste dunia, ut ke munme jira", []),
        ("1-2-3-4-5 نمستے دنیا", [2]),
        ("नमस्ते दुनिया ऊँट के मुँह में जीरा", [0]),
        ("12345 ऊँट के मुँह में जीरा", [1]),
    ],
)
def test_what_is_lost_does_not_depend_on_the_script(hypothesis: str, lost: list[int]) -> None:
    assert lost_sentences(HINDI, hypothesis, "hi") == lost


def test_digits_and_words_that_are_written_as_one_are_not_lost() -> None:
    assert lost_sentences(("One two three four.", "Hello world."), "1234. Helloworld.", "en") == []
    assert (
        lost_sentences(("One two three four.", "Hello world."), "Onetwothreefour. Hello world.", "en") == []
    )


def test_of_equal_sentences_it_does_not_matter_which_is_missing() -> None:
    sentences = ("Olá mundo.", "A raposa salta.", "Olá mundo.")
    assert lost_alone(sentences, [0], [2]) == []
    assert lost_alone(sentences, [0, 2], [2]) == ["Olá mundo."]
    assert lost_alone(sentences, [1], [0, 2]) == ["A raposa salta."]
    assert lost_alone(sentences, [], [1]) == []
