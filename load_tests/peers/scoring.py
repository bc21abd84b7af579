"""Which words came back, when, and how many sessions a system holds. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, takewhile
from typing import Any

import jiwer

from load_tests.measurements.load_level import LATE_MS
from load_tests.measurements.word_errors import ErrorCount, words
from load_tests.peers.system import MILESTONES, Milestone, PeerSession
from sokuji.measure.latency import Percentiles, percentiles_of


def align(
    references: Sequence[Sequence[str]], transcript: Sequence[str]
) -> tuple[list[int | None], ErrorCount]:
    """Where the utterances are in a transcript of all of them, and the errors in it.

    By the alignment with the fewest errors, so that the segments of a system need not be utterances.

    Returns:
        For each utterance how many words the transcript has up to its last one, None if no word, right or
        wrong, stands in its place; and the errors.
    """
    result = jiwer.process_words(" ".join(chain.from_iterable(references)), " ".join(transcript))
    utterance = [number for number, each in enumerate(references) for _ in each]
    ends: list[int | None] = [None] * len(references)
    for chunk in result.alignments[0]:
        for offset in range(chunk.ref_end_idx - chunk.ref_start_idx):
            if chunk.type != "delete":
                ends[utterance[chunk.ref_start_idx + offset]] = chunk.hyp_start_idx + offset + 1
    errors = result.substitutions + result.deletions + result.insertions
    return ends, ErrorCount(errors, len(utterance))


def reference_words(session: PeerSession) -> list[list[str]]:
    """The words of each utterance that was said."""
    return [words(text, session.speech.language) for text in session.speech.sentences]


@dataclass(frozen=True, slots=True)
class PeerLevel:
    """The outcome of a number of sessions at once."""

    sessions: int
    sent: int
    lost: int
    """Those to which nothing came back, right or wrong."""
    words: ErrorCount
    delays_ms: Mapping[Milestone, Percentiles]
    """Of the utterances that reached the milestone; their count says how many."""
    errors: Mapping[str, int]
    behind_ms: float

    def held(self, milestone: Milestone, limit_ms: float) -> bool:
        """Whether nothing failed, and 95 of 100 utterances reached a milestone in time."""
        delays = self.delays_ms.get(milestone)
        if delays is None or self.lost or self.errors or self.behind_ms > LATE_MS:
            return False
        return delays.count == self.sent and delays.p95 <= limit_ms

    def report(self) -> dict[str, Any]:
        """For JSON."""
        figures = asdict(self)
        return {**figures, "words": {**figures["words"], "rate": round(self.words.rate, 4)}}


def summarise(sessions: Sequence[PeerSession]) -> PeerLevel:
    """The sessions of a level together."""
    sent = sum(len(session.speech.texts) for session in sessions)
    answered = [delays for session in sessions for delays in session.delays if delays]
    times = {each: [delays[each] for delays in answered if each in delays] for each in MILESTONES}
    transcripts = (words(session.text, session.speech.language) for session in sessions)
    errors = [align(reference_words(each), text)[1] for each, text in zip(sessions, transcripts, strict=True)]
    return PeerLevel(
        sessions=len(sessions),
        sent=sent,
        lost=sent - len(answered),
        words=sum(errors, ErrorCount()),
        delays_ms={milestone: percentiles_of(ms) for milestone, ms in times.items() if ms},
        errors=dict(sum((session.errors for session in sessions), Counter())),
        behind_ms=round(max((session.behind_ms for session in sessions), default=0.0), 1),
    )


def sessions_held(levels: Sequence[PeerLevel], milestone: Milestone, limit_ms: float) -> int:
    """The highest level that was held, and with it all below; 0: none."""
    in_order = sorted(levels, key=lambda each: each.sessions)
    held = takewhile(lambda each: each.held(milestone, limit_ms), in_order)
    return max((each.sessions for each in held), default=0)
