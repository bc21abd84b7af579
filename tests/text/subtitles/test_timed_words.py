"""Words get the time of their share of the speech."""

from hypothesis import given
from hypothesis import strategies as st

from sokuji.text.subtitles.timed_words import TimedText, timed_words
from tests.text.subtitles.strategies import TEXTS, spoken_parts


def texts(words: list[TimedText]) -> list[str]:
    return [word.text for word in words]


def times(words: list[TimedText]) -> list[tuple[int, int]]:
    return [(word.start_ms, word.end_ms) for word in words]


def test_words_that_are_the_parts_have_their_times() -> None:
    parts = [TimedText("Olá,", 100, 400), TimedText("mundo!", 900, 1_300)]
    words = timed_words("Olá, mundo!", parts)
    assert texts(words) == ["Olá,", "mundo!"]
    assert times(words) == times(parts)


def test_words_of_a_segment_share_its_time_by_length() -> None:
    words = timed_words("one three five", [TimedText("one three five", 1_000, 2_200)])
    assert texts(words) == ["one", "three", "five"]
    assert times(words) == [(1_000, 1_300), (1_300, 1_800), (1_800, 2_200)]


def test_a_translation_pauses_where_the_speaker_does() -> None:
    parts = [TimedText("aaaa", 0, 400), TimedText("bbbb", 2_000, 2_400)]
    assert times(timed_words("cc dd eeee", parts)) == [(0, 200), (200, 400), (2_000, 2_400)]


def test_characters_of_scripts_without_spaces_are_words() -> None:
    words = timed_words("你好，「世界」。", [TimedText("你好世界", 0, 800)])
    assert texts(words) == ["你", "好，", "「世", "界」。"]
    assert not any(word.spaced for word in words)


@given(TEXTS, spoken_parts())
def test_no_character_is_lost_and_time_does_not_go_back(text: str, parts: list[TimedText]) -> None:
    words = timed_words(text, parts)
    assert "".join("".join(texts(words)).split()) == "".join(text.split())
    joined = "".join(f" {word.text}" if word.spaced else word.text for word in words)
    assert joined.split() == text.split()
    flat = [time for span in times(words) for time in span]
    assert flat == sorted(flat)
    if words:
        assert (flat[0], flat[-1]) == (parts[0].start_ms, parts[-1].end_ms)


@given(spoken_parts())
def test_one_word_takes_the_whole_time(parts: list[TimedText]) -> None:
    assert times(timed_words("word", parts)) == [(parts[0].start_ms, parts[-1].end_ms)]


@given(st.text(max_size=40), spoken_parts())
def test_any_text_is_timed(text: str, parts: list[TimedText]) -> None:
    assert bool(timed_words(text, parts)) == bool(text.strip())
