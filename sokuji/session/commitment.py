"""What has been recognised leaves here: captions to the client, units to the branches, both to the ledger.

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
from sokuji.session.output import Outlet
from sokuji.session.segment import Segment
from sokuji.session.unit import Ending, Prepared, Unit
from sokuji.text import clauses

REMEMBERED = 3
"""Units that go along with the next one as its context."""
NOTHING: Mapping[str, Prepared] = MappingProxyType({})


class Commitment:
    """Commits the words of one session, in order."""

    def __init__(self, outlet: Outlet, branches: Mapping[str, Branch]) -> None:
        self._outlet = outlet
        self._branches = branches
        self._said: deque[tuple[str, str]] = deque(maxlen=REMEMBERED)
        """Language and words of the last units."""

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
        for end in clauses.complete(rest, language=language, paused=paused):
            unit = self.unit(segment, rest[start:end].strip(), language)
            self.commit(segment, unit, rest[start:end], time.monotonic())
            start = end

    def unit(self, segment: Segment, text: str, language: str, ending: Ending | None = None) -> Unit:
        """The next unit of a segment."""
        return Unit(
            segment_id=segment.segment_id,
            clause=segment.clauses,
            text=text,
            language=language,
            conversation=segment.conversation,
            context=tuple(words for spoken, words in self._said if spoken == language),
            ending=ending,
        )

    def commit(
        self,
        segment: Segment,
        unit: Unit,
        text: str,
        due: float,
        prepared: Mapping[str, Prepared] = NOTHING,
    ) -> None:
        """Hand a unit over to the branches.

        Args:
            text: its words as they stand in the segment's text.
            due: when it had been said (monotonic seconds).
            prepared: what has been made of it already, by target language.
        """
        targets = segment.conversation.target_languages
        end_ms = unit.ending.utterance.end_ms if unit.ending else None
        self._outlet.ledger.commit(unit.place, text, targets, due, end_ms)
        segment.committed += len(text)
        segment.clauses += 1
        if unit.text:
            self._said.append((unit.language, unit.text))
        for target in targets:
            self._branches[target].put(unit, prepared.get(target))

    async def nothing(self, segment: Segment, due: float, end_ms: int) -> None:
        """A segment has ended in which there were no words."""
        self._outlet.ledger.commit((segment.segment_id, 0), "", (), due, end_ms)
        await self._outlet.settle()

    def prepare(self, unit: Unit) -> dict[str, Prepared]:
        """Begin to translate and to speak a unit that may yet be committed, in each target language."""
        return {target: self._branches[target].prepare(unit) for target in unit.conversation.target_languages}
