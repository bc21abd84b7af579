"""Which pairs, routes and voices follow from what the providers can do."""

from dataclasses import replace

import pytest

from sokuji.admission.provider_load import ProviderLoad
from sokuji.config import ResilienceSettings
from sokuji.contract import Pairs, RecogniserInfo, SynthesiserInfo, TranslatorInfo, Voice
from sokuji.errors import NotSupported, UnknownVoice, UnsupportedLanguage
from sokuji.languages import LANGUAGES
from sokuji.pipeline.catalogue import Catalogue, Route
from sokuji.pipeline.circuit_breaker import CircuitBreaker
from sokuji.pipeline.members import Member, RecogniserMember, SynthesiserMember, TranslatorMember
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts

BREAKER = CircuitBreaker("x", ResilienceSettings)
LOAD = ProviderLoad("stt")


def recogniser(info: RecogniserInfo) -> RecogniserMember:
    return Member(FakeStt(), info, BREAKER, LOAD)


def translator(info: TranslatorInfo) -> TranslatorMember:
    return Member(FakeTranslator(), info, BREAKER, LOAD)


def synthesiser(info: SynthesiserInfo) -> SynthesiserMember:
    return Member(FakeTts(), info, BREAKER, LOAD)


HEARING = RecogniserInfo(provider="w", model="m", languages=("en", "fr", "ja", "pt"), translates_to=("en",))
PORTUGUESE = TranslatorInfo(provider="b", model="m", pairs=(("en", "pt"), ("pt", "en")))
WHISPER, BERGAMOT = recogniser(HEARING), translator(PORTUGUESE)
JOE = Voice(id="joe", name="Joe", language="en-US", languages=("en",))
DORA = Voice(id="dora", name="Dora", language="pt-BR", languages=("en", "pt"))
PIPER = synthesiser(SynthesiserInfo(provider="p", model="m", voices=(JOE,)))
KOKORO = synthesiser(SynthesiserInfo(provider="k", model="m", voices=(DORA,)))
CATALOGUE = Catalogue((WHISPER,), (BERGAMOT,), (PIPER, KOKORO))


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


def test_voices_of_other_members_are_fallbacks_of_the_requested_voice() -> None:
    assert CATALOGUE.voices_for("default", "en") == [(PIPER, JOE), (KOKORO, DORA)]
    assert CATALOGUE.voices_for("dora", "en") == [(KOKORO, DORA), (PIPER, JOE)]
    assert CATALOGUE.voices_for("dora", "pt") == [(KOKORO, DORA)]


def test_the_members_for_a_language_or_a_pair_are_in_order_of_preference() -> None:
    german = recogniser(replace(HEARING, languages=("de", "en"), translates_to=()))
    english = translator(replace(PORTUGUESE, pairs=(("pt", "en"),)))
    catalogue = Catalogue((german, WHISPER), (english, BERGAMOT), ())
    assert catalogue.recognisers(None) == catalogue.recognisers("en") == [german, WHISPER]
    assert catalogue.recognisers("pt") == catalogue.recognisers("en", translating_to="en") == [WHISPER]
    assert catalogue.translators("pt", "en") == [english, BERGAMOT]
    assert catalogue.translators("en", "pt") == [BERGAMOT]


def test_context_is_accepted_if_the_preferred_recogniser_of_the_language_takes_it() -> None:
    plain = recogniser(replace(HEARING, languages=("en",)))
    with_context = recogniser(replace(HEARING, languages=("en", "pt"), takes_context=True))
    Catalogue((plain, with_context), (), ()).check_recognition_context("pt")
    Catalogue((with_context, plain), (), ()).check_recognition_context("en")
    for language in ("en", None):
        with pytest.raises(NotSupported, match="the recogniser does not support context") as refusal:
            Catalogue((plain, with_context), (), ()).check_recognition_context(language)
        assert refusal.value.param == "context"
    Catalogue((with_context, plain), (), ()).check_recognition_context(None)
    with pytest.raises(UnsupportedLanguage):
        Catalogue((with_context,), (), ()).check_recognition_context("ja")


def test_context_is_accepted_if_the_preferred_translator_of_the_pair_takes_it() -> None:
    with_context = translator(replace(PORTUGUESE, pairs=(("pt", "en"),), takes_context=True))
    Catalogue((), (with_context, BERGAMOT), ()).check_translation_context("pt", "en")
    for members in ((with_context, BERGAMOT), (BERGAMOT, with_context)):
        with pytest.raises(NotSupported, match="the translator from en to pt does not support context"):
            Catalogue((), members, ()).check_translation_context("en", "pt")
    with pytest.raises(NotSupported, match="the translator from pt to en does not support context"):
        Catalogue((), (BERGAMOT, with_context), ()).check_translation_context("pt", "en")


def test_hundreds_of_languages_make_a_short_message_and_a_script_is_not_spoken() -> None:
    pairs = Pairs(tuple(LANGUAGES), tuple(LANGUAGES))
    everything = translator(TranslatorInfo(provider="n", model="m", pairs=pairs))
    catalogue = Catalogue(CATALOGUE.stt, (everything,), (*CATALOGUE.tts,))
    with pytest.raises(UnsupportedLanguage, match="languages with a voice: en, pt"):
        catalogue.voice("default", "zh-Hant")
    one = synthesiser(SynthesiserInfo(provider="k", model="m", voices=(replace(JOE, languages=("zh",)),)))
    assert Catalogue((), (everything,), (one,)).voice("default", "zh-Hant").id == JOE.id
    assert catalogue.translators("pt", "zh-Hant") == [everything]
    with pytest.raises(UnsupportedLanguage) as refusal:
        catalogue.check_text_pair("xx", "en")
    assert len(refusal.value.message) < 250


HANA = Voice(id="hana", name="Hana", language="ja", languages=("en", "ja"))
JAPANESE = synthesiser(SynthesiserInfo(provider="h", model="m", voices=(HANA,)))


@pytest.mark.parametrize("requested", ["default", "joe", "hana"])
def test_a_text_in_another_script_is_read_by_a_voice_that_has_it(requested: str) -> None:
    catalogue = Catalogue((), (), (PIPER, JAPANESE))
    reading = catalogue.voices_for_text("こんにちは", requested, "en")
    assert (reading.language, reading.voices) == ("ja", [(JAPANESE, HANA)])
    assert catalogue.voices_for_text("Good morning.", "joe", "en").voices[0] == (PIPER, JOE)


def test_a_text_that_no_voice_reads_is_refused_with_the_languages_that_have_one() -> None:
    with pytest.raises(
        UnsupportedLanguage, match=r"written in Han, .* languages with a voice: en, pt"
    ) as refusal:
        CATALOGUE.voices_for_text("你好世界", "default", "en")
    assert refusal.value.param == "text"
    with pytest.raises(UnknownVoice):
        CATALOGUE.voices_for_text("你好世界", "nobody", "en")
