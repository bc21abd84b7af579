"""Recognition of speech that is not over: hypotheses while somebody speaks, speculation at a pause.

Words on which hypotheses agree are stable. Where the segment's policy says so, they are committed clause by
clause. At a pause everything up to the first audio is prepared, and used if the pause proves to be the end.
"""

import asyncio
import contextlib
import copy
import time
from collections.abc import Callable

from sokuji.audio.segment_events import Utterance
from sokuji.contract import Transcript
from sokuji.errors import NotRecognised, SokujiError
from sokuji.session.clause import FinalRecognition
from sokuji.session.commitment import Commitment
from sokuji.session.segment import SPLIT_MS, Segment
from sokuji.session.speculation import Speculation
from sokuji.session.transcription import SegmentTranscriber

PauseRecognised = Callable[[Utterance, Transcript], None]

MIN_SPEECH_MS = 900
"""Audio, pre-roll included, below which unfinished speech is not recognised."""
MIN_SPEECH_UNKNOWN_LANGUAGE_MS = 2_500
"""The same while the language has to be detected."""


class Hypotheses:
    """Runs at most one recognition of unfinished speech per segment.

    Args:
        tasks: runs the recognitions; it must have been entered before ``begin`` and ``speculate``.
        pause_recognised: is told of the transcript of an utterance in a pause that still lasts.
    """

    def __init__(
        self,
        transcriber: SegmentTranscriber,
        commitment: Commitment,
        tasks: asyncio.TaskGroup,
        pause_recognised: PauseRecognised,
    ) -> None:
        self._transcriber = transcriber
        self._commitment = commitment
        self._tasks = tasks
        self._pause_recognised = pause_recognised
        self.through_ms = 0
        """How much audio of the session the last hypothesis covered: no stable word lies behind it."""

    def are_of_use(self, segment: Segment, spoken_ms: int) -> bool:
        """Whether ``spoken_ms`` of a segment are enough to recognise, and the client gets any of it."""
        known = segment.spoken_language is not None
        min_ms = MIN_SPEECH_MS if known else MIN_SPEECH_UNKNOWN_LANGUAGE_MS
        return spoken_ms >= min_ms and segment.streams(spoken_ms)

    def begin(self, segment: Segment, utterance: Utterance) -> None:
        """Recognise ``utterance``, the segment's audio so far."""
        segment.hypothesis_began = time.monotonic()
        segment.hypothesis = self._tasks.create_task(self._hypothesise(segment, utterance))

    def speculate(self, segment: Segment, utterance: Utterance) -> None:
        """Begin the work of the complete segment, which is ``utterance`` if the silence lasts."""
        self.cancel(segment)
        segment.hypothesis_began = time.monotonic()
        transcript = self._tasks.create_task(self._recognise_early(segment, utterance))
        segment.speculation = Speculation(utterance, transcript)
        segment.hypothesis = self._tasks.create_task(self._prepare_final(segment, segment.speculation))

    def cancel(self, segment: Segment) -> None:
        """Stop whatever is being recognised of a segment: something better begins."""
        if segment.hypothesis is not None:
            segment.hypothesis.cancel()
        if segment.speculation is not None:
            segment.speculation.transcript.cancel()
        self.drop_speculation(segment)

    def drop_speculation(self, segment: Segment) -> None:
        """Stop the speculation of a segment: its speaker goes on."""
        speculation = segment.speculation
        if speculation is not None and not speculation.dropped:
            speculation.dropped = True
            if not segment.by_clause:
                # A recognition that is late may be in its second search; the next recognition is worth more.
                # But if clauses are committed, a pause is where one ends.
                speculation.transcript.cancel()
            self._tasks.create_task(speculation.drop())

    async def _hypothesise(self, segment: Segment, utterance: Utterance) -> None:
        with contextlib.suppress(SokujiError):  # Another hypothesis follows.
            transcript = await self._transcriber.transcribe(
                segment, utterance, interim=True, word_times=_is_long(utterance)
            )
            await self._accept(segment, transcript, utterance, paused=False)

    async def _recognise_early(
        self, segment: Segment, utterance: Utterance
    ) -> Transcript | NotRecognised | None:
        try:
            # The speaker may go on: then it is another hypothesis, behind which a long segment can be split.
            word_times = segment.by_clause and _is_long(utterance)
            return await self._transcriber.transcribe(segment, utterance, word_times=word_times)
        except NotRecognised as error:
            return error
        except SokujiError:  # The final recognition is another attempt, and reports its error.
            return None

    async def _prepare_final(self, segment: Segment, speculation: Speculation) -> None:
        transcript = await asyncio.shield(speculation.transcript)
        if not isinstance(transcript, Transcript):
            return
        await self._accept(segment, transcript, speculation.utterance, paused=True)
        if not speculation.dropped and not segment.closed:
            self._prepare_output(segment, speculation, transcript)
            self._pause_recognised(speculation.utterance, transcript)

    def _prepare_output(self, segment: Segment, speculation: Speculation, transcript: Transcript) -> None:
        rest = copy.deepcopy(segment.words).finish(transcript.text)[segment.committed_chars :]
        parts = self._commitment.speakers.foresee(transcript, segment.conversation).parts(rest)
        # What several speakers say becomes several clauses, which are committed when the segment has ended.
        if rest.strip() and len(parts) == 1:
            final = FinalRecognition(utterance=speculation.utterance, transcript=transcript)
            clause = self._commitment.next_clause(
                segment, rest, transcript.language, final, speaker=parts[0].speaker
            )
            speculation.clause, speculation.outputs = clause, self._commitment.prepare(segment, clause)

    async def _accept(
        self, segment: Segment, transcript: Transcript, utterance: Utterance, *, paused: bool
    ) -> None:
        """Update the stable words of the segment, and emit and commit what follows from them."""
        spoken_ms = utterance.end_ms - utterance.start_ms
        if segment.closed or not segment.streams(spoken_ms) or not transcript.text:
            return
        words = segment.words
        words.add(transcript.text, paused=paused)
        segment.last_transcript, self.through_ms = transcript, utterance.end_ms
        if words.stable:
            segment.language = transcript.language
        if transcript.words:
            segment.split = segment.find_split(transcript.words, utterance)
        until = segment.split.chars if segment.split else len(words.stable)
        if segment.conversation.partials:
            segment.captioned_chars = max(segment.captioned_chars, until)
            await self._commitment.caption(segment, words.text, transcript, utterance, stable_chars=until)
        segment.note_spoken(spoken_ms)
        if not segment.closed:
            await self._pass_on(segment, until, transcript, paused=paused)

    async def _pass_on(self, segment: Segment, until: int, transcript: Transcript, *, paused: bool) -> None:
        """Have the words of a segment translated, of which ``until`` characters may be committed."""
        words = segment.words
        if segment.by_clause:
            rest = words.stable[segment.committed_chars : until]
            # The pause follows the last word, which need not be stable yet.
            at_pause = paused and words.stable == words.text
            await self._commitment.commit_complete_clauses(segment, rest, transcript, paused=at_pause)
        # In a pause the rest is translated by the speculation.
        if segment.is_previewed and not paused:
            rest = words.text[segment.committed_chars : until if segment.split else None]
            self._commitment.preview(segment, rest, transcript.language)


def _is_long(utterance: Utterance) -> bool:
    return utterance.end_ms - utterance.start_ms > SPLIT_MS
