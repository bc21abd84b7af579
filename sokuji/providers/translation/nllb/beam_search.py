"""Beam search over any decoder, in NumPy; step for step the algorithm of CTranslate2 (``src/decoding.cc``).

Each step keeps the most probable continuations of the beams of a sentence. A continuation that ends is
recorded and replaced by the next best. The search of a sentence is over when as many continuations have ended
as there are beams, or, without a length penalty, when the best beam has ended. With one beam this is greedy
decoding.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sokuji.providers.translation.nllb.runtime import BeamSearchOptions, Hypothesis
from sokuji.providers.translation.nllb.tokenizer import EOS

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

_EXCLUDED = np.float32(-1e10)


class BatchDecoder(Protocol):
    """A model's decoder, for one batch; each beam of each sentence is a row."""

    def first_logits(self) -> Floats:
        """Logits of the first token, shape (sentences, vocabulary): one row for each sentence."""

    def next_logits(self, rows: Integers, last: Integers) -> Floats:
        """Logits of the next token, shape (rows, vocabulary).

        Args:
            rows: row ``i`` continues row ``rows[i]`` of the step before.
            last: the token that each row has been continued with.
        """


@dataclass(slots=True)
class _SentenceSearch:
    """The search for the translation of one sentence."""

    options: BeamSearchOptions
    scores: Floats
    """Log probability of each beam."""
    beams: list[tuple[int, ...]] = field(default_factory=lambda: [()])
    ended: list[Hypothesis] = field(default_factory=list)
    is_over: bool = False

    def advance(self, logits: Floats) -> list[int]:
        """Choose the next tokens.

        Args:
            logits: shape (beams, vocabulary).

        Returns:
            For each new beam, the index of the beam that it continues.
        """
        count = self.options.beams
        totals = (_log_softmax(logits) + self.scores[:, None]).ravel()
        best = _top(totals, 2 * count)
        origins, tokens, scores = best // logits.shape[1], best % logits.shape[1], totals[best]
        if not self.beams[0]:
            # In the first step, an end that is not the best candidate would win over all longer hypotheses.
            excluded = (tokens == EOS) & (np.arange(len(best)) > 0)
            tokens, scores = np.where(excluded, 0, tokens), np.where(excluded, _EXCLUDED, scores)
        kept = self._record_ends(origins, tokens, scores)
        self.beams = [(*self.beams[origins[index]], int(tokens[index])) for index in kept]
        self.scores = scores[kept]
        return [int(origins[index]) for index in kept]

    def _record_ends(self, origins: Integers, tokens: Integers, scores: Floats) -> list[int]:
        """Record the candidates that end; return the indices of those that are continued instead."""
        at_limit = len(self.beams[0]) == self.options.max_length
        kept, next_spare, best_ended = list(range(self.options.beams)), self.options.beams, False
        for index in range(self.options.beams):
            is_complete = tokens[index] == EOS
            if not (is_complete or at_limit):
                continue
            ids = self.beams[origins[index]]
            if not is_complete:
                ids = (*ids, int(tokens[index]))
            self.ended.append(Hypothesis(ids, float(scores[index]), bool(is_complete)))
            best_ended |= index == 0
            spare = next((other for other in range(next_spare, len(tokens)) if tokens[other] != EOS), None)
            if spare is not None:
                kept[index], next_spare = spare, spare + 1
        enough = best_ended if self.options.length_penalty == 0 else len(self.ended) >= self.options.beams
        self.is_over = at_limit or enough
        return kept

    def best(self) -> Hypothesis:
        """The hypothesis with the best score: log probability / length ** length penalty."""

        def score(hypothesis: Hypothesis) -> float:
            # CTranslate2 counts the language token and the end token.
            length = len(hypothesis.ids) + 1 + hypothesis.is_complete
            return hypothesis.log_probability / float(length**self.options.length_penalty)

        return max(self.ended, key=score)


def beam_search(decoder: BatchDecoder, sentences: int, options: BeamSearchOptions) -> list[Hypothesis]:
    """The best translation of each sentence of a batch."""
    searches = [_SentenceSearch(options, np.zeros(1, np.float32)) for _ in range(sentences)]
    active = list(range(sentences))
    logits = decoder.first_logits()
    row_of = {sentence: row for row, sentence in enumerate(active)}
    while active:
        rows: list[int] = []
        last: list[int] = []
        for sentence in active:
            search, first_row = searches[sentence], row_of[sentence]
            origins = search.advance(logits[first_row : first_row + len(search.beams)])
            if not search.is_over:
                row_of[sentence] = len(rows)
                rows += [first_row + origin for origin in origins]
                last += [beam[-1] for beam in search.beams]
        active = [sentence for sentence in active if not searches[sentence].is_over]
        if active:
            logits = decoder.next_logits(np.array(rows), np.array(last))
    return [search.best() for search in searches]


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    result: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def _top(values: Floats, count: int) -> Integers:
    """Indices of the highest values, in descending order."""
    count = min(count, len(values))
    highest: Any = np.argpartition(values, -count)[-count:]
    indices: Integers = highest[np.argsort(-values[highest], kind="stable")]
    return indices
