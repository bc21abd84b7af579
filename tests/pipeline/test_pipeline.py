"""The pipeline gives each translator what it takes, and glossaries hold whatever the translator."""

from dataclasses import replace

import pytest

from sokuji.config import Deadlines
from sokuji.contract import Transcript
from sokuji.errors import DeadlineExceeded, NotSupported, UnsupportedLanguage
from sokuji.pipeline.pipeline import Pipeline
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts, ready_pipeline

GLOSSARY = {"dia": "Day", "ponte": "Bridge"}


def transcript(text: str, language: str) -> Transcript:
    return Transcript(text=text, language=language)


async def test_a_translator_that_takes_glossary_and_context_gets_both() -> None:
    translator = FakeTranslator()
    translator.info = replace(translator.info, takes_glossary=True, takes_context=True)
    pipeline = await ready_pipeline(translator=translator)
    assert (await pipeline.translate_text("bom dia", "pt", "en", ("Olá.",), GLOSSARY)).text == "en: bom dia"
    (request,) = translator.requests
    assert (request.text, request.context, request.glossary) == ("bom dia", ("Olá.",), GLOSSARY)


async def test_a_translator_that_takes_neither_glossary_nor_context_gets_neither() -> None:
    translator = FakeTranslator()
    pipeline = await ready_pipeline(translator=translator)
    assert (await pipeline.translate_text("bom dia", "pt", "en", ("Olá.",), GLOSSARY)).text == "en: bom Day"
    assert [(request.context, request.glossary) for request in translator.requests] == [((), {})] * 3


async def test_terms_hold_where_the_translator_takes_glossaries_but_not_for_this_pair() -> None:
    translator = FakeTranslator()
    pipeline = await ready_pipeline(translator=translator)
    translator.info = replace(translator.info, takes_glossary=True, glossary_languages=("en", "de"))
    await pipeline.refresh()
    assert (await pipeline.translate_text("bom dia", "pt", "en", glossary=GLOSSARY)).text == "en: bom Day"
    translator.info = replace(translator.info, glossary_languages=("en", "pt"))
    await pipeline.refresh()
    assert (await pipeline.translate_text("bom dia", "pt", "en", glossary=GLOSSARY)).text == "en: bom dia"
    assert translator.requests[-1].glossary == GLOSSARY


async def test_without_its_terms_a_text_is_translated_once() -> None:
    translator = FakeTranslator()
    pipeline = await ready_pipeline(translator=translator)
    assert (await pipeline.translate_text("boa noite", "pt", "en", glossary=GLOSSARY)).text == "en: boa noite"
    assert len(translator.requests) == 1


async def test_speech_that_is_recognised_and_then_translated_keeps_the_terms() -> None:
    pipeline = await ready_pipeline()
    translation = await pipeline.translate_speech(transcript("a ponte", "pt"), b"", "en", glossary=GLOSSARY)
    assert translation.text == "en: a Bridge"


async def test_speech_in_the_target_language_has_its_terms_replaced() -> None:
    translator = FakeTranslator()
    pipeline = await ready_pipeline(translator=translator)
    spoken = transcript("Bom dia, Ponte.", "pt")
    assert (await pipeline.translate_speech(spoken, b"", "pt", glossary=GLOSSARY)).text == "Bom Day, Bridge."
    assert translator.requests == []


@pytest.mark.parametrize("target", ["en", "pt"])
async def test_a_spoken_term_is_refused_if_the_recogniser_translates(target: str) -> None:
    pipeline = await ready_pipeline(FakeStt("good day"))
    with pytest.raises(NotSupported, match="pairs that do: en-pt, pt-en") as refusal:
        await pipeline.translate_speech(transcript("un dia", "es"), b"", target, glossary=GLOSSARY)
    assert refusal.value.param == "glossary"
    without = transcript("buenos dias", "es")
    translation = await pipeline.translate_speech(without, b"", target, glossary=GLOSSARY)
    assert translation.text == {"en": "good day", "pt": "pt: good day"}[target]


async def test_a_glossary_is_refused_in_advance_for_speech_that_the_recogniser_translates() -> None:
    catalogue = (await ready_pipeline()).catalogue
    for source, target in ((None, "en"), ("pt", "en"), ("en", "en")):
        catalogue.check_glossary(source, target)
    for target in ("en", "pt"):
        with pytest.raises(NotSupported, match="pairs that do: en-pt, pt-en") as refusal:
            catalogue.check_glossary("fr", target)
        assert refusal.value.param == "glossary"
    with pytest.raises(UnsupportedLanguage):
        catalogue.check_glossary("fr", "ja")


async def spoken(pipeline: Pipeline, text: str, language: str = "en") -> None:
    async for _ in pipeline.speak(text, language, voice_id="default"):
        pass


async def test_a_voice_gets_words_for_numbers_and_signs() -> None:
    tts = FakeTts()
    await spoken(await ready_pipeline(tts=tts), "Dr. Li (李) pays €5.")
    assert [request.text for request in tts.requests] == ["Doctor Li (Li) pays five euros."]


async def test_a_voice_that_reads_notation_itself_gets_the_text_as_it_is_written() -> None:
    tts = FakeTts()
    tts.info = replace(tts.info, reads_notation=True)
    await spoken(await ready_pipeline(tts=tts), "Dr. Li pays €5.")
    assert [request.text for request in tts.requests] == ["Dr. Li pays €5."]


async def test_a_text_in_a_script_without_a_voice_is_refused() -> None:
    with pytest.raises(UnsupportedLanguage, match="languages with a voice: en, es, pt"):
        await spoken(await ready_pipeline(), "你好世界")


async def test_a_long_text_may_take_longer_than_a_sentence() -> None:
    deadlines = Deadlines(translation_s=0.2)
    pipeline = await ready_pipeline(translator=FakeTranslator(delay_s=0.3), deadlines=deadlines)
    sentence = "Olá. "
    with pytest.raises(DeadlineExceeded, match="0.2 s"):
        await pipeline.translate_text(sentence, "pt", "en")
    # One call of the fake: its parts are all the same.
    assert (await pipeline.translate_text(sentence * 1_000, "pt", "en")).provider == "fake"
