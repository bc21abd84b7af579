"""Which pairs, routes and voices follow from what the providers can do."""

from dataclasses import replace

import pytest

from sokuji.contract import Pairs, RecogniserInfo, SynthesiserInfo, TranslatorInfo, Voice
from sokuji.errors import UnknownVoice, UnsupportedLanguage
from sokuji.languages import LANGUAGES
from sokuji.pipeline.catalogue import Catalogue, Route

WHISPER = RecogniserInfo(provider="w", model="m", languages=("en", "fr", "ja", "pt"), translates_to=("en",))
BERGAMOT = TranslatorInfo(provider="b", model="m", pairs=(("en", "pt"), ("pt", "en")))
JOE = Voice(id="joe", name="Joe", language="en-US", languages=("en",))
DORA = Voice(id="dora", name="Dora", language="pt-BR", languages=("en", "pt"))
CATALOGUE = Catalogue(
    (WHISPER,),
    (BERGAMOT,),
    (
        SynthesiserInfo(provider="p", model="m", voices=(JOE,)),
        SynthesiserInfo(provider="k", model="m", voices=(DORA,)),
    ),
)


def test_the_route_follows_from_what_covers_the_pair() -> None:
    assert CATALOGUE.route("pt", "pt") == Route("same")
    assert CATALOGUE.route("pt", "en") == Route("text")
    assert CATALOGUE.route("fr", "en") == Route("speech")
    assert CATALOGUE.route("fr", "pt") == Route("pivot", "en")
    with pytest.raises(UnsupportedLanguage, match="targets served for 'fr': en, pt"):
        CATALOGUE.route("fr", "ja")


def test_the_pairs_listed_are_those_that_have_a_route() -> None:
    assert CATALOGUE.text_pairs == [("en", "pt"), ("pt", "en")]
    assert CATALOGUE.speech_pairs == [
        ("en", "pt"), ("fr", "en"), ("fr", "pt"), ("ja", "en"), ("ja", "pt"), ("pt", "en"),
    ]  # fmt: skip


def test_without_text_models_the_recogniser_serves_its_own_target_only() -> None:
    alone = Catalogue((WHISPER,), (), ())
    assert alone.speech_pairs == [("fr", "en"), ("ja", "en"), ("pt", "en")]
    with pytest.raises(UnsupportedLanguage, match="targets served: en"):
        alone.check_speech_pair(None, "pt")


def test_an_unknown_source_is_accepted_where_any_language_could_be_translated() -> None:
    CATALOGUE.check_speech_pair(None, "pt")
    with pytest.raises(UnsupportedLanguage, match="targets served: en, pt"):
        CATALOGUE.check_speech_pair(None, "ja")
    with pytest.raises(UnsupportedLanguage, match="accepted: auto, en, fr, ja, pt"):
        CATALOGUE.check_speech_pair("xx", "en")


def test_text_needs_a_text_model() -> None:
    CATALOGUE.check_text_pair("pt", "en")
    CATALOGUE.check_text_pair("fr", "fr")
    with pytest.raises(UnsupportedLanguage, match="sources served: en, pt"):
        CATALOGUE.check_text_pair("fr", "en")


def test_the_first_provider_that_speaks_a_language_has_its_default_voice() -> None:
    assert CATALOGUE.voice("default", "en") == JOE
    assert CATALOGUE.voice("default", "pt") == CATALOGUE.voice("dora", "en") == DORA
    with pytest.raises(UnknownVoice, match="accepted: default, dora"):
        CATALOGUE.voice("joe", "pt")
    with pytest.raises(UnsupportedLanguage, match="languages with a voice: en, pt"):
        CATALOGUE.voice("default", "ja")


def test_other_providers_voices_stand_in_for_the_one_asked_for() -> None:
    assert CATALOGUE.voices_for("default", "en") == [(0, JOE), (1, DORA)]
    assert CATALOGUE.voices_for("dora", "en") == [(1, DORA), (0, JOE)]
    assert CATALOGUE.voices_for("dora", "pt") == [(1, DORA)]


def test_hundreds_of_languages_are_told_in_few_words_and_a_script_is_not_spoken() -> None:
    everything = TranslatorInfo(provider="n", model="m", pairs=Pairs(tuple(LANGUAGES), tuple(LANGUAGES)))
    catalogue = Catalogue(CATALOGUE.stt, (everything,), (*CATALOGUE.tts,))
    with pytest.raises(UnsupportedLanguage, match="languages with a voice: en, pt"):
        catalogue.voice("default", "zh-Hant")
    one = SynthesiserInfo(provider="k", model="m", voices=(replace(JOE, languages=("zh",)),))
    assert Catalogue((), (everything,), (one,)).voice("default", "zh-Hant").id == JOE.id
    assert catalogue.translators("pt", "zh-Hant") == [0]
    with pytest.raises(UnsupportedLanguage) as refusal:
        catalogue.check_text_pair("xx", "en")
    assert len(refusal.value.message) < 250
