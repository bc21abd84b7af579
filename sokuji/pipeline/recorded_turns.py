"""Divides a recognised utterance of a recording where the speaker changes."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.contract import Transcript, Word
from sokuji.pipeline.detected_speech import DetectedSpeech
from sokuji.pipeline.diarization import SpeakerPart, speaker_parts


@dataclass(frozen=True, slots=True)
class RecordedTurn:
    """What one speaker says of an utterance; times in milliseconds of the recording."""

    transcript: Transcript
    """Its times count from ``start_ms``."""
    pcm: bytes
    """Mono int16 at 16 kHz."""
    start_ms: int
    end_ms: int
    speech_start_ms: int
    speech_end_ms: int
    part: SpeakerPart | None
    """None: it is not known who speaks."""


def recorded_turns(speech: DetectedSpeech, transcript: Transcript) -> list[RecordedTurn]:
    """The turns of an utterance, in order: one, unless the transcript says that several speak."""
    utterance = speech.utterance
    parts = speaker_parts(transcript)
    if len(parts) < 2:
        part = parts[0] if parts else None
        bounds = utterance.start_ms, utterance.end_ms, speech.speech_start_ms, speech.speech_end_ms
        return [RecordedTurn(transcript, utterance.pcm, *bounds, part)]
    length_ms = utterance.end_ms - utterance.start_ms
    changes = [(one.end_ms + other.start_ms) // 2 for one, other in pairwise(parts)]
    edges = [0, *(min(max(change, 0), length_ms) for change in changes), length_ms]
    return [
        _turn(speech, transcript, part, start_ms, max(start_ms, end_ms))
        for part, (start_ms, end_ms) in zip(parts, pairwise(edges), strict=True)
    ]


def _turn(
    speech: DetectedSpeech, transcript: Transcript, part: SpeakerPart, start_ms: int, end_ms: int
) -> RecordedTurn:
    """The turn between two times of the utterance."""
    utterance = speech.utterance
    begin, end = utterance.start_ms + start_ms, utterance.start_ms + end_ms
    text = transcript.text[part.start : part.end].strip()
    words = _shifted(transcript.words, part, start_ms)
    return RecordedTurn(
        dataclasses.replace(transcript, text=text, words=words, segments=()),
        utterance.pcm[_offset(start_ms) : _offset(end_ms)],
        begin,
        end,
        max(begin, min(speech.speech_start_ms, end)),
        min(end, max(speech.speech_end_ms, begin)),
        part,
    )


def _shifted(words: Sequence[Word], part: SpeakerPart, start_ms: int) -> tuple[Word, ...]:
    """The words of a part, with times from ``start_ms`` on."""
    return tuple(
        Word(word.text, max(0, word.start_ms - start_ms), max(0, word.end_ms - start_ms))
        for word in words[part.first_word : part.last_word]
    )


def _offset(ms: int) -> int:
    """Bytes of so many milliseconds."""
    return 2 * (ms * RECOGNISER_RATE // 1_000)
