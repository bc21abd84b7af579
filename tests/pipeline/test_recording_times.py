"""Times of words and cues of real recordings."""

from itertools import pairwise

import pytest

from sokuji.config import Deadlines, SegmentationSettings
from sokuji.contract import Transcript, TranscriptSegment, Word
from sokuji.pipeline import recording_times
from sokuji.pipeline.members import StageProviders
from sokuji.pipeline.pipeline import Pipeline
from sokuji.pipeline.recorded_speech import RecordedUtterance, interpret
from sokuji.providers.stt.whisper.provider import FasterWhisper
from sokuji.providers.translation.bergamot import Bergamot
from tests.support.speech import samples, silence

LEAD_MS, GAP_MS = 1_500, 900


def utterance(transcript: Transcript) -> RecordedUtterance:
    """An utterance from 1.0 to 4.0 s with speech from 1.5 to 3.8 s."""
    return RecordedUtterance(transcript, None, 1_000, 4_000, None, 1_500, 3_800)


def test_words_have_times_of_the_recording_in_order_and_within_the_utterance() -> None:
    words = (Word("a", 500, 900), Word("b", 800, 1_000), Word("c", 2_900, 3_200))
    found = recording_times.words(utterance(Transcript(text="a b c", language="en", words=words)))
    assert [(word.start_ms, word.end_ms) for word in found] == [
        (1_500, 1_900),
        (1_900, 2_000),
        (3_900, 4_000),
    ]


def test_cues_keep_to_the_speech() -> None:
    words = (Word("Well,", 0, 600), Word("yes.", 2_000, 3_000))
    (cue,) = recording_times.source_cues(
        [utterance(Transcript(text="Well, yes.", language="en", words=words))]
    )
    assert (cue.start_ms, cue.end_ms) == (1_300, 3_800)


@pytest.mark.parametrize(
    ("segments", "span"), [((TranscriptSegment("Yes.", 700, 2_000),), (1_700, 3_000)), ((), (1_300, 3_800))]
)
def test_without_word_times_segments_or_the_speech_give_the_times(
    segments: tuple[TranscriptSegment, ...], span: tuple[int, int]
) -> None:
    (part,) = recording_times.spoken_parts(
        utterance(Transcript(text="Yes.", language="en", segments=segments))
    )
    assert (part.start_ms, part.end_ms) == span


@pytest.fixture
async def pipeline(whisper: FasterWhisper, bergamot: Bergamot) -> Pipeline:
    pipeline = Pipeline(StageProviders(stt=[whisper], translation=[bergamot], tts=[]), Deadlines())
    await pipeline.refresh()
    return pipeline


@pytest.mark.models
@pytest.mark.parametrize("language", ["en", "es", "pt", "ja", "zh"])
async def test_cues_of_real_speech_are_shown_while_it_is_heard(pipeline: Pipeline, language: str) -> None:
    recording, heard = silence(LEAD_MS), []
    for _, pcm, _ in samples(language):
        begin_ms = len(recording) // 32
        recording += pcm + silence(GAP_MS)
        heard.append((begin_ms, begin_ms + len(pcm) // 32))
    target = "en" if language == "pt" else None
    utterances = [
        each
        async for each in interpret(
            pipeline,
            recording,
            source=language,
            target=target,
            segmentation=SegmentationSettings(),
            concurrency=1,
            word_times=True,
        )
        if isinstance(each, RecordedUtterance)
    ]
    assert all(recording_times.words(each) for each in utterances)
    cues = recording_times.source_cues(utterances)
    shown = "".join("".join(cue.lines) for cue in cues)
    said = "".join(each.transcript.text for each in utterances)
    assert "".join(shown.split()) == "".join(said.split())
    translated = recording_times.translation_cues(utterances)
    assert len(translated) >= len(utterances) if target else not translated
    for found in (cues, translated):
        assert all(one.end_ms <= next_one.start_ms for one, next_one in pairwise(found))
        for cue in found:
            # The recordings begin and end in up to 0.3 s of silence.
            assert any(begin - 200 <= cue.start_ms and cue.end_ms <= end + 500 for begin, end in heard)
