"""Speech that a text leaves out: where the audio is divided, and what Whisper base then writes."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from load_tests.lost_speech import joined_speech
from load_tests.measurements.lost_sentences import lost_sentences
from load_tests.scenarios.speech_samples import recordings
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.config import SegmentationSettings
from sokuji.contract import RecognitionRequest, Transcript
from sokuji.measure.samples import LANGUAGES
from sokuji.pipeline.detected_speech import utterances
from sokuji.providers.jobs import Job
from sokuji.providers.stt.whisper import recogniser
from sokuji.providers.stt.whisper.provider import FasterWhisper
from sokuji.providers.stt.whisper.speech_blocks import BLOCK_S, SpeechBlocks
from sokuji.providers.stt.whisper.uncovered_speech import Division, divide
from sokuji.providers.stt.whisper.windows import LEAD_S
from sokuji.providers.stt.whisper.word_times import AlignedText
from tests.support.speech import reference, sample, silence


def speech(signs: str) -> SpeechBlocks:
    """Audio of which each sign is 0.1 s: "#" speech, "." none."""
    return SpeechBlocks(np.array([sign == "#" for sign in signs], np.bool_))


def aligned(*parts: tuple[str, float], tokens: int = 1) -> list[AlignedText]:
    """Parts of a text, each with the second of the audio at which it ends."""
    starts = [-LEAD_S, *(end_s for _, end_s in parts)]
    return [
        AlignedText(text, start_s + LEAD_S, end_s + LEAD_S, tokens)
        for (text, end_s), start_s in zip(parts, starts, strict=False)
    ]


TWICE = "...#############...#############.."
"""The same 1.3 s of speech two times, 0.3 s apart."""


@pytest.mark.parametrize(
    ("voice", "parts", "at_s", "tokens"),
    [
        pytest.param(TWICE, [(" Olá", 0.8), (" mundo", 1.6)], 1.65, 2, id="behind"),
        pytest.param(TWICE, [(" Olá", 0.8), (" mundo", 1.5), (".", 3.4)], 1.65, 3, id="behind, under a mark"),
        pytest.param(TWICE, [(" Olá", 0.9), (" mundo", 3.4)], 0.9, 1, id="in the last word"),
        pytest.param(
            TWICE + TWICE,
            [(" Olá", 0.8), (" mundo", 1.5), (".", 3.6), (" Bom", 4.5), (" dia", 5.0), (".", 6.8)],
            1.65,
            3,
            id="between, under a mark",
        ),
        pytest.param(
            TWICE + TWICE,
            [(" Olá", 0.9), (" mundo", 3.6), (" bom", 4.5), (" dia", 5.2), (" Ana", 6.6)],
            0.9,
            1,
            id="between, in a word",
        ),
        pytest.param(TWICE, [(" Olá", 2.8), (" mundo", 3.3)], 1.75, 0, id="before"),
    ],
)
def test_audio_is_divided_at_speech_without_words(
    voice: str, parts: Sequence[tuple[str, float]], at_s: float, tokens: int
) -> None:
    division = divide(aligned(*parts), speech(voice))
    assert division
    assert division.at_s == pytest.approx(at_s, abs=BLOCK_S)
    assert division.tokens == tokens
    doubled = divide(aligned(*parts, tokens=2), speech(voice))
    assert doubled == Division(division.at_s, 2 * tokens)


@pytest.mark.parametrize(
    ("voice", "parts"),
    [
        pytest.param(
            TWICE, [(" Olá", 0.9), (" mundo", 1.7), (" Olá", 2.5), (" mundo", 3.3)], id="all has words"
        ),
        pytest.param("...#####" + "." * 40, [(" Olá", 0.4), (" mundo", 0.8)], id="silence behind"),
        pytest.param("." * 40 + "#####", [(" Olá", 4.3), (" mundo", 4.5)], id="silence before"),
        pytest.param("#####" + "." * 30 + "####", [(" Olá", 0.5), (".", 3.4), (" Ana", 3.9)], id="a pause"),
        pytest.param(TWICE, [(" a", 0.3)], id="a text that is too short to be right"),
    ],
)
def test_audio_is_not_divided_without_a_reason(voice: str, parts: Sequence[tuple[str, float]]) -> None:
    assert divide(aligned(*parts), speech(voice)) is None


@given(st.text("#.", min_size=1, max_size=80), st.lists(st.sampled_from([" a", "."]), max_size=12), st.data())
def test_both_parts_are_shorter_and_only_long_speech_is_divided(
    voice: str, texts: list[str], data: st.DataObject
) -> None:
    heard = speech(voice)
    ends = sorted(data.draw(st.floats(0, heard.end_s)) for _ in texts)
    parts = aligned(*zip(texts, ends, strict=True))
    division = divide(parts, heard)
    if division:
        assert 0 < division.at_s < heard.end_s
        assert 0 <= division.tokens <= len(parts)
        assert voice.count("#") * BLOCK_S >= 1


async def recognise(whisper: FasterWhisper, pcm: bytes, language: str) -> Transcript:
    (heard,) = await whisper.transcribe([RecognitionRequest(pcm=pcm, language=language, thorough=True)])
    assert isinstance(heard, Transcript)
    return heard


@pytest.mark.parametrize(
    ("number", "utterance", "spoken"),
    [
        pytest.param(83, 1, slice(2, 5), id="passed over between two sentences"),
        pytest.param(77, 3, slice(3, 5), id="said twice, written once"),
        pytest.param(167, 1, slice(1, 5), id="a time stamp long before the end"),
    ],
)
async def test_no_sentence_of_several_is_lost(
    whisper: FasterWhisper, number: int, utterance: int, spoken: slice
) -> None:
    joined = joined_speech(LANGUAGES, number + 1, seed=0)[number]
    found = [each async for each in utterances(joined.recording.pcm, SegmentationSettings())]
    language = joined.recording.language
    heard = await recognise(whisper, found[utterance].utterance.pcm, language)
    assert not lost_sentences(joined.sentences[spoken], heard.text, language)


@pytest.mark.parametrize(("language", "sentence", "gap_ms"), [("it", 2, 250), ("ja", 1, 250)])
async def test_a_sentence_that_is_said_twice_is_written_twice(
    whisper: FasterWhisper, language: str, sentence: int, gap_ms: int
) -> None:
    clip = recordings(language)[sentence]
    pcm = silence(300) + clip.pcm + silence(gap_ms) + clip.pcm + silence(200)
    heard = await recognise(whisper, pcm, language)
    assert not lost_sentences([clip.text] * 2, heard.text, language)


async def test_both_parts_are_decoded_anew_if_the_text_leaves_out_the_first(
    whisper: FasterWhisper, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = "hello_world", "quick_brown_fox"
    first, second = (sample("en", name) for name in names)
    divisions = iter([Division(len(first) / 2 / RECOGNISER_RATE, tokens=0)])

    def divided_once(*_: object, **__: object) -> Job[Division | None]:
        return next(divisions, None)
        yield

    monkeypatch.setattr(recogniser, "find_division", divided_once)
    heard = await recognise(whisper, first + second, "en")
    assert not lost_sentences([reference("en", name) for name in names], heard.text, "en")
    times = [at for segment in heard.segments for at in (segment.start_ms, segment.end_ms)]
    assert times == sorted(times)
