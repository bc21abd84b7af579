"""Where a long segment is split, going by the times of the words of its newest hypothesis."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.audio.segment_events import Utterance
from sokuji.contract import Word
from sokuji.session.conversation import ConversationSettings
from sokuji.session.segment import SPLIT_MS, CommitPolicy, Segment, Split

WORD_MS = 500
WORDS = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet")


def segment(stable: str) -> Segment:
    """An open segment of which these words are stable, and one more is not."""
    conversation = ConversationSettings(source_language="en", target_languages=("pt",))
    opened = Segment(1, conversation, CommitPolicy("clause", 4_500))
    opened.words.add(f"{stable} Then more", paused=True)
    opened.words.add(f"{stable} Then other", paused=True)
    return opened


def timed(text: str) -> list[Word]:
    return [Word(word, at * WORD_MS, (at + 1) * WORD_MS - 100) for at, word in enumerate(text.split())]


def utterance(text: str) -> Utterance:
    length_ms = max(SPLIT_MS + 1_000, WORD_MS * len(text.split()))
    return Utterance(segment_id=1, pcm=b"", start_ms=10_000, end_ms=10_000 + length_ms, cut="silence")


@given(st.integers(2, 10), st.integers(1, 8), st.data())
def test_the_split_is_behind_its_sentence_however_the_newest_hypothesis_writes_it(
    before: int, behind: int, data: st.DataObject
) -> None:
    first = ["Alpha", *WORDS[1:before]]
    second = ["Next", *reversed(WORDS[-behind:])]
    stable = f"{' '.join(first)}. {' '.join(second)}"
    revised = [word + data.draw(st.sampled_from(["", "", ",", "..."])) for word in first]
    if before > 3 and data.draw(st.booleans()):
        # Another recognition of a word, of as many letters or not.
        revised[data.draw(st.integers(0, before - 3))] += data.draw(st.sampled_from(["s", "", "en"]))
    hypothesis = " ".join([*revised, *second, "Then other"])
    opened = segment(stable)
    opened.words.add(hypothesis, paused=True)
    split = opened.find_split(timed(hypothesis), utterance(hypothesis))
    gap_ms = before * WORD_MS - 50
    assert split == Split(10_000 + gap_ms, len(" ".join(first)) + 1)


def test_a_script_without_spaces_is_split_too() -> None:
    opened = segment("一二三。四五")
    words = ["一", "二", "三。", "四", "五", "六"]
    assert opened.find_split(timed(" ".join(words)), utterance("")) == Split(11_450, 4)


@pytest.mark.parametrize("words", ["A short one then more", "Another sentence. It was said before"])
def test_without_a_sentence_or_its_words_there_is_no_split(words: str) -> None:
    opened = segment("A short one")
    assert opened.find_split(timed(words), utterance(words)) is None
