"""A clause: what is translated and spoken in one piece."""

import time
from dataclasses import dataclass, field

from sokuji.audio.segment_events import Utterance
from sokuji.contract import Transcript
from sokuji.session.conversation import ConversationSettings
from sokuji.text.sentence_case import ends_sentence

ClausePosition = tuple[int, int]
"""A clause's segment id and its number within the segment; positions sort in the order of speech."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalRecognition:
    """A complete utterance and its final transcript."""

    utterance: Utterance
    transcript: Transcript


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A clause of a segment, or all of a segment that has not been committed before it ended."""

    segment_id: int
    number: int
    """Counts the clauses of the segment, from 0."""
    text: str
    """Words in the language spoken; empty where nothing was left when the segment ended."""
    language: str
    conversation: ConversationSettings
    context: tuple[str, ...] = ()
    """Clauses before it, oldest first."""
    speaker: str | None = None
    """Label of who says it; None: not asked for, or not known."""
    final: FinalRecognition | None = None
    """Of the segment; only the last clause has it."""
    began: float = field(default_factory=time.monotonic, compare=False)

    @property
    def continues_sentence(self) -> bool:
        """Whether the clause before it in the segment is a part of the same sentence."""
        return self.number > 0 and bool(self.context) and not ends_sentence(self.context[-1])

    def is_left_out(self, target: str) -> bool:
        """Whether it is in the language ``target`` already, and its client does not want to get it back."""
        return self.conversation.is_left_out(self.language, target)

    def is_for_client(self, target: str) -> bool:
        """Whether the client of the session has asked for a language, and not its audience alone."""
        return target in self.conversation.target_languages

    @property
    def position(self) -> ClausePosition:
        """Its position in the session."""
        return self.segment_id, self.number
