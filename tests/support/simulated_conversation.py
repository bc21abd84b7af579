"""The events of a conversation from any point on, in any order that the protocol allows.

The service keeps nothing between connections: the same speech always gives the same words and clauses, and
chance decides which of two stages comes first.
"""

from dataclasses import dataclass, field
from random import Random

from sokuji import events

TARGETS = ("en", "pt")


@dataclass(frozen=True)
class SimulatedClause:
    """Translation and number of audio chunks, by target language."""

    texts: dict[str, str]
    chunks: dict[str, int]


@dataclass(frozen=True)
class SimulatedSentence:
    """Speech between two times; without clauses it is noise."""

    start_ms: int
    end_ms: int
    clauses: tuple[SimulatedClause, ...]
    partials: int = 0


@dataclass(frozen=True)
class ResumePoint:
    """Where a connection begins: behind ``sentences`` sentences and ``clauses`` clauses of the next."""

    sentences: int = 0
    clauses: int = 0


@dataclass
class _SentenceProgress:
    """How much of a sentence has been sent."""

    heard: int = 0
    """Events of recognition: started, partial captions, stopped, caption."""
    translated: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TARGETS, 0))
    spoken: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TARGETS, 0))
    chunk: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TARGETS, 0))


class SimulatedConnection:
    """One connection over which ``sentences`` come from ``begin`` on.

    Args:
        first_id: id of the first segment.
    """

    def __init__(
        self,
        sentences: list[SimulatedSentence],
        begin: ResumePoint,
        first_id: int,
        random: Random,
        *,
        speaks: bool = True,
    ) -> None:
        self.said: list[tuple[events.Event, ResumePoint]] = []
        """Each event, and the point from which a connection resumes after it."""
        self._sentences = sentences
        self._begin = self._acked = begin
        self._id = first_id
        self._random = random
        self._speaks = speaks
        self._state = [_SentenceProgress() for _ in sentences]
        for target in TARGETS:
            if begin.clauses:
                self._state[begin.sentences].translated[target] = begin.clauses
                self._state[begin.sentences].spoken[target] = begin.clauses
        while steps := self._steps():
            kind, number, target = random.choice(steps)
            self._say(self._step(kind, number, target))
            self._acknowledge(lazily=True)
        self._acknowledge(lazily=False)
        self._say(events.Done())

    def _steps(self) -> list[tuple[str, int, str]]:
        """The events that may come next."""
        found = []
        captioned, translated, spoken = True, dict.fromkeys(TARGETS, True), dict.fromkeys(TARGETS, True)
        stopped = True
        for number in range(self._begin.sentences, len(self._sentences)):
            sentence, state = self._sentences[number], self._state[number]
            heard, count = state.heard, len(sentence.clauses)
            if heard < self._length(number) and (captioned if heard == self._stop(number) else stopped):
                found.append(("hear", number, ""))
            stopped = heard >= self._stop(number)
            captioned = captioned and heard == self._length(number)
            for target in TARGETS:
                limit = count if heard == self._length(number) else count - 1
                if translated[target] and heard and state.translated[target] < limit:
                    found.append(("translate", number, target))
                if spoken[target] and state.spoken[target] < state.translated[target]:
                    found.append(("speak", number, target))
                translated[target] &= state.translated[target] == count
                spoken[target] &= state.spoken[target] == count
        return found

    def _stop(self, number: int) -> int:
        return self._sentences[number].partials + 2

    def _length(self, number: int) -> int:
        return self._stop(number) + bool(self._sentences[number].clauses)

    def _step(self, kind: str, number: int, target: str) -> events.Event | None:
        if kind == "hear":
            return self._hear(number)
        return self._translate(number, target) if kind == "translate" else self._speak(number, target)

    def _hear(self, number: int) -> events.Event:
        sentence, state, segment = self._sentences[number], self._state[number], self._segment(number)
        state.heard += 1
        if state.heard == 1:
            return events.Speech(state="started", at_ms=sentence.start_ms, segment_id=segment)
        if state.heard == self._stop(number):
            return events.Speech(state="stopped", at_ms=sentence.end_ms - 10, segment_id=segment)
        is_final = state.heard > self._stop(number)
        return events.Transcription(
            segment_id=segment,
            text=f"sentence {number}",
            language="xx",
            is_final=is_final,
            confidence=None,
            start_ms=sentence.start_ms,
            end_ms=sentence.end_ms if is_final else sentence.start_ms + state.heard,
            stable_chars=len(f"sentence {number}") if is_final else 0,
        )

    def _translate(self, number: int, target: str) -> events.Event:
        state = self._state[number]
        clause = state.translated[target]
        state.translated[target] += 1
        return events.TranslationText(
            segment_id=self._segment(number),
            clause=clause - self._skipped(number),
            text=self._sentences[number].clauses[clause].texts[target],
            source_language="xx",
            target_language=target,
            is_final=clause == len(self._sentences[number].clauses) - 1,
        )

    def _speak(self, number: int, target: str) -> events.Event | None:
        state = self._state[number]
        place, chunk = state.spoken[target], state.chunk[target]
        clause = self._sentences[number].clauses[place]
        chunks = clause.chunks[target] if self._speaks and clause.texts[target] else 0
        state.chunk[target] += 1
        if state.chunk[target] >= chunks:
            state.chunk[target] = 0
            state.spoken[target] += 1
        if not chunks:
            return None
        return events.Audio(
            segment_id=self._segment(number),
            clause=place - self._skipped(number),
            chunk=chunk,
            target_language=target,
            pcm=f"{number}.{place}.{chunk} ".encode(),
            sample_rate=8_000,
            last=chunk == chunks - 1,
        )

    def _segment(self, number: int) -> int:
        return self._id + number - self._begin.sentences

    def _skipped(self, number: int) -> int:
        return self._begin.clauses if number == self._begin.sentences else 0

    def _delivered(self) -> ResumePoint:
        for number in range(self._begin.sentences, len(self._sentences)):
            state, count = self._state[number], len(self._sentences[number].clauses)
            clauses = min(state.spoken.values())
            if clauses < count or state.heard < self._length(number):
                # The last clause is acknowledged with its sentence.
                return ResumePoint(number, min(clauses, max(count - 1, 0)))
        return ResumePoint(len(self._sentences))

    def _acknowledge(self, *, lazily: bool) -> None:
        delivered = self._delivered()
        if delivered == self._acked or (lazily and self._random.random() < 0.3):
            return
        self._acked = delivered
        through_ms = self._sentences[delivered.sentences - 1].end_ms if delivered.sentences else 0
        covered = delivered.clauses - self._skipped(delivered.sentences)
        self._say(events.Ack(through_ms, "w " * delivered.clauses, covered))

    def _say(self, event: events.Event | None) -> None:
        if event is not None:
            self.said.append((event, self._acked))
