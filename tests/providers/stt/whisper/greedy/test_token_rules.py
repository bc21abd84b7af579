"""The tokens that may follow a text: what is chosen is allowed, and as probable as it says."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from sokuji.providers.stt.whisper.greedy.token_rules import TokenRules

TEXT, END, NO_SPEECH, NO_TIMES, FIRST_TIME, SIZE = 8, 8, 9, 10, 11, 80
"""Eight text tokens, the end, two control tokens, then time stamps."""
RULES = TokenRules(end=END, no_speech=NO_SPEECH, no_timestamps=NO_TIMES, not_first=(0, END))
SUPPRESSED = (3, NO_SPEECH)
LOGITS = arrays.arrays(np.float32, SIZE, elements=st.floats(-20, 20, width=32))


def log_softmax(logits: NDArray[np.float32], allowed: NDArray[np.bool_]) -> NDArray[np.float64]:
    kept = np.where(allowed, logits.astype(np.float64), -np.inf)
    result: NDArray[np.float64] = kept - np.log(np.exp(kept - kept.max()).sum()) - kept.max()
    return result


@given(LOGITS, st.lists(st.integers(0, TEXT - 1), max_size=4))
def test_without_times_the_most_probable_token_that_is_not_suppressed_is_chosen(
    logits: NDArray[np.float32], text: list[int]
) -> None:
    allowed = np.ones(SIZE, np.bool_)
    allowed[list(SUPPRESSED)] = False
    if not text:
        allowed[[0, END]] = False
    token, logprob = RULES.choose(logits.copy(), text, SUPPRESSED, timed=False)
    expected = log_softmax(logits, allowed)
    assert allowed[token]
    assert expected[token] == expected.max()
    np.testing.assert_allclose(logprob, expected[token], atol=1e-4)


@given(st.lists(LOGITS, min_size=1, max_size=12))
def test_time_stamps_come_in_pairs_and_never_go_back(steps: list[NDArray[np.float32]]) -> None:
    text: list[int] = []
    for logits in steps:
        token, logprob = RULES.choose(logits.copy(), text, SUPPRESSED, timed=True)
        assert logprob <= 1e-4
        if token == END:
            break
        text.append(token)
    assert FIRST_TIME <= text[0] <= FIRST_TIME + 50
    assert not {NO_TIMES, *SUPPRESSED} & set(text)
    times = [token for token in text if token >= FIRST_TIME]
    assert times == sorted(times)
    # Behind the first one: text, then the end of that part and the begin of the next, and so on.
    runs = "".join("t" if token >= FIRST_TIME else "w" for token in text[1:])
    assert "ttt" not in runs
    assert "wtw" not in runs
    assert not runs.startswith("t")


@given(LOGITS)
def test_a_time_is_due_where_all_times_together_are_more_probable_than_any_text(
    logits: NDArray[np.float32],
) -> None:
    text = [FIRST_TIME, 1]
    allowed = np.ones(SIZE, np.bool_)
    allowed[[*SUPPRESSED, NO_TIMES, FIRST_TIME]] = False
    logprobs = log_softmax(logits, allowed)
    times = np.exp(logprobs[FIRST_TIME + 1 :]).sum()
    most = np.exp(logprobs[:FIRST_TIME]).max()
    token, _ = RULES.choose(logits.copy(), text, SUPPRESSED, timed=True)
    if abs(times - most) > 1e-3 * most:
        assert (token >= FIRST_TIME) == (times > most)


@given(LOGITS)
def test_the_probability_of_no_speech_is_that_of_its_token(logits: NDArray[np.float32]) -> None:
    expected = np.exp(log_softmax(logits, np.ones(SIZE, np.bool_)))[NO_SPEECH]
    np.testing.assert_allclose(RULES.no_speech_probability(logits), expected, atol=1e-5)
