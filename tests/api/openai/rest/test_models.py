"""``/v1/models`` and what clients ask beside it."""

import asyncio
from collections.abc import AsyncIterator

import openai
import pytest
from openai.types import Model

from sokuji.api.openai.voice_names import OPENAI_VOICES
from sokuji.config import GatewaySettings, OpenAISettings
from tests.support.openai_api import client_of, http_client, openai_api, strictly


@pytest.fixture
async def base_url() -> AsyncIterator[str]:
    async with openai_api() as url:
        yield url


async def test_models_are_listed_with_the_ids_of_openai(base_url: str) -> None:
    async with http_client(base_url) as http:
        body = (await http.get("models")).json()
    assert body["object"] == "list"
    models: list[Model] = strictly(list[Model], body["data"], "voices")
    owners = {model.id: model.owned_by for model in models}
    assert {"fake/ear", "fake/mind", "fake/mouth", "whisper-1", "tts-1", "gpt-realtime"} <= set(owners)
    assert (owners["fake/ear"], owners["whisper-1"]) == ("fake", "sokuji")
    assert len(owners) == len(models)
    assert all(model.created > 1_700_000_000 for model in models)


async def test_a_model_of_the_service_has_a_slash_in_its_id(base_url: str) -> None:
    async with client_of(base_url) as client:
        assert (await client.models.retrieve("fake/ear")).owned_by == "fake"
        assert (
            await client.models.retrieve("gpt-4o-transcribe-2026-01-01")
        ).id == "gpt-4o-transcribe-2026-01-01"
        with pytest.raises(openai.NotFoundError) as refusal:
            await client.models.retrieve("nobody/nothing")
    assert (refusal.value.code, refusal.value.param) == ("model_not_found", "model")


async def test_the_synchronous_client_lists_them(base_url: str) -> None:
    def ids() -> list[str]:
        with openai.OpenAI(base_url=base_url, api_key="any", max_retries=0) as client:
            return [model.id for model in client.models.list()]

    assert "fake/mouth" in await asyncio.to_thread(ids)


async def test_a_model_that_speaks_names_its_voices_by_what_a_request_sends(base_url: str) -> None:
    async with http_client(base_url) as http:
        for model_id in ("fake/mouth", "tts-1"):
            body = (await http.get(f"models/{model_id}")).json()
            assert body["voices"] == [
                {"id": "joe", "name": "joe", "language": "en-US", "gender": "male"},
                {"id": "dora", "name": "dora", "language": "pt-BR", "gender": "female"},
            ]
        assert "voices" not in (await http.get("models/fake/ear")).json()


async def test_voices_and_speech_models_are_listed_for_clients_that_ask(base_url: str) -> None:
    async with http_client(base_url) as http:
        voices = (await http.get("audio/voices")).json()["voices"]
        models = (await http.get("audio/models")).json()["models"]
    assert [voice["id"] for voice in voices] == [*OPENAI_VOICES, "joe", "dora"]
    assert {"id": "dora", "name": "Dora (pt-BR)"} in voices
    assert {"fake/mouth", "tts-1", "tts-1-hd", "gpt-4o-mini-tts"} == {model["id"] for model in models}


async def test_an_alias_of_the_operator_is_listed_and_leads_to_its_model() -> None:
    for aliases in ({}, {"house-voice": "fake/mouth"}):
        settings = GatewaySettings(openai=OpenAISettings(model_aliases=aliases))
        async with openai_api(settings=settings) as url, http_client(url) as http:
            listed = [model["id"] for model in (await http.get("models")).json()["data"]]
            assert ("house-voice" in listed) is bool(aliases)
            owner = (await http.get("models/house-voice")).json().get("owned_by")
            assert owner == ("fake" if aliases else None)


async def test_an_unknown_path_has_an_error_in_openais_shape(base_url: str) -> None:
    async with http_client(base_url) as http:
        answer = await http.post("chat/completions", json={})
    assert answer.status_code == 404
    assert answer.json()["error"]["type"] == "invalid_request_error"
