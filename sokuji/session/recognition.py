"""Recognition of a session's segments: from utterances, growing and complete, to committed clauses.

While somebody speaks the open segment is recognised again and again, as often as the load allows. A long
segment is split at the end of a stable sentence: what is recognised again never exceeds a few seconds.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from sokuji.audio.endpointing import SegmentEvent, Utterance
from sokuji.contract import Transcript
from sokuji.errors import NotRecognised
from sokuji.pipeline.pipeline import Pipeline
from sokuji.session.clause import ClausePosition, FinalRecognition
from sokuji.session.commitment import Commitment
from sokuji.session.conversation import ConversationSettings
from sokuji.session.failures import FailureHandling
from sokuji.session.hypotheses import Hypotheses
from sokuji.session.load_shedding import LoadShedding
from sokuji.session.segment import CommitPolicy, Segment
from sokuji.session.speculation import Speculation
from sokuji.session.transcription import SegmentTranscriber
from sokuji.text.stable_text import StableText

MAX_WAITING_UTTERANCES = 4


class Recognition:
    """Owns the open segment and the complete ones that wait for their final recognition.

    ``begin`` to ``complete`` follow the events of endpointing and never wait for the recogniser, but that
    ``complete`` waits for room; ``run`` recognises complete segments, in order.

    Args:
        resumed_text: words that the connection before this one has delivered; the first segment begins with
            them.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        commitment: Commitment,
        failures: FailureHandling,
        load: LoadShedding,
        resumed_text: str = "",
    ) -> None:
        self._commitment = commitment
        self._failures = failures
        self._load = load
        self._transcriber = SegmentTranscriber(pipeline, load)
        self._tasks = asyncio.TaskGroup()
        self._hypotheses = Hypotheses(self._transcriber, commitment, self._tasks)
        self._initial_words = StableText(resumed_text)
        """The words with which the next segment begins."""
        self._initial_language: str | None = None
        self._initial_committed = len(self._initial_words.stable)
        self._initially_runs_on = False
        self._open: Segment | None = None
        self._next_segment_id = 0
        """No segment with this id or a higher one has been spoken to its end."""
        self._complete: asyncio.Queue[tuple[Segment, Utterance, float] | None] = asyncio.Queue(
            MAX_WAITING_UTTERANCES
        )
        self._dues: deque[float] = deque()
        """When each of the complete utterances that are not recognised yet was spoken."""

    @property
    def is_idle(self) -> bool:
        """Whether no complete utterance waits or is being recognised."""
        return not self._dues

    @property
    def oldest_due(self) -> float | None:
        """When the oldest of those utterances was spoken (monotonic seconds)."""
        return self._dues[0] if self._dues else None

    @property
    def next_position(self) -> ClausePosition:
        """The position of the next clause that is committed of what is being spoken."""
        segment = self._open
        if segment is not None and segment.segment_id >= self._next_segment_id:
            return segment.segment_id, segment.clause_count
        return self._next_segment_id, 0

    @property
    def hypothesis_ms(self) -> int:
        """How much audio of the session the last hypothesis covered: no stable word lies behind it."""
        return self._hypotheses.through_ms

    async def run(self) -> None:
        """Recognise complete segments, in order, until ``end`` has been processed."""
        async with self._tasks:
            while (item := await self._complete.get()) is not None:
                await self._finish(*item)
                self._dues.popleft()

    async def end(self) -> None:
        """Expect no more speech; a segment that is still open is abandoned."""
        if self._open is not None:
            self._open.closed = True
            self._hypotheses.cancel(self._open)
        await self._complete.put(None)

    def begin(self, segment_id: int, conversation: ConversationSettings, policy: CommitPolicy) -> None:
        """Open a segment: somebody begins to speak."""
        self._open = Segment(
            segment_id,
            conversation,
            policy,
            words=self._initial_words,
            committed_chars=self._initial_committed,
            language=self._initial_language,
            runs_on=self._initially_runs_on,
        )
        self._initial_words, self._initial_language, self._initial_committed = StableText(), None, 0
        self._initially_runs_on = False

    def wants_hypothesis(self) -> bool:
        """Whether it is time for another hypothesis about the open segment."""
        segment = self._open
        return (
            segment is not None
            and self.is_idle
            and segment.split is None
            and segment.may_stream
            and (segment.hypothesis is None or segment.hypothesis.done())
            and self._load.may_hypothesise(time.monotonic() - segment.hypothesis_began)
        )

    def hypothesise(self, utterance: Utterance) -> None:
        """Recognise ``utterance``, the audio of the open segment so far."""
        if self._open is not None:
            self._hypotheses.begin(self._open, utterance)

    def pause(self, utterance: Utterance) -> None:
        """Speculate that the open segment is over: the speaker pauses."""
        segment = self._open
        if segment is not None and self.is_idle and segment.split is None and self._load.speculates:
            self._hypotheses.speculate(segment, utterance)

    def resume(self) -> None:
        """Drop the speculation: the speaker goes on."""
        if self._open is not None:
            self._hypotheses.drop_speculation(self._open)

    def split(self, split_utterance: Callable[[int], list[SegmentEvent]]) -> list[SegmentEvent]:
        """Split the open segment if it has become long.

        Args:
            split_utterance: ends the open utterance near a time of the session (ms) and returns what
                follows; empty where the utterance cannot end there.

        Returns:
            What ``split_utterance`` returned, to be processed like any other events; empty if the segment
            need not be split.
        """
        segment = self._open
        if segment is None or segment.split is None:
            return []
        events = split_utterance(segment.split.at_ms)
        if not events:
            segment.split = None
        return events

    def stop(self) -> None:
        """Note that the open segment has been spoken to its end; ``complete`` follows."""
        if self._open is not None:
            self._next_segment_id = self._open.segment_id + 1

    @property
    def is_partly_committed(self) -> bool:
        """Whether clauses of the open segment have been committed."""
        return self._open is not None and self._open.clause_count > 0

    def discard(self) -> None:
        """Drop the open segment, of which nothing has been committed."""
        segment = self._open
        if segment is not None:
            segment.closed = True
            self._hypotheses.cancel(segment)
            self._next_segment_id = segment.segment_id + 1
            self._open = None

    async def complete(self, utterance: Utterance, due: float) -> None:
        """Close the open segment and queue its final recognition.

        Args:
            due: when it was spoken (monotonic seconds).
        """
        segment = self._open
        if segment is None:
            raise RuntimeError("an utterance ended that had not begun")
        if utterance.cut == "sentence" and segment.split is not None:
            head = segment.words.split(segment.split.chars)
            self._initial_words, self._initial_language = segment.words, segment.language
            self._initially_runs_on = segment.runs_on
            segment.words = StableText(head)
        self._open, segment.closed = None, True
        self._dues.append(due)
        await self._complete.put((segment, utterance, due))

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
        text = segment.words.finish(final.transcript.text)
        if text:
            await self._commitment.caption(segment, text, final.transcript, final.utterance)
        rest = text[segment.committed_chars :]
        if not rest.strip() and not segment.committed_chars:
            await self._commitment.commit_silence(segment, due, final.utterance.end_ms)
            return
        clause = self._commitment.next_clause(segment, rest, final.transcript.language, final)
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
    )
