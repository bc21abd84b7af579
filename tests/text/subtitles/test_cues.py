"""Cues can be read: two lines at most, seconds long, divided where clauses end, one after the other."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.text.punctuation import width
from sokuji.text.subtitles.cues import LINE_COLUMNS, LINGER_MS, MAX_LINES, MAX_MS, MIN_MS, Cue, cues
from sokuji.text.subtitles.timed_words import TimedText, timed_words
from tests.text.subtitles.strategies import TEXTS, spoken_parts


def columns(line: str) -> int:
    return sum(map(width, line))


def said(text: str, start_ms: int = 0, ms_per_column: int = 60) -> list[TimedText]:
    """The words of a text that is spoken evenly, 17 columns a second."""
    return timed_words(text, [TimedText(text, start_ms, start_ms + ms_per_column * columns(text))])


def shown(text: str) -> list[tuple[str, ...]]:
    return [cue.lines for cue in cues([said(text)])]


def assert_readable(found: list[Cue]) -> None:
    for cue in found:
        assert 1 <= len(cue.lines) <= MAX_LINES
        assert all(line.strip() == line and line for line in cue.lines)
        assert all(columns(line) <= LINE_COLUMNS for line in cue.lines)
        assert 0 < cue.end_ms - cue.start_ms <= MAX_MS
    for cue, following in pairwise(found):
        assert cue.end_ms <= following.start_ms


@given(st.lists(st.tuples(TEXTS, spoken_parts()), max_size=4))
def test_cues_of_anything_can_be_read_and_lose_nothing(spoken: list[tuple[str, list[TimedText]]]) -> None:
    utterances, end_ms = [], 0
    for text, parts in spoken:
        moved = [TimedText(part.text, part.start_ms + end_ms, part.end_ms + end_ms) for part in parts]
        end_ms = moved[-1].end_ms + 480
        utterances.append(timed_words(text, moved))
    found = cues(utterances)
    assert_readable(found)
    words = "".join("".join(cue.lines) for cue in found)
    assert "".join(words.split()) == "".join("".join(text for text, _ in spoken).split())


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_speech_at_a_usual_pace_is_shown_while_it_is_spoken(texts: list[str]) -> None:
    utterances, begin_ms = [], 0
    for text in texts:
        utterances.append(said(text, begin_ms))
        begin_ms = utterances[-1][-1].end_ms + 1_000
    found = cues(utterances)
    starts = {word.start_ms for words in utterances for word in words}
    ends = [words[-1].end_ms for words in utterances]
    for cue in found:
        assert min(abs(cue.start_ms - start) for start in starts) <= MAX_MS
    # The pause after an utterance lets its last cue linger, but no longer than that.
    last_of_each = [
        max((cue for cue in found if cue.start_ms < end), key=lambda cue: cue.end_ms) for end in ends
    ]
    for cue, end in zip(last_of_each, ends, strict=True):
        assert end <= cue.end_ms <= end + LINGER_MS


def test_a_short_text_is_one_line() -> None:
    assert shown("Good morning.") == [("Good morning.",)]


def test_a_text_is_divided_at_its_sentences() -> None:
    sentences = [
        "The train to Lisbon leaves at ten in the morning.",
        "Please be at the station a quarter early.",
    ]
    assert [" ".join(lines) for lines in shown(" ".join(sentences))] == sentences


def test_a_long_sentence_is_divided_at_its_clauses() -> None:
    text = (
        "When the meeting is over and everybody has left the room, we are going to open all the windows, "
        "because the air in there will be unbearable by then."
    )
    for lines in shown(text):
        assert lines[-1][-1] in ",."


def test_no_cue_ends_in_an_abbreviation() -> None:
    text = "We have been told that yesterday evening Dr. Smith and his colleague Mr. Jones arrived."
    assert not any(line.endswith(("Dr.", "Mr.")) for lines in shown(text) for line in lines)


@pytest.mark.parametrize(
    "text",
    [
        "今天的会议将在下午三点开始，请大家提前十分钟到达会议室，并且带上上个月的销售报告。",
        "来週の月曜日から新しいプロジェクトが始まりますので、皆さんはそれまでに資料を読んでおいてください。",
    ],
)
def test_wide_characters_take_two_columns(text: str) -> None:
    found = shown(text)
    assert all(len(line) <= LINE_COLUMNS // 2 for lines in found for line in lines)
    assert found[0][-1].endswith(("，", "、"))
    assert "".join(line for lines in found for line in lines) == text


def test_a_word_that_fits_in_no_line_is_divided() -> None:
    found = shown("see https://example.com/" + "a" * 120 + " there")
    assert all(columns(line) <= LINE_COLUMNS for lines in found for line in lines)


def test_a_short_answer_stays_long_enough_to_be_read() -> None:
    (cue,) = cues([[TimedText("Yes.", 1_000, 1_300)]])
    assert (cue.start_ms, cue.end_ms) == (1_000, 1_600)
    (cue,) = cues([[TimedText("Yes.", 1_000, 1_600)]])
    assert cue.end_ms - cue.start_ms == MIN_MS
    first, second = cues([[TimedText("Yes.", 1_000, 1_300)], [TimedText("No.", 1_400, 1_700)]])
    assert (first.end_ms, second.start_ms) == (1_400, 1_400)


def test_a_cue_ends_with_a_word_that_lasts_too_long() -> None:
    (cue,) = cues([[TimedText("Hmm.", 0, 20_000)]])
    assert cue.end_ms == MAX_MS


def test_words_without_duration_are_shown_one_after_the_other() -> None:
    words = [TimedText(f"word{number}", 500, 500) for number in range(60)]
    assert_readable(cues([words]))


def test_nothing_is_shown_where_nothing_is_said() -> None:
    assert cues([]) == cues([[], []]) == []
