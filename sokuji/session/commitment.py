"""What has been recognised leaves here: captions to the client, clauses to the branches, both to the ledger.

What has passed this room is never taken back.
"""

import time
from collections import deque
from collections.abc import Mapping
from types import MappingProxyType

from sokuji import events
from sokuji.audio.endpointing import Utterance
from sokuji.contract import Transcript
from sokuji.session.branch import Branch
from sokuji.session.clause import Clause, Ending, SpeculativeOutput
from sokuji.session.output import SessionOutput
from sokuji.session.segment import Segment
from sokuji.text import clause_boundaries

REMEMBERED = 3
"""Clauses that go along with the next one as its context."""
NOTHING: Mapping[str, SpeculativeOutput] = MappingProxyType({})


class Commitment:
    """Commits the words of one session, in order."""

    def __init__(self, outlet: SessionOutput, branches: Mapping[str, Branch]) -> None:
        self._outlet = outlet
        self._branches = branches
        self._said: deque[tuple[str, str]] = deque(maxlen=REMEMBERED)
        """Language and words of the last clauses."""

    async def tell(
        self,
        segment: Segment,
        text: str,
        transcript: Transcript,
        utterance: Utterance,
        stable_chars: int | None = None,
    ) -> None:
        """Emit a transcription; without ``stable_chars`` it is the final one."""
        await self._outlet.emit(
            events.Transcription(
                segment_id=segment.segment_id,
                text=text,
                language=transcript.language,
                is_final=stable_chars is None,
                confidence=transcript.confidence,
                start_ms=utterance.start_ms,
                end_ms=utterance.end_ms,
                stable_chars=len(text) if stable_chars is None else stable_chars,
                provider=transcript.provider,
                snr_db=utterance.snr_db,
            )
        )

    def clauses(self, segment: Segment, rest: str, language: str, *, paused: bool) -> None:
        """Hand over the complete clauses of ``rest``, the stable words that no branch has."""
        start = 0
        for end in clause_boundaries.clause_ends(rest, language=language, paused=paused):
            clause = self.clause(segment, rest[start:end].strip(), language)
            self.commit(segment, clause, rest[start:end], time.monotonic())
            start = end

    def clause(self, segment: Segment, text: str, language: str, ending: Ending | None = None) -> Clause:
        """The next clause of a segment."""
        return Clause(
            segment_id=segment.segment_id,
            clause=segment.clause_count,
            text=text,
            language=language,
            conversation=segment.conversation,
            context=tuple(words for spoken, words in self._said if spoken == language),
            ending=ending,
        )

    def commit(
        self,
        segment: Segment,
        clause: Clause,
        text: str,
        due: float,
        prepared: Mapping[str, SpeculativeOutput] = NOTHING,
    ) -> None:
        """Hand a clause over to the branches.

        Args:
            text: its words as they stand in the segment's text.
            due: when it had been said (monotonic seconds).
            prepared: what has been made of it already, by target language.
        """
        targets = segment.conversation.target_languages
        end_ms = clause.ending.utterance.end_ms if clause.ending else None
        self._outlet.ledger.commit(clause.place, text, targets, due, end_ms)
        segment.committed += len(text)
        segment.clause_count += 1
        if clause.text:
            self._said.append((clause.language, clause.text))
        for target in targets:
            self._branches[target].put(clause, prepared.get(target))

    async def nothing(self, segment: Segment, due: float, end_ms: int) -> None:
        """A segment has ended in which there were no words."""
        self._outlet.ledger.commit((segment.segment_id, 0), "", (), due, end_ms)
        await self._outlet.settle()

    def prepare(self, clause: Clause) -> dict[str, SpeculativeOutput]:
        """Begin to translate and to speak a clause that may yet be committed, in each target language."""
        return {
            target: self._branches[target].prepare(clause) for target in clause.conversation.target_languages
        }
