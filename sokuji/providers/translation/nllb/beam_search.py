"""Beam search over any decoder, in NumPy: the same search, step by step, as CTranslate2's
(``src/decoding.cc``).

Each step keeps the most probable continuations of the beams of a sentence. One that has come to its end
leaves its place to the next best; the search is over as soon as there are as many ends as beams, or, where
length is not rewarded, when the best beam has ended. With one beam this is greedy decoding.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sokuji.providers.translation.nllb.tokens import EOS, BeamSearchOptions, Hypothesis

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

_NEVER = np.float32(-1e10)


class StepDecoder(Protocol):
    """The decoder's part of a model, at work on one batch; a row for each beam of each sentence."""

    def begin(self) -> Floats:
        """Logits of the first token, [sentences, vocabulary]; a row a sentence."""

    def go_on(self, rows: Integers, last: Integers) -> Floats:
        """Logits behind the tokens ``last``; row ``i`` continues what was row ``rows[i]`` in the step
        before."""


@dataclass(slots=True)
class _Sentence:
    """The search for one translation."""

    search: BeamSearchOptions
    scores: Floats
    """Of each beam: the logarithm of its probability."""
    beams: list[tuple[int, ...]] = field(default_factory=lambda: [()])
    ended: list[Hypothesis] = field(default_factory=list)
    is_over: bool = False

    def advance(self, logits: Floats) -> list[int]:
        """Take the next tokens, given a row of logits for each beam; says which beam each new one
        continues."""
        count = self.search.beams
        totals = (_log_softmax(logits) + self.scores[:, None]).ravel()
        best = _top(totals, 2 * count)
        origins, tokens, scores = best // logits.shape[1], best % logits.shape[1], totals[best]
        if not self.beams[0]:
            # In the first step an early end in a place behind the first would win over all that is longer.
            unlikely = (tokens == EOS) & (np.arange(len(best)) > 0)
            tokens, scores = np.where(unlikely, 0, tokens), np.where(unlikely, _NEVER, scores)
        kept = self._kept(origins, tokens, scores)
        self.beams = [(*self.beams[origins[at]], int(tokens[at])) for at in kept]
        self.scores = scores[kept]
        return [int(origins[at]) for at in kept]

    def _kept(self, origins: Integers, tokens: Integers, scores: Floats) -> list[int]:
        """The candidates that go on; those that end are noted."""
        is_last = len(self.beams[0]) == self.search.max_length
        kept, spare, top_has_ended = list(range(self.search.beams)), self.search.beams, False
        for place in range(self.search.beams):
            is_whole = tokens[place] == EOS
            if not (is_whole or is_last):
                continue
            ids = (
                self.beams[origins[place]] if is_whole else (*self.beams[origins[place]], int(tokens[place]))
            )
            self.ended.append(Hypothesis(ids, float(scores[place]), bool(is_whole)))
            top_has_ended |= place == 0
            instead = next((at for at in range(spare, len(tokens)) if tokens[at] != EOS), None)
            if instead is not None:
                kept[place], spare = instead, instead + 1
        enough = top_has_ended if self.search.length_penalty == 0 else len(self.ended) >= self.search.beams
        self.is_over = is_last or enough
        return kept

    def best(self) -> Hypothesis:
        """What was found; longer ones gain by the length penalty, which divides by a power of the length."""

        def score(found: Hypothesis) -> float:
            length = len(found.ids) + 1 + found.is_whole  # CTranslate2 counts language and end.
            return found.log_probability / float(length**self.search.length_penalty)

        return max(self.ended, key=score)


def seek(decoder: StepDecoder, sentences: int, search: BeamSearchOptions) -> list[Hypothesis]:
    """The best translation of each sentence of a batch."""
    states = [_Sentence(search, np.zeros(1, np.float32)) for _ in range(sentences)]
    active = list(range(sentences))
    logits = decoder.begin()
    row_of = {sentence: row for row, sentence in enumerate(active)}
    while active:
        rows: list[int] = []
        last: list[int] = []
        for sentence in active:
            state, first = states[sentence], row_of[sentence]
            origins = state.advance(logits[first : first + len(state.beams)])
            if not state.is_over:
                row_of[sentence] = len(rows)
                rows += [first + origin for origin in origins]
                last += [beam[-1] for beam in state.beams]
        active = [sentence for sentence in active if not states[sentence].is_over]
        if active:
            logits = decoder.go_on(np.array(rows), np.array(last))
    return [state.best() for state in states]


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    result: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def _top(values: Floats, count: int) -> Integers:
    """Where the highest values are, the highest first."""
    count = min(count, len(values))
    highest: Any = np.argpartition(values, -count)[-count:]
    order: Integers = highest[np.argsort(-values[highest], kind="stable")]
    return order
