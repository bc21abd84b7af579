"""Whichever provider translates, text or speech: values are checked, and nothing is lost in silence."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from sokuji.config import Deadlines
from sokuji.contract import Transcript, TranslatedText, TranslationRequest
from sokuji.errors import ProviderFailed, SokujiError
from sokuji.pipeline.members import StageProviders
from sokuji.pipeline.pipeline import Pipeline
from sokuji.providers.stt.whisper.provider import FasterWhisper
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts, ready_pipeline
from tests.support.speech import samples


class ForgetfulTranslator(FakeTranslator):
    """Translates to the same words with other numbers, as long as a number has more than three digits."""

    async def translate(self, requests: Sequence[TranslationRequest]) -> list[TranslatedText | SokujiError]:
        """The texts with changed numbers, and a score."""
        self.requests += requests
        return [
            TranslatedText(text=request.text.replace("1.221", "1.222"), score=0.5) for request in requests
        ]


@pytest.mark.parametrize("context", [False, True], ids=["sentence model", "language model"])
async def test_a_number_that_any_translator_changes_is_put_right(context: bool) -> None:
    translator = ForgetfulTranslator()
    translator.info = replace(translator.info, takes_context=context, takes_glossary=context)
    pipeline = await ready_pipeline(translator=translator)
    changed = await pipeline.translate_text("Olá. Fatura 1.221 aqui", "pt", "en")
    assert (changed.text, changed.score, changed.provider) == ("Olá. Fatura 1,221 aqui", None, "fake")


async def test_a_translation_that_is_accepted_at_once_keeps_its_score() -> None:
    pipeline = await ready_pipeline(translator=ForgetfulTranslator())
    assert (await pipeline.translate_text("Fatura 15 aqui", "pt", "en")).score == 0.5


async def test_a_text_of_numbers_is_written_in_the_target_language_by_no_provider() -> None:
    translator = FakeTranslator()
    pipeline = await ready_pipeline(translator=translator)
    translation = await pipeline.translate_text("1.220,5", "pt", "en")
    assert (translation.text, translation.provider, translator.requests) == ("1,220.5", None, [])


async def test_an_empty_translation_of_words_goes_to_the_next_translator_and_then_fails() -> None:
    silent, second = FakeTranslator(*[""] * 4), FakeTranslator(*["good morning", *[""] * 4])
    second.info = replace(second.info, provider="second")
    pipeline = Pipeline(StageProviders([FakeStt()], [silent, second], [FakeTts()]), Deadlines())
    await pipeline.refresh()
    translation = await pipeline.translate_text("bom dia", "pt", "en")
    assert (translation.text, translation.provider) == ("good morning", "second")
    with pytest.raises(ProviderFailed):
        await pipeline.translate_text("bom dia", "pt", "en")


def spoken(text: str) -> Transcript:
    return Transcript(text=text, language="fr")


@pytest.mark.parametrize(
    ("words", "first", "second", "result"),
    [
        ("bonjour", "", "hello", "hello"),
        ("bonjour", "...", "hello", "hello"),
        ("un 7, 8, 9", "a 7, 9", "a 7, 8, 9", "a 7, 8, 9"),
        ("un 7, 8, 9", "a 7, 9", "a", "a 7, 9"),
    ],
)
async def test_speech_translated_to_nothing_or_without_a_number_is_translated_again(
    words: str, first: str, second: str, result: str
) -> None:
    stt = FakeStt(first, second)
    pipeline = await ready_pipeline(stt)
    assert (await pipeline.translate_speech(spoken(words), b"\x01\x00" * 16_000, "en")).text == result
    assert [request.once_more for request in stt.requests] == [False, True]
    assert stt.requests[0].pcm == stt.requests[1].pcm


@pytest.mark.parametrize(
    ("words", "answer"), [("bonjour", "hello"), ("un 7", "a 7"), ("2 personnes", "two people")]
)
async def test_speech_translated_well_is_translated_once(words: str, answer: str) -> None:
    stt = FakeStt(answer)
    pipeline = await ready_pipeline(stt)
    assert (await pipeline.translate_speech(spoken(words), bytes(32_000), "en")).text == answer
    assert len(stt.requests) == 1


async def test_speech_that_stays_without_a_translation_is_an_error() -> None:
    pipeline = await ready_pipeline(FakeStt("", ""))
    with pytest.raises(ProviderFailed, match="empty translation"):
        await pipeline.translate_speech(spoken("bonjour"), bytes(32_000), "en")


async def test_numbers_that_were_spoken_need_no_translation() -> None:
    stt = FakeStt()
    pipeline = await ready_pipeline(stt)
    assert (await pipeline.translate_speech(spoken("1, 2, 3,5"), bytes(32_000), "en")).text == "1, 2, 3.5"
    assert stt.requests == []


@pytest.mark.parametrize("language", ["es", "fr", "it"])
async def test_no_real_speech_is_translated_to_nothing(whisper: FasterWhisper, language: str) -> None:
    # A busy machine may take its time.
    deadlines = Deadlines(stt_s=100)
    pipeline = Pipeline(StageProviders([whisper], [FakeTranslator()], [FakeTts()]), deadlines)
    await pipeline.refresh()
    for _, pcm, _ in samples(language):
        transcript = await pipeline.recognise(pcm, language)
        translation = await pipeline.translate_speech(transcript, pcm, "en")
        assert any(map(str.isalnum, translation.text))
