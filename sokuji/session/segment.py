"""One segment while it is spoken and recognised: its words and what has become of them.

A segment is an utterance as the client sees it.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from sokuji.audio.segment_events import Utterance
from sokuji.config import Commit
from sokuji.contract import Transcript, Word
from sokuji.session.conversation import ConversationSettings
from sokuji.session.speculation import Speculation
from sokuji.text import clause_boundaries
from sokuji.text.stable_text import StableText

SPLIT_MS = 8_000
"""A segment longer than this is split behind its last stable sentence; one half longer, behind a clause."""
FIRST_HYPOTHESIS_MS = 1_000
"""Where nothing else asks for hypotheses, the first begins so much speech before clauses are committed."""


@dataclass(frozen=True, slots=True)
class Split:
    """Where a segment should end: behind ``chars`` of its text, near ``at_ms`` of the session."""

    at_ms: int
    chars: int


@dataclass(frozen=True, slots=True)
class CommitPolicy:
    """When the words of a segment are committed."""

    commit: Commit
    run_on_ms: int
    """With ``auto``: the speaker runs on after so much speech."""
    partial_translations: bool = False
    """Whether hypotheses are translated for clients that want interim results."""


@dataclass(slots=True)
class Segment:
    """An utterance that is being spoken, or is complete and waits for its final recognition."""

    segment_id: int
    conversation: ConversationSettings
    policy: CommitPolicy
    words: StableText = field(default_factory=StableText)
    committed_chars: int = 0
    """Characters of the stable words that have been committed."""
    captioned_chars: int = 0
    """Characters that a caption has told the client are stable."""
    targets: tuple[str, ...] = ()
    """The languages of the clauses that have been committed."""
    clause_count: int = 0
    """Clauses that have been committed."""
    language: str | None = None
    """Canonical code, once words are stable."""
    last_transcript: Transcript | None = None
    """Of the last hypothesis."""
    hypothesis: asyncio.Task[None] | None = None
    """The recognition of unfinished speech that is running, or ran last."""
    hypothesis_began: float = field(default_factory=time.monotonic)
    """When it began (monotonic seconds)."""
    speculation: Speculation | None = None
    split: Split | None = None
    """Where it should be split, once it is long."""
    runs_on: bool = False
    """Whether its speaker has spoken for so long that ``auto`` commits clauses. What is split off from such a
    segment runs on from its beginning; after a pause the next one may be short, and begins anew."""
    closed: bool = False
    """Whether all of it has been spoken: hypotheses come too late."""

    @property
    def spoken_language(self) -> str | None:
        """As the client says, or as it has been detected; None: not known yet."""
        candidates = self.conversation.source_languages
        only = candidates[0] if len(candidates) == 1 else None
        return self.conversation.source_language or self.language or only

    @property
    def by_clause(self) -> bool:
        """Whether its clauses are committed before it is complete."""
        return self.policy.commit == "clause" or self.runs_on

    def streams(self, spoken_ms: int) -> bool:
        """Whether the client gets anything of it before it is complete, with ``spoken_ms`` of it spoken.

        Words are stable when two hypotheses agree, so the first comes before the speaker runs on.
        """
        soon_runs_on = (
            self.policy.commit == "auto" and spoken_ms >= self.policy.run_on_ms - FIRST_HYPOTHESIS_MS
        )
        return self.conversation.partials or self.is_previewed or self.by_clause or soon_runs_on

    @property
    def is_previewed(self) -> bool:
        """Whether the client gets translations of hypotheses; with ``utterance`` it waits for the whole."""
        # With speakers, whose words they are is known at the end of the segment.
        policy = self.policy
        wanted = self.conversation.partial_translations and not self.conversation.diarize
        return wanted and policy.partial_translations and policy.commit != "utterance"

    def note_spoken(self, spoken_ms: int) -> None:
        """Note how much of it has been spoken."""
        self.runs_on = self.runs_on or (self.policy.commit == "auto" and spoken_ms >= self.policy.run_on_ms)

    def find_split(self, words: Sequence[Word], utterance: Utterance) -> Split | None:
        """Where a long segment should end: not before what is committed or captioned as stable.

        Args:
            words: of its text, with times relative to the beginning of ``utterance``.
            utterance: its audio so far.
        """
        stable, length_ms = self.words.stable, utterance.end_ms - utterance.start_ms
        chars = clause_boundaries.last_sentence_end(stable)
        if length_ms > 1.5 * SPLIT_MS:
            chars = max([chars, *clause_boundaries.clause_ends(stable, language=self.language or "")[-1:]])
        least_chars = max(self.committed_chars, self.captioned_chars, 1)
        if length_ms <= SPLIT_MS or not least_chars <= chars < len(stable):
            return None
        gap_ms = _gap_ms(words, stable[:chars])
        return None if gap_ms is None else Split(utterance.start_ms + gap_ms, chars)


def _gap_ms(words: Sequence[Word], text: str) -> int | None:
    """The middle between the last word of ``text``, with a version of which ``words`` begin, and the next."""
    rest, _ = StableText(text).rest_of(" ".join(word.text for word in words))
    wanted, seen = _letters(rest), 0
    for word, following in reversed(list(pairwise(words))):
        seen += _letters(following.text)
        if seen == wanted:
            return (word.end_ms + following.start_ms) // 2
    return None


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))
