"""Lag and erasure agree with examples that were worked out by hand from the papers' formulas."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from load_tests.measurements.simultaneity import (
    VoiceChunk,
    average_lagging,
    average_token_delay,
    erased,
    length_adaptive_average_lagging,
)
from load_tests.measurements.word_errors import tokens

DELAYS = st.lists(st.integers(0, 10_000), min_size=1, max_size=30).map(sorted)


def test_who_keeps_pace_with_the_speaker_lags_behind_by_what_the_first_word_took() -> None:
    # A word a second from second one on, of four in four seconds: each lags 1,000 ms.
    assert average_lagging([1_000, 2_000, 3_000, 4_000], 4_000, 4) == 1_000


def test_words_behind_the_first_after_the_end_of_speech_do_not_count() -> None:
    # Wait-2 over four words: delays 2, 3, 4, 4 and lags 2, 2, 2; the fourth comes with the source read.
    assert average_lagging([2_000, 3_000, 4_000, 4_000], 4_000, 4) == 2_000


def test_a_translation_of_the_whole_sentence_lags_by_the_delay_of_its_first_word() -> None:
    assert average_lagging([4_600, 4_600, 4_600], 4_000, 3) == 4_600


def test_a_short_output_is_held_to_the_pace_of_the_reference() -> None:
    # |Y| = 4 and d = 1,000 and 3,000: (1,000 + (3,000 - 1,000)) / 2.
    assert average_lagging([1_000, 3_000], 4_000, 4) == 1_500


def test_too_many_words_do_not_make_an_output_faster() -> None:
    # Eight words for four: by the pace of the reference they run ahead of it, by their own they do not.
    delays = [float(ms) for ms in range(500, 4_500, 500)]
    assert average_lagging(delays, 4_000, 4) == pytest.approx(500 - 500 * 3.5)
    assert length_adaptive_average_lagging(delays, 4_000, 4) == 500


@settings(max_examples=50)
@given(DELAYS, st.integers(1, 10_000), st.integers(1, 40))
def test_the_length_adaptive_measure_is_never_the_smaller_one(
    delays: list[float], source: int, words: int
) -> None:
    adaptive = length_adaptive_average_lagging(delays, source, words)
    assert adaptive >= average_lagging(delays, source, words) - 1e-6


def test_the_delay_of_a_voice_after_the_sentence_counts_how_long_it_speaks() -> None:
    # Source 600 ms: tokens end at 300, 600. Voice of 900 ms from 1,000 on: its tokens end at 1,300, 1,600 and
    # 1,900, and the third answers the last of the source: 1,000 + 1,000 + 1,300.
    assert average_token_delay([VoiceChunk(1_000, 600, 900)]) == pytest.approx(1_100)


def test_a_voice_waits_for_what_was_said_before_it() -> None:
    # The second piece comes at 700, but the first sounds until 900; source tokens end at 300 and 600.
    pieces = [VoiceChunk(300, 300, 600), VoiceChunk(700, 600, 300)]
    # Voice tokens end at 600, 900 and 1,200. Those of the first piece answer token 1: no more had been read.
    # The third: the voice was one token ahead of the source, so it answers token 3 - 1 = 2.
    assert average_token_delay(pieces) == pytest.approx((300 + 600 + 600) / 3)


def test_what_is_left_of_a_piece_is_a_token_too() -> None:
    # Source tokens end at 300 and 400; voice tokens at 700 and 750.
    assert average_token_delay([VoiceChunk(400, 400, 350)]) == pytest.approx((400 + 350) / 2)


def test_pieces_of_one_reading_continue_each_other() -> None:
    whole = average_token_delay([VoiceChunk(1_000, 900, 900)])
    parts = average_token_delay([VoiceChunk(1_000, 900, 300), VoiceChunk(1_100, 900, 600)])
    assert parts == whole


@pytest.mark.parametrize(
    ("versions", "count"),
    [
        (["a", "a b", "a b c"], 0),
        (["a b c", "a x c"], 2),
        (["a b", "a", "a b"], 1),
        (["a b c", ""], 3),
        ([], 0),
    ],
)
def test_erasure_counts_words_behind_the_common_beginning(versions: list[str], count: int) -> None:
    assert erased([each.split() for each in versions]) == count


def test_languages_without_spaces_are_counted_in_characters() -> None:
    assert tokens("你好 世界。", "zh") == ["你", "好", "世", "界", "。"]
    assert tokens("Hello  world.", "en") == ["Hello", "world."]
