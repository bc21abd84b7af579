"""The OpenAPI document has OpenAI's calls with all that they take."""

import json
from typing import Any

import pytest

from sokuji.api.openai.rest.transcription_forms import TranscriptionForm, TranslationForm
from tests.support.rest_client import rest_client


@pytest.fixture
async def document() -> dict[str, Any]:
    async with rest_client() as (client, _):
        found: dict[str, Any] = (await client.get("/openapi.json")).json()
    return found


@pytest.mark.parametrize(
    ("path", "form"),
    [("/v1/audio/transcriptions", TranscriptionForm), ("/v1/audio/translations", TranslationForm)],
)
async def test_forms_have_their_fields(document: dict[str, Any], path: str, form: Any) -> None:
    body = document["paths"][path]["post"]["requestBody"]
    schema = body["content"]["multipart/form-data"]["schema"]
    assert set(schema["properties"]) == set(form.model_fields)
    assert set(schema["required"]) == {"file", "model"}
    assert "$ref" not in json.dumps(schema)


async def test_speech_has_its_fields_and_formats(document: dict[str, Any]) -> None:
    call = document["paths"]["/v1/audio/speech"]["post"]
    name = call["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    schema = document["components"]["schemas"][name]
    assert set(schema["required"]) == {"input", "model", "voice"}
    assert {"audio/mpeg", "audio/aac", "text/event-stream"} <= set(call["responses"]["200"]["content"])
    assert {"400", "404", "413", "422", "429", "502", "503"} <= set(call["responses"])


async def test_each_reference_leads_to_a_schema(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    named = {part.partition('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert named <= set(document["components"]["schemas"])
    assert "#/$defs/" not in text
