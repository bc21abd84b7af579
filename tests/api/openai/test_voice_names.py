"""What the names of voices mean."""

import pytest

from sokuji.api.openai.voice_names import OPENAI_VOICES, voice_id
from sokuji.errors import UnknownVoice, UnsupportedLanguage
from tests.api.openai.catalogues import catalogue


@pytest.mark.parametrize("name", OPENAI_VOICES)
@pytest.mark.parametrize("language", ["en", "pt"])
def test_each_of_openais_names_is_a_voice_of_the_language_and_of_its_gender(name: str, language: str) -> None:
    voices = {voice.id: voice for voice in catalogue().voices}
    voice = voices[voice_id(catalogue(), name, language)]
    assert language in voice.languages
    assert OPENAI_VOICES[name] in (None, voice.gender)
    assert voice.id == voice_id(catalogue(), name, language)


def test_alloy_is_the_default_voice_and_names_of_one_gender_are_different_voices() -> None:
    assert voice_id(catalogue(), "alloy", "en") == "joe"
    assert {voice_id(catalogue(), name, "en") for name in ("coral", "marin")} == {"amy", "eva"}


def test_an_id_of_the_service_stays() -> None:
    assert voice_id(catalogue(), "rui", "pt") == "rui"
    assert voice_id(catalogue(), "default", "pt") == "default"


def test_a_voice_of_another_language_or_of_nobody_is_refused_with_those_that_speak_it() -> None:
    for name in ("rui", "nobody"):
        with pytest.raises(UnknownVoice, match=r"alloy.*joe, amy, eva") as refusal:
            voice_id(catalogue(), name, "en")
        assert refusal.value.param == "voice"
    with pytest.raises(UnsupportedLanguage):
        voice_id(catalogue(), "alloy", "fr")
