"""Which ids of models are known, and what each of them means."""

import pytest

from sokuji.api.openai.model_ids import ModelIds
from sokuji.config import OpenAISettings
from sokuji.errors import InvalidRequest, UnknownModel
from sokuji.pipeline.catalogue import Catalogue
from tests.api.openai.catalogues import catalogue


@pytest.fixture
def ids() -> ModelIds:
    return ModelIds(catalogue(), OpenAISettings().aliases)


def test_a_model_of_the_service_is_named_by_provider_and_model_and_its_provider_is_preferred(
    ids: ModelIds,
) -> None:
    assert ids.providers("second/large", "stt") == {"stt": "second"}
    assert ids.providers("voices/v1", "tts") == {"tts": "voices"}
    assert ids.providers("words/w1", "interpreter") == {"translation": "words"}


@pytest.mark.parametrize("model_id", ["whisper-1", "gpt-4o-transcribe-2025-12-15", "gpt-live-transcribe"])
def test_the_ids_of_openai_mean_the_preferred_recogniser(ids: ModelIds, model_id: str) -> None:
    assert ids.providers(model_id, "stt") == {}
    assert ids.find(model_id).purpose == "stt"


def test_the_longest_beginning_that_fits_decides(ids: ModelIds) -> None:
    assert ids.find("gpt-realtime-whisper-2").purpose == "stt"
    assert ids.find("gpt-realtime-2025-08-28").purpose == "interpreter"


def test_an_alias_of_the_operator_takes_precedence_and_may_mean_a_model_of_the_service() -> None:
    settings = OpenAISettings(model_aliases={"whisper-1": "second/large", "house*": "interpreter"})
    ids = ModelIds(catalogue(), settings.aliases)
    assert ids.providers("whisper-1", "stt") == {"stt": "second"}
    assert ids.providers("house-voice", "interpreter") == {}


def test_an_alias_for_a_model_that_is_gone_is_unknown() -> None:
    ids = ModelIds(catalogue(), OpenAISettings(model_aliases={"mine": "gone/x"}).aliases)
    with pytest.raises(UnknownModel):
        ids.find("mine")
    assert "mine" not in [model.id for model in ids.models]


def test_an_unknown_model_is_refused_with_the_ids_that_are_served(ids: ModelIds) -> None:
    with pytest.raises(UnknownModel, match="first/base") as refusal:
        ids.providers("gpt-4", "stt")
    assert refusal.value.param == "model"


def test_a_model_for_something_else_is_refused_with_those_that_fit(ids: ModelIds) -> None:
    with pytest.raises(InvalidRequest, match="voices/v1"):
        ids.providers("whisper-1", "tts")
    with pytest.raises(InvalidRequest, match="whisper-1"):
        ids.providers("gpt-realtime", "stt")


def test_one_listed_id_is_a_realtime_model_that_neither_transcribes_nor_only_translates(
    ids: ModelIds,
) -> None:
    names = [model.id for model in ids.models]
    assert len(set(names)) == len(names)
    assert [
        name
        for name in names
        if name.startswith("gpt-realtime") and "-whisper" not in name and "-translate" not in name
    ] == ["gpt-realtime"]


def test_a_preferred_provider_is_first_and_the_others_keep_their_order() -> None:
    preferring = catalogue().preferring({"stt": "second"})
    assert [each.info.provider for each in preferring.stt] == ["second", "first", "third"]
    assert preferring.tts == catalogue().tts
    assert isinstance(preferring, Catalogue)
