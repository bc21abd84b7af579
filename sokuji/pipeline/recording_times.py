"""The times of the words and segments of recorded utterances, in milliseconds of the recording."""

from collections.abc import Iterable, Sequence
from itertools import accumulate

from sokuji.contract import TranscriptSegment, Word
from sokuji.pipeline.recorded_speech import RecordedUtterance
from sokuji.text.subtitles.cues import Cue, cues
from sokuji.text.subtitles.timed_words import TimedText, timed_words

_BEFORE_VOICE_MS = 200
"""Speech may begin so long before voice activity is found: after silence the first syllable can be missed."""


def words(utterance: RecordedUtterance) -> list[Word]:
    """The words in order, not overlapping, within the utterance; none if the recogniser has timed none."""
    return [
        Word(text, start_ms, end_ms)
        for text, start_ms, end_ms in _timed(
            utterance.transcript.words, utterance.start_ms, utterance.start_ms, utterance.end_ms
        )
    ]


def segments(utterance: RecordedUtterance) -> list[TranscriptSegment]:
    """The segments; an utterance that the recogniser did not divide is one segment."""
    transcript, start_ms = utterance.transcript, utterance.start_ms
    return [
        TranscriptSegment(
            segment.text, start_ms + segment.start_ms, start_ms + segment.end_ms, utterance.speaker
        )
        for segment in transcript.segments
    ] or [TranscriptSegment(transcript.text, start_ms, utterance.end_ms, utterance.speaker)]


def spoken_parts(utterance: RecordedUtterance) -> list[TimedText]:
    """The shortest parts of the speech whose times are known: words, else segments; within the speech."""
    transcript = utterance.transcript
    begin = max(utterance.speech_start_ms - _BEFORE_VOICE_MS, utterance.start_ms)
    end = min(utterance.speech_end_ms, utterance.end_ms)
    known = transcript.words or transcript.segments
    return [TimedText(*part) for part in _timed(known, utterance.start_ms, begin, end)] or [
        TimedText(transcript.text, begin, end)
    ]


def source_cues(utterances: Sequence[RecordedUtterance]) -> list[Cue]:
    """Subtitles of what was said."""
    return cues(
        (timed_words(each.transcript.text, spoken_parts(each)) for each in utterances),
        [each.speaker for each in utterances],
    )


def translation_cues(utterances: Iterable[RecordedUtterance]) -> list[Cue]:
    """Subtitles of the translation, each part of it shown with the part of the speech that has its share."""
    translated = [(each, each.translation) for each in utterances if each.translation is not None]
    return cues(
        (timed_words(translation.text, spoken_parts(each)) for each, translation in translated),
        [each.speaker for each, _ in translated],
    )


def _timed(
    known: Sequence[Word | TranscriptSegment], audio_start_ms: int, begin_ms: int, end_ms: int
) -> list[tuple[str, int, int]]:
    """Texts with increasing times of the recording between ``begin_ms`` and ``end_ms``."""
    times = (audio_start_ms + time for each in known for time in (each.start_ms, each.end_ms))
    increasing = list(accumulate((min(max(time, begin_ms), end_ms) for time in times), max))
    return [
        (each.text, start, end)
        for each, start, end in zip(known, increasing[::2], increasing[1::2], strict=True)
    ]
