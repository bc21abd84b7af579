"""What the pipeline records of its providers: fallbacks, confidence, scores, characters, seconds of audio."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from sokuji.config import Deadlines
from sokuji.contract import Transcript, TranslatedText, TranslationRequest
from sokuji.errors import ProviderFailed, SokujiError
from sokuji.metrics.exposition import collected, exposition
from sokuji.pipeline.members import StageProviders
from sokuji.pipeline.pipeline import Pipeline
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts
from tests.support.metrics_page import total

Grown = Callable[..., float]


@pytest.fixture
def grown() -> Grown:
    """By how much a sample has grown in this test."""
    before = exposition(collected()).decode()

    def by(name: str, **labels: str) -> float:
        return total(exposition(collected()).decode(), name, **labels) - total(before, name, **labels)

    return by


async def pipeline_of(*translators: FakeTranslator, stt: FakeStt | None = None) -> Pipeline:
    pipeline = Pipeline(StageProviders([stt or FakeStt()], [*translators], [FakeTts()]), Deadlines())
    await pipeline.refresh()
    return pipeline


class ScoringTranslator(FakeTranslator):
    """Gives a score."""

    async def translate(self, requests: Sequence[TranslationRequest]) -> list[TranslatedText | SokujiError]:
        return [TranslatedText(text=each.text, score=0.83) for each in requests]


def named(
    provider: str, *answers: ProviderFailed, of: type[FakeTranslator] = FakeTranslator
) -> FakeTranslator:
    translator = of(*answers)
    translator.info = replace(translator.info, provider=provider)
    return translator


async def test_an_answer_of_another_provider_than_the_first_is_a_fallback(grown: Grown) -> None:
    pipeline = await pipeline_of(named("first", ProviderFailed("broken")), named("second"))
    await pipeline.translate_text("Good day.", "en", "pt")
    assert grown("sokuji_stage_fallbacks_total", stage="translation", provider="second") == 1
    assert grown("sokuji_stage_failures_total", provider="first", code="provider_failed") == 1
    await pipeline.translate_text("Good day.", "en", "pt")
    assert grown("sokuji_stage_fallbacks_total") == 1


async def test_texts_are_counted_in_characters_with_their_scores(grown: Grown) -> None:
    pipeline = await pipeline_of(named("scored", of=ScoringTranslator))
    await pipeline.translate_text("Good day.", "en", "pt")
    assert grown("sokuji_translated_characters_total", provider="scored") == len("Good day.")
    assert grown("sokuji_translation_score_sum", provider="scored") == pytest.approx(0.83)
    assert grown("sokuji_translation_score_bucket", provider="scored", le="0.85") == 1
    assert grown("sokuji_translation_score_bucket", provider="scored", le="0.8") == 0


async def test_recognised_audio_is_counted_and_only_final_transcripts_have_a_confidence(
    grown: Grown,
) -> None:
    heard = Transcript(text="olá", language="pt", confidence=0.6)
    pipeline = await pipeline_of(FakeTranslator(), stt=FakeStt(heard, heard))
    await pipeline.recognise(bytes(64_000), "pt", interim=True)
    await pipeline.recognise(bytes(32_000), "pt")
    assert grown("sokuji_recognised_audio_seconds_total", kind="interim") == pytest.approx(2)
    assert grown("sokuji_recognised_audio_seconds_total", kind="final") == pytest.approx(1)
    assert grown("sokuji_transcript_confidence_count") == 1
    assert grown("sokuji_transcript_confidence_sum") == pytest.approx(0.6)


async def test_speech_is_counted_in_characters_and_seconds(grown: Grown) -> None:
    pipeline = await pipeline_of(FakeTranslator())
    chunks = [each async for each in pipeline.speak("Hello there.", "en", voice_id="default")]
    seconds = sum(len(each.pcm) / 2 / each.sample_rate for each in chunks)
    assert grown("sokuji_synthesised_characters_total", provider="fake") == len("Hello there.")
    assert grown("sokuji_synthesised_audio_seconds_total", provider="fake") == pytest.approx(seconds)
