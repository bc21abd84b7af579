"""What the users of a service heard while something happened to it, against what they hear otherwise. Pure.

A recogniser mishears words whatever happens, so what was said is what the same service understands of the
same speech when it is left alone. A word of that which is missing is lost, a word too many is doubled, and
one that is only heard otherwise is neither.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import jiwer

from load_tests.measurements.word_errors import words
from load_tests.scenarios.response_log import OutputChunk, UtteranceResponse
from load_tests.scenarios.sessions import ServiceSession
from sokuji.errors import VoiceLeftOut

MISHEARD = 0.6
"""Words with at least this share of the letters of others may be those, heard otherwise."""


@dataclass(frozen=True, slots=True)
class HeardWords:
    """Words of one session or of several."""

    said: int = 0
    lost: int = 0
    doubled: int = 0

    def __add__(self, other: "HeardWords") -> "HeardWords":
        return HeardWords(self.said + other.said, self.lost + other.lost, self.doubled + other.doubled)


@dataclass(frozen=True, slots=True)
class HeardSession:
    """What one user noticed."""

    said: str
    heard: str
    words: HeardWords
    resumptions: int
    errors: Mapping[str, int]
    """Code -> error events, and the error that ended the session."""


@dataclass(frozen=True, slots=True)
class UsersReport:
    """What the users of several sessions noticed."""

    sessions: list[HeardSession]
    unspoken: int
    """Sentences for which no voice came."""
    out_of_order: int
    """Captions, translations and chunks of a voice that came twice or after a later one."""
    longest_silence_s: float
    """The longest time in which a user heard no voice, between the first sound and the last one."""

    @property
    def words(self) -> HeardWords:
        """Of all sessions."""
        return sum((each.words for each in self.sessions), HeardWords())

    @property
    def resumptions(self) -> int:
        """Of all sessions."""
        return sum(each.resumptions for each in self.sessions)

    @property
    def errors(self) -> int:
        """Of all sessions; that a voice was left out counts as ``unspoken``."""
        counts = (sum(each.errors.values()) - each.errors.get(VoiceLeftOut.code, 0) for each in self.sessions)
        return sum(counts)

    @property
    def is_sound(self) -> bool:
        """Whether every word came once and in order, and nobody met an error."""
        return not (self.words.lost or self.words.doubled or self.out_of_order or self.errors)

    def figures(self) -> dict[str, Any]:
        """For JSON."""
        totals = {"words": asdict(self.words), "resumptions": self.resumptions, "errors": self.errors}
        return {**asdict(self), "totals": totals}


def compared(said: str, heard: str, language: str) -> HeardWords:
    """The words of one transcript against those of another one.

    Where both differ, the words of the one stand for those of the other if they have about as many letters,
    however they are divided.
    """
    expected, found = words(said, language), words(heard, language)
    lost = doubled = 0
    for missing, additional in _differences(expected, found):
        fewer, more = sorted((sum(map(len, missing)), sum(map(len, additional))))
        if fewer <= MISHEARD * more:
            lost += max(0, len(missing) - len(additional))
            doubled += max(0, len(additional) - len(missing))
    return HeardWords(len(expected), lost, doubled)


def _differences(expected: list[str], found: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    """What stands in each of two texts between words that they have in common, by the least changes."""
    if not expected:
        yield [], found
        return
    missing: list[str] = []
    additional: list[str] = []
    (chunks,) = jiwer.process_words(" ".join(expected), " ".join(found)).alignments
    for chunk in chunks:
        if chunk.type == "equal":
            yield missing, additional
            missing, additional = [], []
        else:
            missing += expected[chunk.ref_start_idx : chunk.ref_end_idx]
            additional += found[chunk.hyp_start_idx : chunk.hyp_end_idx]
    yield missing, additional


def longest_silence_s(voice: Sequence[OutputChunk]) -> float:
    """The longest time without sound for a user who hears each chunk as soon as it has come and is free."""
    longest, over = 0.0, None
    for chunk in sorted(voice, key=lambda each: each.at):
        if over is not None:
            longest = max(longest, chunk.at - over)
        over = max(over or chunk.at, chunk.at) + chunk.duration_ms / 1_000
    return longest


def calm_texts(session: ServiceSession) -> dict[str, str]:
    """Sentence of the script -> what the service understands of it, from a session that was left alone."""
    heard = {}
    for sentence, span_ms in zip(session.speech.sentences, session.speech.spans_ms, strict=True):
        parts = [each.text for each in _utterances(session) if each.overlaps(*span_ms)]
        heard[sentence] = " ".join(filter(None, parts))
    return heard


def users_report(sessions: Sequence[ServiceSession], calm: Mapping[str, str]) -> UsersReport:
    """What the users of ``sessions`` noticed, whose sentences all have their text in ``calm``."""
    voices = [[chunk for each in _utterances(session) for chunk in each.voice] for session in sessions]
    return UsersReport(
        sessions=[_heard(session, calm) for session in sessions],
        unspoken=sum(
            bool(each.text) and not any(chunk.pcm for chunk in each.voice)
            for session in sessions
            for each in _utterances(session)
        ),
        out_of_order=sum(each.stopwatch.out_of_order for each in sessions),
        longest_silence_s=round(max(map(longest_silence_s, voices), default=0.0), 1),
    )


def _heard(session: ServiceSession, calm: Mapping[str, str]) -> HeardSession:
    said = " ".join(calm[sentence] for sentence in session.speech.sentences)
    heard = " ".join(filter(None, (each.text for each in _utterances(session))))
    words = compared(said, heard, session.speech.language)
    return HeardSession(said, heard, words, session.resumptions, dict(session.errors))


def _utterances(session: ServiceSession) -> list[UtteranceResponse]:
    return session.responses.utterances if session.responses else []
