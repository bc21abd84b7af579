"""One segment of a session while it is said and recognised: its words and what has become of them.

A segment is an utterance as the client sees it. The recogniser's stage (``recognition``) holds one that is
open and passes it on when it is complete.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from sokuji.audio.endpointing import Utterance
from sokuji.config import Commit
from sokuji.contract import Transcript, Word
from sokuji.session.clause import Clause, SpeculativeOutput
from sokuji.session.conversation import ConversationSettings
from sokuji.text import clause_boundaries
from sokuji.text.stable_text import StableText

SPLIT_MS = 8_000
"""A segment longer than this is split behind its last stable sentence; one half longer, behind a clause."""


@dataclass(frozen=True, slots=True)
class Split:
    """A wish to end the open segment: behind ``chars`` of its text, near ``at_ms`` of the session."""

    at_ms: int
    chars: int


@dataclass(slots=True)
class Speculation:
    """What was begun at a pause, in case that the speech is over."""

    utterance: Utterance
    transcript: asyncio.Task[Transcript | None]
    """None: it failed."""
    clause: Clause | None = None
    prepared: dict[str, SpeculativeOutput] = field(default_factory=dict)
    dropped: bool = False

    def foresaw(self, utterance: Utterance) -> bool:
        """Whether the utterance is as it was at the pause, whatever has ended it."""
        foreseen = self.utterance.start_ms, self.utterance.end_ms
        return not self.dropped and foreseen == (utterance.start_ms, utterance.end_ms)

    async def drop(self) -> None:
        """Stop what follows the recognition."""
        self.dropped = True
        for prepared in self.prepared.values():
            await prepared.drop()
        self.prepared = {}


@dataclass(slots=True)
class Segment:
    """An utterance that is being said, or was said and waits for its turn."""

    segment_id: int
    conversation: ConversationSettings
    commit: Commit
    words: StableText = field(default_factory=StableText)
    committed: int = 0
    """Characters of the stable words that the branches have."""
    told: int = 0
    """Characters of the stable words that the client was told are stable."""
    clause_count: int = 0
    """Clauses that the branches have."""
    language: str | None = None
    """Canonical code, once words are stable."""
    heard: Transcript | None = None
    """The last hypothesis."""
    hypothesis: asyncio.Task[None] | None = None
    speculation: Speculation | None = None
    asked_at: float = field(default_factory=time.monotonic)
    """When its last recognition began (monotonic seconds)."""
    closed: bool = False
    """Whether all of it has been said: hypotheses come too late."""

    @property
    def spoken(self) -> str | None:
        """The language spoken: as the client says, or as it has been detected; None: not known yet."""
        return self.conversation.source_language or self.language

    @property
    def streams(self) -> bool:
        """Whether anything is said of it before it is complete."""
        return self.conversation.partials or self.commit == "clause"

    def where_to_split(self, words: Sequence[Word], utterance: Utterance) -> Split | None:
        """Where it should end, now that it has become long: not before what the client was told of.

        Args:
            words: of its text, with times relative to the beginning of ``utterance``.
            utterance: its audio so far.
        """
        stable, length_ms = self.words.stable, utterance.end_ms - utterance.start_ms
        chars = clause_boundaries.last_sentence_end(stable)
        if length_ms > 1.5 * SPLIT_MS:
            chars = max([chars, *clause_boundaries.clause_ends(stable, language=self.language or "")[-1:]])
        if length_ms <= SPLIT_MS or not max(self.committed, self.told, 1) <= chars < len(stable):
            return None
        gap_ms = _gap_ms(words, stable[:chars])
        return None if gap_ms is None else Split(utterance.start_ms + gap_ms, chars)


def _gap_ms(words: Sequence[Word], said: str) -> int | None:
    """The middle between the last word of ``said``, with which ``words`` begin, and the next one."""
    wanted, seen = len("".join(said.split())), 0
    for word, following in pairwise(words):
        seen += len("".join(word.text.split()))
        if seen == wanted:
            return (word.end_ms + following.start_ms) // 2
    return None
