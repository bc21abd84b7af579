"""Clauses of random texts: a cut stays one however the text goes on, and nothing is cut apart."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from sokuji.text.clause_boundaries import MAX_COLUMNS, MIN_COLUMNS, MIN_WORDS, clause_ends, last_sentence_end
from sokuji.text.punctuation import is_spaceless, width, words

LATIN = "a I of to and the with Then Where People something extraordinarily don't well-known x Dr No U.S"
OTHERS = "今日 は いい 天気 です カタカナ สวัสดี ครับ မြန်မာ हिन्दी 안녕하세요 Привет"
NUMBERS = "3.5 10 000 5 12 1995 https://example.com/a.b,c? a.b@example.com"
WORDS = st.sampled_from([*LATIN.split(), *OTHERS.split(), *NUMBERS.split(), "w" * (MAX_COLUMNS + 5)])
MARKS = st.sampled_from([*[""] * 5, ".", ",", "?", "...", ":", " –", '."', "。", "、", "!」", "؟", ")"])
GAPS = st.sampled_from([" ", " ", " ", " ", ' "', " (", "", " «"])
Piece = tuple[str, str, str]
PIECES = st.lists(st.tuples(WORDS, MARKS, GAPS), max_size=40)
LANGUAGES = st.sampled_from(["en", "de", "el", "ja", "th"])


def written(pieces: Sequence[Piece], *, mark: bool = True) -> str:
    """The text, which ends with the mark behind the last word, or with that word."""
    if not pieces:
        return ""
    *before, (word, last_mark, _) = pieces
    return "".join(part for piece in before for part in piece) + word + (last_mark if mark else "")


@settings(deadline=None)
@given(PIECES, LANGUAGES, st.booleans())
def test_nothing_is_cut_apart(pieces: list[Piece], language: str, paused: bool) -> None:
    text = written(pieces)
    ends = clause_ends(text, language=language, paused=paused)
    spans = words(text)
    assert all(begin < end for begin, end in pairwise([0, *ends]))
    assert not [end for end in ends for span in spans if span.start < end < span.end]
    for end in ends:
        assert (paused and end == len(text)) or [span for span in spans if span.start >= end]
    for begin, end in pairwise([0, *ends]):
        assert [span for span in spans if begin <= span.start and span.end <= end]


@settings(deadline=None)
@given(PIECES, LANGUAGES)
def test_a_cut_stays_one_however_the_text_goes_on(pieces: list[Piece], language: str) -> None:
    before: list[int] = []
    sentences = [0]
    for count in range(len(pieces) + 1):
        for mark in (False, True):
            text = written(pieces[:count], mark=mark)
            ends = clause_ends(text, language=language)
            assert ends[: len(before)] == before
            before = ends
            sentences.append(last_sentence_end(text))
    assert sentences == sorted(sentences)


@settings(deadline=None)
@given(PIECES, LANGUAGES, st.booleans())
def test_what_is_left_is_cut_as_before(pieces: list[Piece], language: str, paused: bool) -> None:
    text = written(pieces)
    ends = clause_ends(text, language=language, paused=paused)
    for number, end in enumerate(ends):
        for rest in (text[end:], text[end:].lstrip()):
            dropped = len(text) - len(rest)
            assert [dropped + at for at in clause_ends(rest, language=language, paused=paused)] == ends[
                number + 1 :
            ]


@settings(deadline=None)
@given(PIECES, LANGUAGES)
def test_a_pause_adds_at_most_the_end(pieces: list[Piece], language: str) -> None:
    text = written(pieces)
    ends = clause_ends(text, language=language)
    assert clause_ends(text, language=language, paused=True) in (ends, [*ends, len(text)])


@settings(deadline=None)
@given(PIECES, LANGUAGES)
def test_no_clause_is_too_long_or_ends_too_soon(pieces: list[Piece], language: str) -> None:
    text = written(pieces)
    ends = [0, *clause_ends(text, language=language)]
    for begin, end in pairwise([*ends, len(text)]):
        inside = [span for span in words(text) if begin <= span.start < end]
        if not inside:
            continue
        columns = sum(width(each) for each in text[inside[0].start : inside[-1].end])
        assert len(inside) == 1 or columns <= 2 * MAX_COLUMNS
        spaced = sum(not is_spaceless(text[span.start]) for span in inside)
        is_sentence = end == len(text) or set(text[inside[-1].end : end]) & set(".?…。!؟;")
        assert (
            is_sentence
            or spaced >= MIN_WORDS
            or columns >= MIN_COLUMNS
            or is_followed_by_too_much(text, begin, end)
        )


def is_followed_by_too_much(text: str, begin: int, end: int) -> bool:
    """Whether the clause with its next word is over the bound, so that it had to end."""
    spans = [span for span in words(text) if span.start >= begin]
    following = next(span for span in spans if span.start >= end)
    return sum(map(width, text[spans[0].start : following.end])) > MAX_COLUMNS


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a", "of", "people", "something", "今", "日", "は"]), max_size=120))
def test_plain_words_are_never_over_the_bound(plain: list[str]) -> None:
    text = " ".join(plain)
    for begin, end in pairwise([0, *clause_ends(text, language="en"), len(text)]):
        assert sum(map(width, text[begin:end].strip())) <= MAX_COLUMNS


@settings(deadline=None)
@given(st.text(max_size=60), LANGUAGES, st.booleans())
def test_any_text_is_taken(text: str, language: str, paused: bool) -> None:
    ends = clause_ends(text, language=language, paused=paused)
    assert ends == sorted(set(ends))
    assert all(0 < end <= len(text) for end in ends)
    assert 0 <= last_sentence_end(text) <= len(text)
