"""Commits the words of a session: captions to the client, clauses to the branches.

What has been committed is never taken back.
"""

import time
from collections import deque
from collections.abc import Mapping
from types import MappingProxyType

from sokuji import events
from sokuji.audio.segment_events import Utterance
from sokuji.contract import Transcript
from sokuji.session.clause import Clause, FinalRecognition
from sokuji.session.fan_out import FanOut
from sokuji.session.output import SessionOutput
from sokuji.session.segment import Segment
from sokuji.session.speakers import LabelledTranscript, SessionSpeakers
from sokuji.session.speculation import SpeculativeOutput
from sokuji.text import clause_boundaries
from sokuji.text.punctuation import trailing_marks, words

CONTEXT_CLAUSES = 3
"""Clauses that travel with the next one as its context."""
NOTHING_PREPARED: Mapping[str, SpeculativeOutput] = MappingProxyType({})


class Commitment:
    """Commits captions and clauses, in order. Owns the speakers of the session."""

    def __init__(self, output: SessionOutput, fan_out: FanOut) -> None:
        self.speakers = SessionSpeakers()
        self._output = output
        self._fan_out = fan_out
        self._recent: deque[tuple[str, str]] = deque(maxlen=CONTEXT_CLAUSES)
        """Language and words of the last clauses."""

    async def caption(
        self,
        segment: Segment,
        text: str,
        transcript: Transcript,
        utterance: Utterance,
        stable_chars: int | None = None,
        labelled: LabelledTranscript | None = None,
    ) -> None:
        """Emit a transcription: partial with ``stable_chars`` stable characters, final without.

        Args:
            labelled: the final transcript with its speakers.
        """
        parts = labelled.parts(text) if labelled else []
        await self._output.emit(
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
                speaker=labelled.speaker if labelled else None,
                turns=tuple(
                    events.SpokenTurn(speaker=part.speaker, text=part.text.strip())
                    for part in parts
                    if len(parts) > 1
                ),
            )
        )

    async def commit_complete_clauses(
        self, segment: Segment, rest: str, transcript: Transcript, *, paused: bool
    ) -> None:
        """Commit the complete clauses of ``rest``, the stable words that are not committed yet.

        None is committed if all targets need the whole segment: at its end the words are worth more together.

        Args:
            transcript: the hypothesis of which they are; it says who speaks.
            paused: whether the speaker paused behind ``rest``.
        """
        language = transcript.language
        if not self._fan_out.translates_clauses(segment.conversation, self._targets(segment), language):
            return
        labelled = self.speakers.foresee(transcript, segment.conversation)
        offset, start = segment.committed_chars, 0
        for end in clause_boundaries.clause_ends(rest, language=language, paused=paused):
            speaker = labelled.speaker_between(offset + start, offset + end)
            clause = self.next_clause(segment, rest[start:end], language, speaker=speaker)
            await self.commit(segment, clause, rest[start:end], time.monotonic())
            start = end

    def preview(self, segment: Segment, rest: str, language: str) -> None:
        """Translate ``rest``, the words of the segment that are not committed yet, up to a sentence's end."""
        end = clause_boundaries.first_sentence_end(rest, language)
        spoken = words(rest[:end])
        if spoken:
            # Recognisers put a full stop behind what they hear last, and translators end a sentence there.
            end = spoken[-1].end if end == len(rest) else end
            self._fan_out.preview(self.next_clause(segment, rest[:end], language))

    async def commit_turns(
        self, segment: Segment, rest: str, labelled: LabelledTranscript, language: str, due: float
    ) -> str:
        """Commit what others say before the last speaker of a complete segment; returns the rest of ``rest``.

        Nothing is committed if no target translates it before the segment has ended.
        """
        parts = labelled.parts(rest)
        if not self._fan_out.translates_clauses(segment.conversation, self._targets(segment), language):
            return rest
        for part in parts[:-1]:
            clause = self.next_clause(segment, part.text, language, speaker=part.speaker)
            await self.commit(segment, clause, part.text, due)
        return parts[-1].text

    def next_clause(
        self,
        segment: Segment,
        text: str,
        language: str,
        final: FinalRecognition | None = None,
        *,
        speaker: str | None = None,
    ) -> Clause:
        """The next clause of a segment, with its context; nothing is committed yet.

        Args:
            text: its words as they stand in the segment's text.
        """
        if segment.committed_chars:
            text = _without_last_end(text)
        return Clause(
            segment_id=segment.segment_id,
            number=segment.clause_count,
            text=text.strip(),
            language=language,
            conversation=segment.conversation,
            context=tuple(earlier for spoken, earlier in self._recent if spoken == language),
            speaker=speaker,
            final=final,
        )

    async def commit(
        self,
        segment: Segment,
        clause: Clause,
        text: str,
        due: float,
        prepared: Mapping[str, SpeculativeOutput] = NOTHING_PREPARED,
    ) -> None:
        """Hand a clause to the branches.

        Args:
            text: its words as they stand in the segment's text.
            due: when it was spoken (monotonic seconds).
            prepared: its speculative output, by target language.
        """
        targets = self._targets(segment)
        end_ms = clause.final.utterance.end_ms if clause.final else None
        self._output.commit(clause.position, text, targets, due, end_ms)
        segment.committed_chars += len(text)
        segment.clause_count += 1
        if clause.text:
            self._recent.append((clause.language, clause.text))
        self._fan_out.put(clause, targets, prepared)
        if not targets:
            await self._output.settle()

    async def commit_silence(self, segment: Segment, due: float, end_ms: int) -> None:
        """Commit a segment that ended at ``end_ms`` without words."""
        self._output.commit((segment.segment_id, 0), "", (), due, end_ms)
        await self._output.settle()

    def prepare(self, segment: Segment, clause: Clause) -> dict[str, SpeculativeOutput]:
        """Begin the output of a clause that may yet be committed, by target language."""
        return self._fan_out.prepare(clause, self._targets(segment))

    def _targets(self, segment: Segment) -> tuple[str, ...]:
        """The languages of a segment, which stay as they are once a clause of it is committed."""
        if segment.clause_count == 0:
            segment.targets = self._fan_out.targets(segment.conversation)
        return segment.targets


def _without_last_end(text: str) -> str:
    """Text behind a clause, without the mark that became stable too late to be committed with that clause."""
    spans = words(text)
    return text[trailing_marks(text[: spans[0].start] if spans else text) :]
