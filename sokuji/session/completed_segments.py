"""Recognises segments that have been spoken to their end, in order, and commits what is left of them.

A segment whose end was foreseen at its last pause is not recognised again: only silence has been added since.
"""

import asyncio
import time
from collections import deque

from sokuji.audio.segment_events import Utterance
from sokuji.contract import Transcript
from sokuji.errors import NotRecognised
from sokuji.session.clause import FinalRecognition
from sokuji.session.commitment import Commitment
from sokuji.session.failures import FailureHandling
from sokuji.session.hypotheses import Hypotheses
from sokuji.session.segment import Segment
from sokuji.session.speculation import Speculation
from sokuji.session.transcription import SegmentTranscriber

MAX_WAITING_UTTERANCES = 4


class CompletedSegments:
    """Owns the complete segments until they are committed; ``add`` waits for room."""

    def __init__(
        self,
        transcriber: SegmentTranscriber,
        commitment: Commitment,
        failures: FailureHandling,
        hypotheses: Hypotheses,
    ) -> None:
        self._transcriber = transcriber
        self._commitment = commitment
        self._failures = failures
        self._hypotheses = hypotheses
        self._waiting: asyncio.Queue[tuple[Segment, Utterance, float] | None] = asyncio.Queue(
            MAX_WAITING_UTTERANCES
        )
        self._dues: deque[float] = deque()
        """When each of the utterances that are not recognised yet was spoken."""

    @property
    def is_idle(self) -> bool:
        """Whether no segment waits or is being recognised."""
        return not self._dues

    @property
    def oldest_due(self) -> float | None:
        """When the oldest of them was spoken (monotonic seconds)."""
        return self._dues[0] if self._dues else None

    async def add(self, segment: Segment, utterance: Utterance, due: float) -> None:
        """Queue a segment; ``utterance`` is all of its audio, and ``due`` as in ``Recognition.complete``."""
        self._dues.append(due)
        await self._waiting.put((segment, utterance, due))

    async def end(self) -> None:
        """Expect no more segments."""
        await self._waiting.put(None)

    async def run(self) -> None:
        """Recognise and commit segments until ``end`` has been processed."""
        while (item := await self._waiting.get()) is not None:
            await self._finish(*item)
            self._dues.popleft()

    async def _finish(self, segment: Segment, utterance: Utterance, due: float) -> None:
        """Recognise a complete segment, and commit what is left of it."""
        if segment.speculation is not None and segment.speculation.foresaw(utterance):
            utterance = segment.speculation.utterance
        transcript = _stable_transcript(segment)
        async with self._failures.reported(segment.segment_id):
            transcript = await self._final_transcript(segment, utterance)
            self._transcriber.note_final(transcript, utterance)
        speculation, segment.speculation = segment.speculation, None
        if segment.hypothesis is not None:
            segment.hypothesis.cancel()
        final = FinalRecognition(utterance=utterance, transcript=transcript)
        await self._commit_final(segment, final, due, speculation)
        if speculation is not None:
            await speculation.drop()

    async def _commit_final(
        self, segment: Segment, final: FinalRecognition, due: float, speculation: Speculation | None
    ) -> None:
        text, transcript = segment.words.finish(final.transcript.text), final.transcript
        labelled = self._commitment.speakers.label(transcript, segment.conversation)
        if text:
            await self._commitment.caption(segment, text, transcript, final.utterance, labelled=labelled)
        rest = text[segment.committed_chars :]
        if not rest.strip() and not segment.committed_chars:
            await self._commitment.commit_silence(segment, due, final.utterance.end_ms)
            return
        rest = await self._commitment.commit_turns(segment, rest, labelled, transcript.language, due)
        parts = labelled.parts(rest)
        speaker = parts[0].speaker if len(parts) == 1 else labelled.speaker
        clause = self._commitment.next_clause(segment, rest, transcript.language, final, speaker=speaker)
        prepared = speculation.take_outputs(clause) if speculation else {}
        await self._commitment.commit(segment, clause, rest, due, prepared)

    async def _final_transcript(self, segment: Segment, utterance: Utterance) -> Transcript:
        if utterance.cut == "sentence":
            return _stable_transcript(segment)
        try:
            return await self._recognised(segment, utterance)
        except NotRecognised:
            if not segment.words.stable:
                raise
            return _stable_transcript(segment)

    async def _recognised(self, segment: Segment, utterance: Utterance) -> Transcript:
        speculation = segment.speculation
        if speculation is not None and speculation.foresaw(utterance):
            transcript = await asyncio.shield(speculation.transcript)
            if isinstance(transcript, NotRecognised):
                raise transcript
            if transcript is not None:
                return transcript
        self._hypotheses.cancel(segment)
        return await self._failures.retry(
            segment.segment_id, time.monotonic(), lambda: self._transcriber.transcribe(segment, utterance)
        )


def _stable_transcript(segment: Segment) -> Transcript:
    """The words of a segment on which hypotheses agree, without another recognition."""
    last = segment.last_transcript
    return Transcript(
        text=segment.words.stable,
        language=segment.language or segment.conversation.source_language or "",
        confidence=last.confidence if last else None,
        provider=last.provider if last else None,
        speakers=last.speakers if last else None,
    )
