"""Words lost and doubled, and the silence between sounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load_tests.measurements.heard_words import HeardWords, compared, longest_silence_s
from load_tests.scenarios.response_log import OutputChunk

RATE = 1_000
WORDS = st.lists(st.sampled_from(["um", "dois", "casa", "mar", "sol"]), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("said", "heard", "lost", "doubled"),
    [
        ("Olá, mundo.", "olá mundo", 0, 0),
        ("a raposa salta", "a rapousa salta", 0, 0),
        ("a raposa salta", "a salta", 1, 0),
        ("diz colamundos a raposa", "diz olá mundo a raposa", 0, 0),
        ("diz olá mundo a raposa", "diz colamundo a raposa", 0, 0),
        ("a rápida raposa salta", "a rapida salta", 1, 0),
        ("a raposa salta", "", 3, 0),
        ("a raposa salta", "a raposa salta a raposa salta", 0, 3),
        ("", "eco", 0, 1),
    ],
)
def test_missing_words_are_lost_and_misheard_ones_are_not(
    said: str, heard: str, lost: int, doubled: int
) -> None:
    words = compared(said, heard, "pt")
    assert (words.lost, words.doubled) == (lost, doubled)


@given(WORDS, st.data())
def test_every_word_that_is_taken_away_or_comes_twice_is_counted(
    said: list[str], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(said) - 1))
    text = " ".join(said)
    assert compared(text, text, "pt") == HeardWords(len(said))
    fewer, more = said[:place] + said[place + 1 :], [*said[: place + 1], *said[place:]]
    assert compared(text, " ".join(fewer), "pt") == HeardWords(len(said), lost=1)
    assert compared(text, " ".join(more), "pt") == HeardWords(len(said), doubled=1)


def chunk(at: float, seconds: float) -> OutputChunk:
    return OutputChunk(at, 0, True, pcm=bytes(2 * round(seconds * RATE)), sample_rate=RATE)


@pytest.mark.parametrize(
    ("chunks", "silence_s"),
    [
        ([], 0),
        ([(5, 1)], 0),
        ([(0, 1), (3, 1)], 2),
        # The second one comes while the first one is heard, and is heard behind it.
        ([(0, 4), (1, 4), (9, 1)], 1),
        ([(0, 1), (2, 1), (9, 1), (11, 1)], 6),
        # In whatever order they are kept.
        ([(9, 1), (0, 1), (2, 1)], 6),
    ],
)
def test_silence_is_the_time_between_two_sounds_as_they_are_heard(
    chunks: list[tuple[float, float]], silence_s: float
) -> None:
    assert longest_silence_s([chunk(*each) for each in chunks]) == pytest.approx(silence_s)
