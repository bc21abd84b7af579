"""Greedy search: the most probable token at each step, with drafts that are confirmed in one pass.

A draft is a text that is likely, such as that of the same speech half a second before. Its tokens are read
together; those that the search would have chosen are its own, and behind the first that it would not it goes
on by itself. So a draft changes the time and not the text (speculative decoding with a draft that costs
nothing; Leviathan et al. 2023, Saxena's prompt lookup), but for rounding: where two tokens are about equally
probable, 8 bits decide, and they round differently for one row than for several.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sokuji.providers.stt.whisper.greedy.decoder import State
from sokuji.providers.stt.whisper.greedy.token_rules import TokenRules

_DRAFTED = 8
"""Tokens of a draft that are read in one pass: each adds a fifth of the time of a single one, whether it is
confirmed or not."""
_DOUBTFUL = 2
"""So many are read behind one that was not confirmed."""


class Decoder(Protocol):
    """See ``OnnxDecoder``."""

    def begin(self, encoded: NDArray[np.float32]) -> State:
        """Nothing read yet of windows."""

    def read(
        self, state: State, tokens: Sequence[Sequence[int]], wanted: Sequence[tuple[int, int]]
    ) -> NDArray[np.float32]:
        """Read more tokens of each window, and rate what may follow some of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What precedes the text of a window, and what it may be."""

    prompt: Sequence[int]
    draft: Sequence[int]
    """Without time stamps."""
    transcript_at: int
    """Index in the prompt of the token that starts the transcript."""


@dataclass(slots=True)
class Found:
    """The text of a window as far as it has been searched."""

    start: Start
    tokens: list[int] = field(default_factory=list)
    """Time stamps included, the end token not."""
    logprob: float = 0.0
    """Sum over the tokens and the end token."""
    no_speech_prob: float = 0.0
    over: bool = False
    unread: Sequence[int] = ()
    """The tokens that the decoder has not read yet."""
    trusted: int = _DRAFTED
    """How many tokens of the draft are read next."""

    def drafted(self, text_end: int) -> Sequence[int]:
        """What follows the last token of the text in the draft; empty if it is not there.

        Args:
            text_end: text tokens are below.
        """
        written = [token for token in self.tokens if token < text_end]
        if not written:
            return self.start.draft[: self.trusted]
        # The draft is searched near the same place, where a word more or less makes no difference.
        for offset in (0, 1, -1, 2, -2):
            at = len(written) + offset
            if 0 < at <= len(self.start.draft) and self.start.draft[at - 1] == written[-1]:
                return self.start.draft[at : at + self.trusted]
        return ()


@dataclass(frozen=True, slots=True)
class GreedySearch:
    """Searches the texts of windows that are decoded together."""

    decoder: Decoder
    rules: TokenRules
    suppressed: Sequence[int]
    """Tokens that occur in no text."""
    limit: int
    """Tokens of a text."""
    timed: bool
    """Whether the texts have time stamps."""

    def run(self, encoded: NDArray[np.float32], starts: Sequence[Start]) -> list[Found]:
        """The texts.

        Args:
            encoded: the encoder's output, (windows, positions, width).
            starts: of the windows; their prompts have one shape.
        """
        found = searched = [Found(start, unread=start.prompt) for start in starts]
        state = self.decoder.begin(encoded)
        while going_on := [row for row, each in enumerate(searched) if not each.over]:
            if len(going_on) <= len(searched) // 2:
                # Copying what the decoder remembers takes as long as some steps.
                state.keep(going_on)
                searched = [searched[row] for row in going_on]
            self._advance(state, searched)
        return found

    def _advance(self, state: State, searched: Sequence[Found]) -> None:
        """One pass: each text that is not over becomes longer by at least one token."""
        first = not state.counts.shape[1]
        # What is over is read on with the others, and ignored.
        drafts = [() if each.over else self._draft(each, first=first) for each in searched]
        tokens = [[*each.unread, *draft] for each, draft in zip(searched, drafts, strict=True)]
        wanted = [
            (row, len(each.unread) - 1 + number)
            for row, (each, draft) in enumerate(zip(searched, drafts, strict=True))
            if not each.over
            for number in range(len(draft) + 1)
        ]
        heard = [(row, each.start.transcript_at) for row, each in enumerate(searched)] if first else []
        before = state.counts.shape[1]
        logits = iter(self.decoder.read(state, tokens, [*heard, *wanted]))
        if first:
            for each in searched:
                each.no_speech_prob = self.rules.no_speech_probability(next(logits))
        for row, (each, draft) in enumerate(zip(searched, drafts, strict=True)):
            if each.over:
                continue
            rated = [next(logits) for _ in range(len(draft) + 1)]
            confirmed = self._confirm(each, draft, rated)
            # What was read and not confirmed does not count.
            state.counts[row, before + len(each.unread) + confirmed :] = False
            each.unread = each.tokens[-1:]
            each.trusted = _DRAFTED if confirmed == len(draft) else _DOUBTFUL

    def _draft(self, each: Found, *, first: bool) -> Sequence[int]:
        if first and self.timed:
            return ()  # A time stamp comes before the text.
        room = self.limit - len(each.tokens) - 1
        return each.drafted(self.rules.end)[: max(0, room)]

    def _confirm(self, each: Found, draft: Sequence[int], rated: Sequence[NDArray[np.float32]]) -> int:
        """Add tokens to a text; returns how many of them were drafted."""
        confirmed = 0
        for logits, drafted in zip_longest(rated, draft):
            token, logprob = self.rules.choose(logits, each.tokens, self.suppressed, timed=self.timed)
            each.logprob += logprob
            if token != self.rules.end:
                each.tokens.append(token)
            each.over = token == self.rules.end or len(each.tokens) >= self.limit
            if each.over or token != drafted:
                break
            confirmed += 1
        return confirmed
