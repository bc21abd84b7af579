"""Greedy search with a scripted decoder: a draft changes the passes that it takes, and never the text."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sokuji.providers.stt.whisper.greedy.decoder import State
from sokuji.providers.stt.whisper.greedy.search import Found, GreedySearch, Start
from sokuji.providers.stt.whisper.greedy.token_rules import TokenRules

END, NO_SPEECH, NO_TIMES, VOCABULARY = 50, 51, 52, 120
RULES = TokenRules(end=END, no_speech=NO_SPEECH, no_timestamps=NO_TIMES, not_first=())
TEXTS = st.lists(st.integers(0, END - 1), max_size=30)


class ScriptedState(State):
    """Knows which tokens have been read of which text."""

    def __init__(self, texts: Sequence[int]) -> None:
        super().__init__({}, {}, len(texts))
        self.texts = list(texts)
        self.read = np.zeros((len(texts), 0), np.int64)

    def keep(self, rows: Sequence[int]) -> None:
        super().keep(rows)
        self.texts = [self.texts[row] for row in rows]
        self.read = self.read[list(rows)]


class ScriptedDecoder:
    """Says one text for each window; what it has read decides which token is next.

    Behind tokens with which its text does not begin it says nonsense, as a network would.
    """

    def __init__(self, texts: Sequence[Sequence[int]], prompt: Sequence[int]) -> None:
        self._texts = [[*prompt, *text, END] for text in texts]
        self.passes: list[int] = []

    def begin(self, encoded: NDArray[np.float32]) -> State:
        return ScriptedState(range(len(encoded)))

    def read(
        self, state: State, tokens: Sequence[Sequence[int]], wanted: Sequence[tuple[int, int]]
    ) -> NDArray[np.float32]:
        assert isinstance(state, ScriptedState)
        self.passes.append(len(tokens))
        longest = max(map(len, tokens))
        padded = np.array([[*each, *[0] * (longest - len(each))] for each in tokens])
        logits = np.full((len(wanted), VOCABULARY), -9, np.float32)
        for number, (row, at) in enumerate(wanted):
            assert at < len(tokens[row])
            before = [*state.read[row][state.counts[row]], *padded[row][: at + 1]]
            text = self._texts[state.texts[row]]
            follows = text[len(before)] if text[: len(before)] == before else sum(before) % END
            logits[number, follows] = 9
        new = np.arange(longest) < np.array([[len(each)] for each in tokens])
        state.read = np.concatenate([state.read, padded], axis=1)
        state.counts = np.concatenate([state.counts, new], axis=1)
        return logits


def searched(
    texts: Sequence[Sequence[int]],
    drafts: Sequence[Sequence[int]],
    *,
    limit: int = 100,
) -> tuple[list[Found], ScriptedDecoder]:
    prompt = [55, NO_TIMES]
    decoder = ScriptedDecoder(texts, prompt)
    search = GreedySearch(decoder, RULES, (), limit, timed=False)
    starts = [Start(prompt=prompt, draft=draft, transcript_at=0) for draft in drafts]
    return search.run(np.zeros((len(texts), 1, 1), np.float32), starts), decoder


@given(
    st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5), st.lists(st.integers(0, END - 1), max_size=3)
)
def test_no_draft_changes_a_text(both: list[tuple[list[int], list[int]]], prefix: list[int]) -> None:
    texts, drafts = zip(*both, strict=True)
    found, _ = searched(texts, drafts)
    assert [each.tokens for each in found] == [list(text) for text in texts]
    assert all(each.over for each in found)


@given(st.lists(st.tuples(TEXTS, st.integers(0, 30), st.integers(0, END - 1)), min_size=1, max_size=4))
def test_a_draft_with_another_word_or_without_its_end_changes_no_text(
    changes: list[tuple[list[int], int, int]],
) -> None:
    texts = [text for text, _, _ in changes]
    drafts = [[*text[:at], other, *text[at + 1 :]] for text, at, other in changes]
    found, _ = searched(texts, drafts)
    assert [each.tokens for each in found] == texts


def test_a_draft_saves_passes() -> None:
    text = list(range(20))
    for draft, passes in ((), 21), (text, 3), (text[:10], 12), ([*text[:5], 33, *text[6:]], 4):
        _, decoder = searched([text], [draft])
        assert len(decoder.passes) == passes


@given(st.lists(TEXTS, min_size=1, max_size=4), st.integers(1, 12), st.booleans())
def test_no_text_is_longer_than_the_limit(texts: list[list[int]], limit: int, drafted: bool) -> None:
    found, _ = searched(texts, texts if drafted else [[]] * len(texts), limit=limit)
    assert [each.tokens for each in found] == [text[:limit] for text in texts]


def test_what_is_over_no_longer_costs_much() -> None:
    texts = [[1], [2], [3], list(range(1, 30))]
    found, decoder = searched(texts, [[]] * 4)
    assert [each.tokens for each in found] == texts
    assert decoder.passes == [4, 4, *[1] * 28]
