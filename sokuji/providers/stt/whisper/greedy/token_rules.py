"""Which token may follow a text, and which of those is the most probable one.

The rules are those of openai/whisper (``decoding.py``: ``SuppressTokens``, ``SuppressBlank`` and
``ApplyTimestampRules``), as CTranslate2 applies them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]
"""Of one position, for each token of the vocabulary."""
_LATEST_BEGIN = 50
"""The text begins within the first second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """The rules of one model."""

    end: int
    """The token that ends a text. Those before it are text."""
    no_speech: int
    no_timestamps: int
    """The one before the first time stamp."""
    not_first: Sequence[int]
    """Tokens with which no text begins."""

    def no_speech_probability(self, logits: Logits) -> float:
        """The probability that there is no speech, from what may follow the start of the transcript."""
        return float(np.exp(logits[self.no_speech] - _log_sum(logits)))

    def choose(
        self, logits: Logits, text: Sequence[int], suppressed: Sequence[int], *, timed: bool
    ) -> tuple[int, float]:
        """The most probable token behind ``text`` and its log probability.

        Args:
            logits: are changed.
            suppressed: tokens that occur nowhere.
            timed: whether the text has time stamps.
        """
        logits[list(suppressed)] = -np.inf
        if not text:
            logits[list(self.not_first)] = -np.inf
        if timed:
            self._rule_times(logits, text)
        token = int(logits.argmax())
        return token, float(logits[token] - _log_sum(logits))

    def _rule_times(self, logits: Logits, text: Sequence[int]) -> None:
        first = self.no_timestamps + 1
        logits[self.no_timestamps] = -np.inf
        if not text:
            logits[:first] = -np.inf
            logits[first + _LATEST_BEGIN + 1 :] = -np.inf
            return
        if text[-1] >= first:
            if len(text) == 1 or text[-2] >= first:
                logits[first:] = -np.inf
                return
            # Time stamps come in pairs, except before the end.
            logits[: self.end] = -np.inf
            logits[first : text[-1]] = -np.inf
        else:
            latest = next((token for token in reversed(text) if token >= first), first - 1)
            logits[first : latest + 1] = -np.inf
        # A time is due if all times together are more probable than any text.
        if _log_sum(logits[first:]) > logits[:first].max():
            logits[:first] = -np.inf


def _log_sum(logits: Logits) -> float:
    """Logarithm of the sum of the exponentials; -inf if there are none."""
    highest = logits.max()
    if highest == -np.inf:
        return float(highest)
    return float(highest + np.log(np.exp(logits - highest).sum()))
