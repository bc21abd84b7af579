"""What is made of a decoder's words: loops, silence, confidence, words; and windows."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.providers.stt.whisper.transcript_text import (
    DecodedText,
    DecodingQuality,
    join_windows,
    token_limit,
)
from sokuji.providers.stt.whisper.windows import (
    LEAD_S,
    MARGIN_S,
    WINDOW_LENGTHS_S,
    split_audio,
    window_length_s,
)
from sokuji.providers.stt.whisper.word_times import AlignedText, join_words


def quality(
    text: str,
    *,
    tokens: int = 10,
    seconds: float = 3,
    voiced_s: float = 1,
    avg_logprob: float = -0.3,
    no_speech_prob: float = 0,
    cut_off: bool = False,
) -> DecodingQuality:
    return DecodingQuality(
        text=text,
        tokens=tokens,
        seconds=seconds,
        voiced_s=voiced_s,
        avg_logprob=avg_logprob,
        no_speech_prob=no_speech_prob,
        cut_off=cut_off,
    )


def test_repetition_is_a_loop_only_if_too_long_for_its_audio_or_cut_off() -> None:
    assert quality("no no no no no no", tokens=30, seconds=1).loops
    assert not quality("no no no no no no", tokens=30, seconds=3).loops
    assert quality("no no no no no no", tokens=30, seconds=3, cut_off=True).loops
    assert not quality("quite a lot of different words", tokens=30, seconds=1).loops


@pytest.mark.parametrize(
    ("found", "implausible"),
    [
        (quality(" Hello world."), False),
        (quality(" Hello world.", avg_logprob=-0.9), False),
        (quality(" Hello world.", avg_logprob=-1.1), True),
        (quality(" Hello world.", cut_off=True), True),
        (quality(""), True),
        (quality(" ..."), True),
        (quality(" Thank you.", avg_logprob=-1.1, no_speech_prob=0.7), True),
        (quality(" Hello world.", tokens=4, voiced_s=2), False),
        (quality(" Hello world.", tokens=4, voiced_s=4), True),
    ],
)
def test_a_text_is_implausible_by_its_criteria(found: DecodingQuality, implausible: bool) -> None:
    assert found.implausible == implausible


@pytest.mark.parametrize(
    ("found", "in_recordings", "in_sessions"),
    [
        (quality(" Hello world.", avg_logprob=-0.4, seconds=1.5), False, False),
        (quality(" Hello world.", avg_logprob=-0.6, seconds=1.5), True, False),
        (quality(" Hello world.", avg_logprob=-0.9, seconds=1.5), True, True),
        (quality(" Hello world.", avg_logprob=-0.9, seconds=3), False, False),
    ],
)
def test_short_speech_is_unsure_below_a_probability_that_is_lower_in_sessions(
    found: DecodingQuality, in_recordings: bool, in_sessions: bool
) -> None:
    assert found.unsure(thorough=True) == in_recordings
    assert found.unsure(thorough=False) == in_sessions


@pytest.mark.parametrize(
    ("text", "twice"),
    [
        (" 7 7", True),
        (" 7-7", True),
        (" That. That.", True),
        (" 6-3. 6-3.", True),
        (" Hello world. Hello world.", True),
        (" Very very good.", True),
        (" O que você quer? O que você quer?", True),
        ("四、四。", True),
        ("你好你好", True),
        (" 77", True),
        (" Is this his?", False),
        (" No, nothing.", False),
        (" The theatre.", False),
        ("一二三四", False),
        ("いろいろあります", False),
    ],
)
def test_words_said_twice_in_a_row_are_noticed_in_any_script(text: str, twice: bool) -> None:
    assert quality(text).said_twice is twice


@given(st.lists(st.sampled_from(["um", "dois", "very", "Ja", "7", "não"]), min_size=1, max_size=5), st.data())
def test_any_words_that_are_doubled_are_noticed(words: list[str], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(start + 1, len(words)))
    doubled = [*words[:end], *words[start:end], *words[end:]]
    separator = data.draw(st.sampled_from([" ", ", ", ". ", "-"]))
    assert quality(separator.join(doubled)).said_twice


def test_silence_requires_no_speech_and_an_improbable_or_looping_text() -> None:
    assert quality(" Thank you.", avg_logprob=-1.1, no_speech_prob=0.7).silent
    assert not quality(" Thank you.", avg_logprob=-0.5, no_speech_prob=0.7).silent
    assert not quality(" Thank you.", avg_logprob=-1.1, no_speech_prob=0.5).silent
    assert quality("no no no no no no", tokens=30, seconds=1, no_speech_prob=0.7).silent


def test_the_token_limit_depends_on_the_length_of_the_audio() -> None:
    assert token_limit(0.1) < 30
    assert token_limit(3) < 70


def test_confidence_counts_tokens_and_spaces_are_single() -> None:
    heard = join_windows(
        [
            DecodedText(text=" Hello\n there.", tokens=1, avg_logprob=0),
            DecodedText(text="  You. ", tokens=3, avg_logprob=-1),
        ],
        "en",
    )
    assert heard.text == "Hello there. You."
    assert heard.confidence == pytest.approx(2.718281828**-0.75)


def aligned(*texts: str, length_s: float = 0.2) -> list[AlignedText]:
    return [AlignedText(text, i * length_s, (i + 1) * length_s) for i, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("texts", "spaced", "expected"),
    [
        ((" He", "llo", ",", " world", "."), True, ["Hello,", "world."]),
        ((" ¿", "Qué", "?", " \u201c", "No", "\u201d"), True, ["¿Qué?", "“No”"]),
        (("日", "本", "「", "人", "」", "。"), False, ["日", "本", "「人」。"]),
        ((" ", " a"), True, ["a"]),
        ((), True, []),
    ],
)
def test_punctuation_is_part_of_its_word(texts: tuple[str, ...], spaced: bool, expected: list[str]) -> None:
    assert [word.text for word in join_words(aligned(*texts), spaced=spaced)] == expected


def test_a_pause_is_not_part_of_the_words_beside_it() -> None:
    # The mark is heard until the next sentence begins, or that begins while nobody speaks.
    parts = [
        AlignedText(" A", 0, 0.2),
        AlignedText(" b", 0.2, 0.4),
        AlignedText(".", 0.4, 1.4),
        AlignedText(" C", 1.4, 2.4),
    ]
    found = join_words([*parts, AlignedText(" d", 2.4, 2.6)], spaced=True)
    assert [(word.start_s, word.end_s) for word in found] == [
        (0, 0.2),
        (0.2, 0.4),
        (pytest.approx(2.0), 2.4),
        (2.4, 2.6),
    ]


def test_a_window_has_the_shortest_length_that_leaves_the_margin() -> None:
    assert window_length_s(0.1) == WINDOW_LENGTHS_S[0]
    for shorter, longer in pairwise(WINDOW_LENGTHS_S):
        assert window_length_s(shorter - LEAD_S - MARGIN_S - 0.01) == shorter
        assert window_length_s(shorter - LEAD_S - MARGIN_S + 0.01) == longer
    assert window_length_s(29.7) == 30


def test_audio_too_long_for_a_window_is_cut_where_it_is_quietest() -> None:
    rate = RECOGNISER_RATE
    loud = np.random.default_rng(0).normal(0, 0.1, 70 * rate).astype(np.float32)
    loud[25 * rate : 26 * rate] = 0
    found = list(split_audio(loud))
    assert 25 <= found[1].start_s <= 26
    assert all(each.seconds <= 30 - LEAD_S for each in found)
    assert np.array_equal(np.concatenate([each.samples for each in found]), loud)
    assert [each.start_s for each in found] == pytest.approx(
        np.cumsum([0, *(each.seconds for each in found[:-1])])
    )
    assert len(list(split_audio(loud[: 29 * rate]))) == 1
