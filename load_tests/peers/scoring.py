"""Which of the words that were said came back, when, and how many sessions that was good for. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

import jiwer
import numpy as np

from load_tests.level import LATE_MS
from load_tests.peers.speech import MILESTONES, Heard, Milestone, Speech
from load_tests.words import CHARACTERS, Errors, normalised
from sokuji.measure.latency import Percentiles


def words(text: str, language: str) -> list[str]:
    """The words of a text; its characters where the language has no spaces."""
    plain = normalised(text, language)
    return list(plain.replace(" ", "")) if language in CHARACTERS else plain.split()


def align(said: Sequence[Sequence[str]], found: Sequence[str]) -> tuple[list[int | None], Errors]:
    """Where the utterances are in a transcript of all of them, and the errors in it.

    By the alignment with the fewest errors: a system whose pieces of text are not utterances can be compared
    with one whose pieces are.

    Returns:
        For each utterance how many words the transcript has up to its last one, None if no word, right or
        wrong, stands in its place; and the errors.
    """
    result = jiwer.process_words(" ".join(chain.from_iterable(said)), " ".join(found))
    utterance = [number for number, each in enumerate(said) for _ in each]
    ends: list[int | None] = [None] * len(said)
    for chunk in result.alignments[0]:
        for offset in range(chunk.ref_end_idx - chunk.ref_start_idx):
            if chunk.type != "delete":
                ends[utterance[chunk.ref_start_idx + offset]] = chunk.hyp_start_idx + offset + 1
    wrong = result.substitutions + result.deletions + result.insertions
    return ends, Errors(wrong, len(utterance))


@dataclass(frozen=True, slots=True)
class Level:
    """What came of a number of sessions at once."""

    sessions: int
    sent: int
    """Utterances."""
    lost: int
    """Those to which nothing came back, right or wrong."""
    words: Errors
    delays_ms: Mapping[Milestone, Percentiles]
    """Of the utterances that reached the milestone; their count says how many."""
    errors: Mapping[str, int]
    behind_ms: float
    """How late the latest frame of this client was."""

    def held(self, milestone: Milestone, limit_ms: float) -> bool:
        """Whether nothing went wrong, and 95 of 100 utterances came to a milestone in time."""
        delays = self.delays_ms.get(milestone)
        if delays is None or self.lost or self.errors or self.behind_ms > LATE_MS:
            return False
        return delays.count == self.sent and delays.p95 <= limit_ms

    def report(self) -> dict[str, Any]:
        """For JSON."""
        found = asdict(self)
        return {**found, "words": {**found["words"], "rate": round(self.words.rate, 4)}}


def summarise(sessions: Sequence[tuple[Speech, Heard]]) -> Level:
    """The sessions of a level together."""
    errors: Counter[str] = sum((heard.errors for _, heard in sessions), Counter())
    sent = sum(len(speech.texts) for speech, _ in sessions)
    answered = [delays for _, heard in sessions for delays in heard.delays if delays]
    times = {each: [delays[each] for delays in answered if each in delays] for each in MILESTONES}
    return Level(
        sessions=len(sessions),
        sent=sent,
        lost=sent - len(answered),
        words=sum((_errors(*session) for session in sessions), Errors()),
        delays_ms={milestone: _percentiles(ms) for milestone, ms in times.items() if ms},
        errors=dict(errors),
        behind_ms=round(max((heard.behind_ms for _, heard in sessions), default=0.0), 1),
    )


def _errors(speech: Speech, heard: Heard) -> Errors:
    said = [words(text, speech.language) for text in speech.texts]
    return align(said, words(heard.text, speech.language))[1]


def _percentiles(values: Sequence[float]) -> Percentiles:
    p50, p95, p99 = (round(float(each), 1) for each in np.percentile(values, (50, 95, 99)))
    return Percentiles(len(values), p50, p95, p99)


def sessions_held(levels: Sequence[Level], milestone: Milestone, limit_ms: float) -> int:
    """The highest level that was held, and with it all below; 0: none."""
    most = 0
    for level in sorted(levels, key=lambda each: each.sessions):
        if not level.held(milestone, limit_ms):
            break
        most = level.sessions
    return most
