"""Temperature fallback: with ``best_of`` above 1 a rejected transcript is sampled at higher temperatures."""

import inspect
from collections.abc import Sequence
from dataclasses import replace

import pytest
from faster_whisper import WhisperModel

from sokuji.config import FasterWhisperConfig
from sokuji.contract import RecognitionRequest, Transcript
from sokuji.providers.stt.text_cleanup import normalise_spaces
from sokuji.providers.stt.whisper import transcript_text, window_search
from sokuji.providers.stt.whisper.computations import DecoderPass
from sokuji.providers.stt.whisper.provider import FasterWhisper
from sokuji.providers.stt.whisper.search_terms import DecoderOutput, DecodingOptions
from sokuji.providers.stt.whisper.transcript_text import DecodingQuality
from tests.support.speech import sample

FOX = RecognitionRequest(pcm=sample("en", "quick_brown_fox"), language="en")
GUIDE = {"beam_size": 5, "best_of": 5, "temperature": 0.0, "second_hearing": "never"}
"""The combination of the original performance tuning guide."""
FASTER_WHISPER = inspect.signature(WhisperModel.transcribe).parameters


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[DecodingOptions]:
    """The options of each search of the decoder."""
    found: list[DecodingOptions] = []
    together = DecoderPass.compute_batch

    def noted(cls: type[DecoderPass], batch: Sequence[DecoderPass]) -> list[DecoderOutput | None]:
        found.extend(step.options for step in batch)
        return together(batch)

    monkeypatch.setattr(DecoderPass, "compute_batch", classmethod(noted))
    return found


async def recognise(
    whisper: FasterWhisper, request: RecognitionRequest = FOX, **changes: object
) -> Transcript:
    before = whisper.config
    try:
        whisper.update(before.model_copy(update={**GUIDE, **changes}))
        (answer,) = await whisper.transcribe([request])
    finally:
        whisper.update(before)
    assert isinstance(answer, Transcript)
    return answer


def reject(monkeypatch: pytest.MonkeyPatch, attempts: int) -> None:
    """Reject the first so many decodings."""
    left = iter([True] * attempts)
    monkeypatch.setattr(DecodingQuality, "rejected", property(lambda outcome: next(left, False)))


def temperatures(searches: Sequence[DecodingOptions]) -> list[float]:
    return [search.temperature for search in searches]


async def test_a_good_transcript_is_not_decoded_again(
    whisper: FasterWhisper, searches: list[DecodingOptions]
) -> None:
    assert (await recognise(whisper)).text == "The quick brown fox jumps over the lazy dog."
    assert temperatures(searches) == [0]


async def test_rejected_transcripts_are_sampled_at_rising_temperatures_until_one_passes(
    whisper: FasterWhisper, searches: list[DecodingOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    reject(monkeypatch, 3)
    await recognise(whisper)
    assert temperatures(searches) == [0, 0.2, 0.4, 0.6]
    assert {search.best_of for search in searches} == {5}


async def test_without_candidates_or_for_an_interim_hypothesis_there_is_no_fallback(
    whisper: FasterWhisper, searches: list[DecodingOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    reject(monkeypatch, 100)
    await recognise(whisper, best_of=1)
    await recognise(whisper, replace(FOX, interim=True))
    assert temperatures(searches) == [0, 0]


async def test_if_all_are_rejected_the_most_probable_of_the_unrepetitive_ones_is_taken(
    whisper: FasterWhisper, searches: list[DecodingOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    reject(monkeypatch, 100)
    found: list[DecodingQuality] = []
    original = DecodingQuality

    def noted(**fields: object) -> DecodingQuality:
        outcome = original(**fields)  # type: ignore[arg-type]
        found.append(outcome)
        return outcome

    monkeypatch.setattr(window_search, "DecodingQuality", noted)
    heard = await recognise(whisper)
    assert temperatures(searches) == list(FASTER_WHISPER["temperature"].default)
    best = max(found, key=lambda outcome: (not outcome.repetitive, outcome.avg_logprob))
    assert heard.text == normalise_spaces(best.text)


@pytest.mark.parametrize(
    ("start", "rest"),
    [(0.0, [0.2, 0.4, 0.6, 0.8, 1.0]), (0.2, [0.4, 0.6, 0.8, 1.0]), (0.5, [0.7, 0.9]), (0.9, []), (1.0, [])],
)
def test_temperatures_rise_from_the_configured_one(start: float, rest: list[float]) -> None:
    options = DecodingOptions.configured(FasterWhisperConfig(temperature=start, best_of=2), 10, 10)
    assert temperatures(options.at_higher_temperatures()) == rest


def test_the_thresholds_are_those_of_faster_whisper() -> None:
    assert FASTER_WHISPER["compression_ratio_threshold"].default == transcript_text._COMPRESSION
    assert FASTER_WHISPER["log_prob_threshold"].default == transcript_text._IMPROBABLE


@pytest.mark.parametrize(
    ("text", "average", "rejected"),
    [("Good morning.", -0.3, False), ("Good morning.", -1.2, True), ("ha " * 40, -0.1, True)],
)
def test_text_is_rejected_when_it_is_repetitive_or_improbable(
    text: str, average: float, rejected: bool
) -> None:
    outcome = DecodingQuality(
        text=text, tokens=9, seconds=9.0, voiced_s=2.0, avg_logprob=average, no_speech_prob=0.1, cut_off=False
    )
    assert outcome.rejected is rejected
