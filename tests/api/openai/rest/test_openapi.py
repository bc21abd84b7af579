"""The OpenAPI document has OpenAI's calls with all that they take."""

import asyncio
import json
from typing import Any

import pytest

from sokuji.api.app import build_app
from sokuji.api.openai.rest.transcription_forms import TranscriptionForm, TranslationForm
from sokuji.api.service import Service
from sokuji.config import GatewaySettings
from tests.support.fake_stages import ready_pipeline


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return build_app(Service(asyncio.run(ready_pipeline()), GatewaySettings())).openapi()


def test_every_call_is_there(document: dict[str, Any]) -> None:
    paths = {
        path: item for path, item in document["paths"].items() if path.startswith(("/v1/models", "/v1/a"))
    }
    assert {(method, path) for path, item in paths.items() for method in item} == {
        ("get", "/v1/models"),
        ("get", "/v1/models/{model_id}"),
        ("get", "/v1/audio/models"),
        ("get", "/v1/audio/voices"),
        ("post", "/v1/audio/transcriptions"),
        ("post", "/v1/audio/translations"),
        ("post", "/v1/audio/speech"),
    }


@pytest.mark.parametrize(
    ("path", "form"),
    [("/v1/audio/transcriptions", TranscriptionForm), ("/v1/audio/translations", TranslationForm)],
)
def test_forms_have_their_fields(document: dict[str, Any], path: str, form: Any) -> None:
    body = document["paths"][path]["post"]["requestBody"]
    schema = body["content"]["multipart/form-data"]["schema"]
    assert set(schema["properties"]) == set(form.model_fields)
    assert set(schema["required"]) == {"file", "model"}
    assert "$ref" not in json.dumps(schema)


def test_speech_has_its_fields_and_formats(document: dict[str, Any]) -> None:
    call = document["paths"]["/v1/audio/speech"]["post"]
    name = call["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    schema = document["components"]["schemas"][name]
    assert set(schema["required"]) == {"input", "model", "voice"}
    assert {"audio/mpeg", "audio/aac", "text/event-stream"} <= set(call["responses"]["200"]["content"])
    assert {"400", "404", "413", "422", "429", "502", "503"} <= set(call["responses"])


def test_each_reference_leads_to_a_schema(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    named = {part.partition('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert named <= set(document["components"]["schemas"])
    assert "#/$defs/" not in text


def test_every_call_with_a_body_names_the_ways_in_which_it_can_fail(document: dict[str, Any]) -> None:
    calls = [item["post"] for item in document["paths"].values() if "post" in item]
    assert len(calls) > 10
    for call in calls:
        assert {"400", "403", "408", "413", "422", "429", "500", "503"} <= set(call["responses"]), call[
            "summary"
        ]
