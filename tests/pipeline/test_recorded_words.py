"""Words of recordings on the real models: none is lost, doubled or halved that plain faster-whisper has."""

from collections.abc import Sequence
from contextlib import aclosing

import pytest

from load_tests.measurements.lost_sentences import lost_sentences
from load_tests.measurements.word_errors import words
from load_tests.scenarios.speech_samples import recordings
from sokuji.audio.pcm import AudioBuffer
from sokuji.audio.resampling import resample
from sokuji.config import Deadlines, SegmentationSettings
from sokuji.contract import SynthesisRequest
from sokuji.pipeline.members import StageProviders
from sokuji.pipeline.pipeline import Pipeline
from sokuji.pipeline.recorded_speech import RecordedUtterance, interpret
from sokuji.providers.stt.whisper.provider import FasterWhisper
from sokuji.providers.tts.piper.provider import Piper
from tests.support.fake_stages import FakeTranslator, FakeTts
from tests.support.speech import reference, sample, silence

pytestmark = pytest.mark.models

DIGITS = ("zero", "one", "seven", "three", "five", "nine", "two", "four", "eight", "six")


async def transcript(whisper: FasterWhisper, pcm: bytes, language: str) -> str:
    pipeline = Pipeline(StageProviders([whisper], [FakeTranslator()], [FakeTts()]), Deadlines())
    await pipeline.refresh()
    found = interpret(
        pipeline,
        pcm,
        source=language,
        target=None,
        segmentation=SegmentationSettings(),
        concurrency=1,
    )
    async with aclosing(found):
        return " ".join([each.transcript.text async for each in found if isinstance(each, RecordedUtterance)])


async def spoken(piper: Piper, texts: Sequence[str], gap_ms: int) -> bytes:
    """The texts, one after the other."""
    parts = []
    for text in texts:
        sound = AudioBuffer()
        async with aclosing(piper.synthesize(SynthesisRequest(text=text, language="en"))) as chunks:
            async for chunk in chunks:
                sound.add(chunk.pcm, chunk.sample_rate)
        parts.append(resample(bytes(sound.pcm), sound.sample_rate, 16_000))
    return silence(gap_ms).join(parts)


async def test_dictated_digits_come_once_each(whisper: FasterWhisper, piper: Piper) -> None:
    dictated = await spoken(piper, [f"{digit.capitalize()}." for digit in DIGITS], 300)
    assert words(await transcript(whisper, dictated, "en"), "en") == list(DIGITS)


@pytest.mark.parametrize("gap_ms", [0, 300])
async def test_a_sentence_that_was_said_twice_comes_twice(
    whisper: FasterWhisper, piper: Piper, gap_ms: int
) -> None:
    sentence = "Please bring the blue umbrella to the station."
    heard = await transcript(whisper, await spoken(piper, [sentence] * 2, gap_ms), "en")
    assert words(heard, "en") == 2 * words(sentence, "en")


@pytest.mark.parametrize(("language", "gap_ms"), [("it", 230), ("es", 300), ("pt", 260), ("hi", 350)])
async def test_a_recorded_sentence_comes_as_often_as_it_is_played(
    whisper: FasterWhisper, language: str, gap_ms: int
) -> None:
    clip = recordings(language)[-1]
    heard = await transcript(
        whisper, silence(300) + silence(gap_ms).join([clip.pcm] * 2) + silence(300), language
    )
    assert lost_sentences([clip.text] * 2, heard, language) == []
    assert len(words(heard, language)) < 2.5 * len(words(clip.text, language))


@pytest.mark.slow
@pytest.mark.parametrize("gap_ms", [350, 500, 700])
async def test_no_sentence_of_a_minute_of_speech_is_lost(whisper: FasterWhisper, gap_ms: int) -> None:
    names = ["contagem", "ola_mundo", "pangrama"] * 4
    recording = silence(gap_ms).join(sample("pt", name) for name in names)
    heard = await transcript(whisper, recording, "pt")
    assert lost_sentences([reference("pt", name) for name in names], heard, "pt") == []
    assert heard.lower().count("mundo") == 4
