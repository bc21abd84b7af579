"""The recogniser's stage of a session: from utterances, growing and complete, to clauses for the branches.

While somebody speaks the open segment is recognised again and again, as often as the load allows. Words on
which hypotheses agree are stable; with clause commitment they go to the branches clause by clause. A long
segment is split at the end of a stable sentence, so that what is recognised again never grows beyond a few
seconds. At a pause everything up to the first audio is prepared, and used if the pause proves to be the end.
"""

import asyncio
import contextlib
import copy
import time
from collections import deque
from collections.abc import Mapping
from functools import partial

from sokuji.audio.endpointing import Utterance
from sokuji.config import Commit
from sokuji.contract import Transcript
from sokuji.errors import SokujiError, TooLarge
from sokuji.pipeline.pipeline import Pipeline
from sokuji.session.branch import Branch
from sokuji.session.clause import Clause, Ending, SpeculativeOutput
from sokuji.session.commitment import Commitment
from sokuji.session.conversation import ConversationSettings
from sokuji.session.load_shedding import LoadShedding
from sokuji.session.output import SessionOutput
from sokuji.session.segment import SPLIT_MS, Segment, Speculation, Split
from sokuji.text.stable_text import StableText

LEAST_SPEECH_MS = 900
"""Audio, pre-roll included, below which a segment that goes on is not recognised yet."""
LEAST_UNKNOWN_MS = 2_500
"""The same where the language has to be found out first."""
QUEUED_UTTERANCES = 4


class Recognition:
    """Recognises the segments of one session, in order.

    The listening side calls ``begin``, ``grow``, ``pause``, ``resume`` and ``complete``, none of which waits
    for the recogniser; ``run`` works off what is complete.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        outlet: SessionOutput,
        load: LoadShedding,
        branches: Mapping[str, Branch],
        resumed_text: str,
    ) -> None:
        self._pipeline = pipeline
        self._outlet = outlet
        self._load = load
        self._commitment = Commitment(outlet, branches)
        self._resumed_text = resumed_text
        self._carried: tuple[StableText, str | None] | None = None
        """Words behind a split, which open the next segment, and their language."""
        self._open: Segment | None = None
        self._complete: asyncio.Queue[tuple[Segment, Utterance, float] | None] = asyncio.Queue(
            QUEUED_UTTERANCES
        )
        self._dues: deque[float] = deque()
        """When each of the complete utterances that are not recognised yet had been said."""
        self._tasks = asyncio.TaskGroup()
        self.split: Split | None = None
        """Where the open segment should be split; the listening side does it."""
        self.heard_ms = 0
        """No stable word lies behind this time of the session; nor will one by the next hypothesis alone."""

    @property
    def is_idle(self) -> bool:
        """Whether no complete utterance waits or is being recognised."""
        return not self._dues

    @property
    def oldest_due(self) -> float | None:
        """When the oldest of those utterances had been said (monotonic seconds)."""
        return self._dues[0] if self._dues else None

    @property
    def next_clause(self) -> int:
        """How many clauses of the open segment have been committed."""
        return self._open.clause_count if self._open else 0

    async def run(self) -> None:
        """Recognise what is complete, in order, until ``end`` has been worked off."""
        async with self._tasks:
            while (item := await self._complete.get()) is not None:
                await self._finish(*item)
                self._dues.popleft()

    async def end(self) -> None:
        """Nothing more is said; a segment that is still open is left alone."""
        if self._open is not None:
            self._open.closed = True
            self._stop(self._open)
        await self._complete.put(None)

    def begin(self, segment_id: int, conversation: ConversationSettings, commit: Commit) -> None:
        """Somebody has begun to speak."""
        segment = self._open = Segment(segment_id, conversation, commit)
        if self._carried is not None:
            segment.words, segment.language = self._carried
            self._carried = None
        elif self._resumed_text:
            segment.words = StableText(self._resumed_text)
            segment.committed = len(segment.words.stable)
        self._resumed_text = ""

    def wants_to_hear(self) -> bool:
        """Whether now is the time for another hypothesis about the open segment."""
        segment = self._open
        return (
            segment is not None
            and self.is_idle
            and self.split is None
            and segment.streams
            and (segment.hypothesis is None or segment.hypothesis.done())
            and self._load.may_hypothesise(time.monotonic() - segment.asked_at)
        )

    def grow(self, utterance: Utterance) -> None:
        """Recognise what there is of the open segment, if that is enough."""
        segment = self._open
        if segment is None:
            return
        least_ms = LEAST_SPEECH_MS if segment.spoken else LEAST_UNKNOWN_MS
        if utterance.end_ms - utterance.start_ms >= least_ms:
            segment.asked_at = time.monotonic()
            segment.hypothesis = self._tasks.create_task(self._hypothesise(segment, utterance))

    def pause(self, utterance: Utterance) -> None:
        """The speaker pauses, perhaps for good."""
        segment = self._open
        if segment is None or not self.is_idle or self.split is not None or not self._load.speculates:
            return
        self._stop(segment)
        segment.asked_at = time.monotonic()
        transcript = self._tasks.create_task(self._recognise_early(segment, utterance))
        segment.speculation = Speculation(utterance, transcript)
        segment.hypothesis = self._tasks.create_task(self._speculate(segment, segment.speculation))

    def resume(self) -> None:
        """The speaker goes on."""
        if self._open is not None:
            self._drop_speculation(self._open)

    async def complete(self, utterance: Utterance, due: float) -> None:
        """The open segment is over.

        Args:
            due: when it had been said (monotonic seconds).
        """
        segment = self._open
        if segment is None:
            raise RuntimeError("an utterance ended that had not begun")
        if utterance.cut == "sentence" and self.split is not None:
            head = segment.words.split(self.split.chars)
            self._carried, segment.words = (segment.words, segment.language), StableText(head)
        self._open, self.split, segment.closed = None, None, True
        self._dues.append(due)
        await self._complete.put((segment, utterance, due))

    def _stop(self, segment: Segment) -> None:
        """Whatever is being recognised of a segment is superseded."""
        if segment.hypothesis is not None:
            segment.hypothesis.cancel()
        self._drop_speculation(segment)

    def _drop_speculation(self, segment: Segment) -> None:
        speculation = segment.speculation
        if speculation is not None and not speculation.dropped:
            speculation.dropped = True
            # A recognition that is late may be searching for the second time; the next one is worth more.
            speculation.transcript.cancel()
            self._tasks.create_task(speculation.drop())

    async def _recognise(
        self, segment: Segment, utterance: Utterance, *, interim: bool = False, word_times: bool = False
    ) -> Transcript:
        began = time.monotonic()
        recognise = partial(
            self._pipeline.recognise,
            utterance.pcm,
            segment.spoken,
            context=segment.conversation.context,
            interim=interim,
            word_times=word_times,
        )
        try:
            transcript = await recognise(prefix=segment.words.stable)
        except TooLarge:
            # More stable words than the model takes: they are looked for in what it hears instead.
            transcript = await recognise()
        self._load.recognised(time.monotonic() - began, interim=interim)
        return transcript

    async def _recognise_early(self, segment: Segment, utterance: Utterance) -> Transcript | None:
        with contextlib.suppress(SokujiError):  # The final recognition will say so.
            return await self._recognise(segment, utterance)
        return None

    async def _hypothesise(self, segment: Segment, utterance: Utterance) -> None:
        long = utterance.end_ms - utterance.start_ms > SPLIT_MS
        with contextlib.suppress(SokujiError):  # There will be another one.
            transcript = await self._recognise(segment, utterance, interim=True, word_times=long)
            await self._hear(segment, transcript, utterance, paused=False)

    async def _speculate(self, segment: Segment, speculation: Speculation) -> None:
        transcript = await asyncio.shield(speculation.transcript)
        if transcript is None:
            return
        await self._hear(segment, transcript, speculation.utterance, paused=True)
        if not speculation.dropped and not segment.closed:
            self._prepare(segment, speculation, transcript)

    def _prepare(self, segment: Segment, speculation: Speculation, transcript: Transcript) -> None:
        rest = copy.deepcopy(segment.words).finish(transcript.text)[segment.committed :].strip()
        if rest:
            ending = Ending(utterance=speculation.utterance, transcript=transcript)
            speculation.clause = self._commitment.clause(segment, rest, transcript.language, ending)
            speculation.prepared = self._commitment.prepare(speculation.clause)

    async def _hear(
        self, segment: Segment, transcript: Transcript, utterance: Utterance, *, paused: bool
    ) -> None:
        """Take a hypothesis about the open segment."""
        if segment.closed or not segment.streams or not transcript.text:
            return
        segment.words.add(transcript.text, paused=paused)
        segment.heard, self.heard_ms = transcript, utterance.end_ms
        if segment.words.stable:
            segment.language = transcript.language
        if transcript.words:
            self.split = segment.where_to_split(transcript.words, utterance)
        until = self.split.chars if self.split else len(segment.words.stable)
        if segment.conversation.partials:
            segment.told = max(segment.told, until)
            await self._commitment.tell(
                segment, segment.words.text, transcript, utterance, stable_chars=until
            )
        if segment.commit == "clause" and not segment.closed:
            # The pause follows the last word, which need not be stable yet.
            paused = paused and segment.words.stable == segment.words.text
            rest = segment.words.stable[segment.committed : until]
            self._commitment.clauses(segment, rest, transcript.language, paused=paused)

    async def _finish(self, segment: Segment, utterance: Utterance, due: float) -> None:
        """Recognise a complete utterance, and hand over what the branches do not have of it yet."""
        if segment.speculation is not None and segment.speculation.foresaw(utterance):
            utterance = segment.speculation.utterance
        known = segment.language or segment.conversation.source_language or ""
        transcript = Transcript(text=segment.words.stable, language=known)
        async with self._outlet.reporting(segment.segment_id):
            transcript = await self._final(segment, utterance)
        speculation, segment.speculation = segment.speculation, None
        if segment.hypothesis is not None:
            segment.hypothesis.cancel()
        text = segment.words.finish(transcript.text)
        if text:
            await self._commitment.tell(segment, text, transcript, utterance)
        rest = text[segment.committed :]
        if rest.strip() or segment.committed:
            ending = Ending(utterance=utterance, transcript=transcript)
            clause = self._commitment.clause(segment, rest.strip(), transcript.language, ending)
            self._commitment.commit(segment, clause, rest, due, _matching(speculation, clause))
        else:
            await self._commitment.nothing(segment, due, utterance.end_ms)
        if speculation is not None:
            await speculation.drop()

    async def _final(self, segment: Segment, utterance: Utterance) -> Transcript:
        if utterance.cut == "sentence":
            text, language, heard = segment.words.stable, segment.language or "", segment.heard
            confidence, provider = (heard.confidence, heard.provider) if heard else (None, None)
            return Transcript(text=text, language=language, confidence=confidence, provider=provider)
        speculation = segment.speculation
        if speculation is not None and speculation.foresaw(utterance):
            transcript = await asyncio.shield(speculation.transcript)
            if transcript is not None:
                return transcript
        self._stop(segment)
        began = time.monotonic()
        return await self._outlet.insist(
            segment.segment_id, began, lambda: self._recognise(segment, utterance)
        )


def _matching(speculation: Speculation | None, clause: Clause) -> Mapping[str, SpeculativeOutput]:
    """What a speculation has prepared for just this clause; it is then the branches' own."""
    if speculation is None or speculation.clause != clause:
        return {}
    prepared, speculation.prepared = speculation.prepared, {}
    return prepared
