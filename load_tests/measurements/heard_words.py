"""What the users of a service heard while something happened to it, against what they hear otherwise. Pure.

A recogniser mishears words whatever happens, so what was said is what the same service understands of the
same speech when it is left alone. A word of that which is missing is lost, a word too many is doubled, and
one that is only heard otherwise is neither.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jiwer

from load_tests.measurements.word_errors import words
from load_tests.scenarios.response_log import OutputChunk, UtteranceResponse
from load_tests.scenarios.sessions import ServiceSession


@dataclass(frozen=True, slots=True)
class HeardWords:
    """Words of one session or of several."""

    said: int = 0
    lost: int = 0
    doubled: int = 0

    def __add__(self, other: "HeardWords") -> "HeardWords":
        return HeardWords(self.said + other.said, self.lost + other.lost, self.doubled + other.doubled)


@dataclass(frozen=True, slots=True)
class UsersReport:
    """What the users of several sessions noticed."""

    sessions: int
    words: HeardWords
    voiceless: int
    """Sentences that were recognised, and for which no voice came."""
    out_of_order: int
    """Captions, translations and chunks of a voice that came twice or after a later one."""
    resumptions: int
    errors: int
    """Error events, and sessions that ended before their end."""
    longest_silence_s: float
    """The longest time in which a user heard no voice, between the first sound and the last one."""


def compared(said: str, heard: str, language: str) -> HeardWords:
    """The words of one transcript against those of another one."""
    expected, found = words(said, language), words(heard, language)
    if not expected:
        return HeardWords(doubled=len(found))
    result = jiwer.process_words(" ".join(expected), " ".join(found))
    return HeardWords(len(expected), result.deletions, result.insertions)


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
    counted = [
        compared(
            " ".join(calm[sentence] for sentence in session.speech.sentences),
            " ".join(filter(None, (each.text for each in _utterances(session)))),
            session.speech.language,
        )
        for session in sessions
    ]
    voices = [[chunk for each in _utterances(session) for chunk in each.voice] for session in sessions]
    return UsersReport(
        sessions=len(sessions),
        words=sum(counted, HeardWords()),
        voiceless=sum(
            bool(each.text) and not any(chunk.pcm for chunk in each.voice)
            for session in sessions
            for each in _utterances(session)
        ),
        out_of_order=sum(each.stopwatch.out_of_order for each in sessions),
        resumptions=sum(each.resumptions for each in sessions),
        errors=sum(sum(each.errors.values()) for each in sessions),
        longest_silence_s=round(max(map(longest_silence_s, voices), default=0.0), 1),
    )


def _utterances(session: ServiceSession) -> list[UtteranceResponse]:
    return session.responses.utterances if session.responses else []
