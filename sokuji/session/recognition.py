"""Recognition of a session's segments: from utterances, growing and complete, to committed clauses.

While somebody speaks the open segment is recognised again and again, as often as the load allows. A long
segment is split at the end of a stable sentence: what is recognised again never exceeds a few seconds.
"""

import asyncio
import time
from collections.abc import Callable

from sokuji.audio.segment_events import SegmentEvent, Utterance
from sokuji.pipeline.pipeline import Pipeline
from sokuji.session.clause import ClausePosition
from sokuji.session.commitment import Commitment
from sokuji.session.completed_segments import CompletedSegments
from sokuji.session.conversation import ConversationSettings
from sokuji.session.failures import FailureHandling
from sokuji.session.hypotheses import Hypotheses, PauseRecognised
from sokuji.session.load_shedding import LoadShedding
from sokuji.session.segment import CommitPolicy, Segment
from sokuji.session.transcription import SegmentTranscriber
from sokuji.text.stable_text import StableText


class Recognition:
    """Owns the open segment, and hands it over when it is complete.

    ``begin`` to ``complete`` follow the events of endpointing and never wait for the recogniser, but that
    ``complete`` waits for room; ``run`` recognises complete segments, in order.

    Args:
        resumed_text: words that the connection before this one has delivered; the first segment begins with
            them.
        pause_recognised: see ``Hypotheses``.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        commitment: Commitment,
        failures: FailureHandling,
        load: LoadShedding,
        resumed_text: str = "",
        *,
        pause_recognised: PauseRecognised,
    ) -> None:
        self._load = load
        self._tasks = asyncio.TaskGroup()
        transcriber = SegmentTranscriber(pipeline, load)
        self._hypotheses = Hypotheses(transcriber, commitment, self._tasks, pause_recognised)
        self._completed = CompletedSegments(transcriber, commitment, failures, self._hypotheses)
        self._initial_words = StableText(resumed_text)
        """The words with which the next segment begins."""
        self._initial_language: str | None = None
        self._initial_committed = len(self._initial_words.stable)
        self._initially_runs_on = False
        self._open: Segment | None = None
        self._next_segment_id = 0
        """No segment with this id or a higher one has been spoken to its end."""

    @property
    def is_idle(self) -> bool:
        """Whether no complete utterance waits or is being recognised."""
        return self._completed.is_idle

    @property
    def oldest_due(self) -> float | None:
        """When the oldest of those utterances was spoken (monotonic seconds)."""
        return self._completed.oldest_due

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
            await self._completed.run()

    async def end(self) -> None:
        """Expect no more speech; a segment that is still open is abandoned."""
        if self._open is not None:
            self._open.closed = True
            self._hypotheses.cancel(self._open)
        await self._completed.end()

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

    def wants_hypothesis(self, spoken_ms: int, *, falls_silent: bool) -> bool:
        """Whether it is time for another hypothesis about the open segment, ``spoken_ms`` long.

        Args:
            falls_silent: the speaker may pause, and a speculation is about to recognise the same words.
        """
        segment = self._open
        return (
            segment is not None
            and self.is_idle
            and segment.split is None
            and not (falls_silent and self._load.speculates)
            and self._hypotheses.are_of_use(segment, spoken_ms)
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
        await self._completed.add(segment, utterance, due)
