"""LibreTranslate's calls, in the shapes of its documentation."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from sokuji.api.service import Service
from sokuji.config import Deadlines, GatewaySettings
from sokuji.errors import ProviderFailed
from sokuji.pipeline.members import StageProviders
from sokuji.pipeline.pipeline import Pipeline
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts
from tests.support.rest_client import client_of, rest_client

BOM_DIA = "Bom dia, como você está hoje?"


@pytest.fixture
async def translator() -> FakeTranslator:
    return FakeTranslator()


@pytest.fixture
async def client(translator: FakeTranslator) -> AsyncIterator[httpx.AsyncClient]:
    async with rest_client(translator=translator, max_text_chars=100) as (client, _):
        yield client


def asked(**changes: Any) -> dict[str, Any]:
    return {"q": BOM_DIA, "source": "pt", "target": "en"} | changes


@pytest.mark.parametrize("sent_as", ["json", "data", "files"])
async def test_a_text_comes_as_json_and_in_both_kinds_of_form(
    client: httpx.AsyncClient, sent_as: str
) -> None:
    fields = asked(api_key="any", secret="", format="text")
    body: Any = {name: (None, value) for name, value in fields.items()} if sent_as == "files" else fields
    answer = await client.post("/translate", **{sent_as: body})
    assert answer.json() == {"translatedText": f"en: {BOM_DIA}"}


async def test_a_list_of_texts_has_a_list_of_answers(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/translate", json=asked(q=[BOM_DIA, "Não sei."], source="auto", alternatives=2)
    )
    found = answer.json()
    assert found["translatedText"] == [f"en: {BOM_DIA}", "en: Não sei."]
    assert [each["language"] for each in found["detectedLanguage"]] == ["pt", "pt"]
    assert found["alternatives"] == [[], []]
    form = await client.post("/translate", data=asked(q=["Um.", "Dois."]))
    assert form.json() == {"translatedText": ["en: Um.", "en: Dois."]}


async def test_the_source_is_detected_if_it_is_auto(client: httpx.AsyncClient) -> None:
    found = (await client.post("/translate", json=asked(source="auto"))).json()
    assert found["detectedLanguage"]["language"] == "pt"
    assert 0 < found["detectedLanguage"]["confidence"] <= 100
    assert found["translatedText"] == f"en: {BOM_DIA}"


@pytest.mark.parametrize("text", ["The book is on the table.", "123", "!", ""])
async def test_a_text_in_the_target_language_or_without_words_stays(
    client: httpx.AsyncClient, translator: FakeTranslator, text: str
) -> None:
    answer = await client.post("/translate", json=asked(q=text, source="auto"))
    assert answer.json()["translatedText"] == text
    assert not translator.requests


async def test_html_keeps_its_tags(client: httpx.AsyncClient) -> None:
    answer = await client.post("/translate", json=asked(q="<p>Um.</p><p>Dois.</p>", format="html"))
    assert answer.json() == {"translatedText": "<p>en: Um.</p><p>en: Dois.</p>"}


@pytest.mark.parametrize(
    ("changes", "status", "named"),
    [
        ({"q": []}, 400, "q"),
        ({"q": ["a"] * 101}, 400, "q"),
        ({"q": 5}, 400, "q"),
        ({"q": "a" * 101}, 413, "q"),
        ({"q": ["a" * 60, "b" * 60]}, 413, "q"),
        ({"source": "xx"}, 422, "source"),
        ({"target": "auto"}, 422, "target"),
        ({"source": "en", "target": "tlh"}, 422, "target"),
        ({"source": "ja"}, 422, "'ja'"),
        ({"source": "auto", "target": "ja"}, 422, "'ja'"),
        ({"format": "markdown"}, 400, "format"),
        ({"alternatives": -1}, 400, "alternatives"),
        ({"alternatives": 11}, 400, "alternatives"),
        ({"bogus": 1}, 400, "bogus"),
    ],
)
async def test_what_is_not_accepted_is_named_in_the_shape_of_this_door(
    client: httpx.AsyncClient, changes: dict[str, Any], status: int, named: str
) -> None:
    answer = await client.post("/translate", json=asked(**changes))
    assert answer.status_code == status, answer.text
    assert list(answer.json()) == ["error"]
    assert named in answer.json()["error"]


@pytest.mark.parametrize("name", ["q", "source", "target"])
async def test_what_is_missing_is_named(client: httpx.AsyncClient, name: str) -> None:
    fields = asked()
    del fields[name]
    for body in ({"json": fields}, {"data": fields}):
        answer = await client.post("/translate", **body)  # type: ignore[arg-type]
        assert answer.status_code == 400
        assert name in answer.json()["error"]


async def test_half_a_character_is_refused(client: httpx.AsyncClient) -> None:
    content = b'{"q": "\\ud800", "source": "pt", "target": "en"}'
    answer = await client.post("/translate", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert "surrogate" in answer.json()["error"]


@pytest.mark.parametrize("content", [b"{", b"[1]", b"\xff", b"[" * 50_000])
async def test_a_body_that_is_no_json_object_is_refused(client: httpx.AsyncClient, content: bytes) -> None:
    answer = await client.post("/translate", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert "JSON" in answer.json()["error"]


async def test_a_field_that_comes_twice_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/translate", data=asked(source=["pt", "en"]))
    assert answer.status_code == 400
    assert "source" in answer.json()["error"]


async def test_a_failure_of_the_model_and_an_unknown_method_have_the_shape(
    client: httpx.AsyncClient, translator: FakeTranslator
) -> None:
    translator.answers.extend([ProviderFailed("the model is broken")] * 3)
    answer = await client.post("/translate", json=asked())
    assert (answer.status_code, answer.json()) == (502, {"error": "the model is broken"})
    wrong = await client.get("/translate")
    assert wrong.status_code == 405
    assert isinstance(wrong.json()["error"], str)


async def test_a_text_is_detected_and_its_confidence_is_a_percentage(client: httpx.AsyncClient) -> None:
    first, *others = (await client.post("/detect", data={"q": BOM_DIA})).json()
    assert first["language"] == "pt"
    assert 50 < first["confidence"] <= 100
    assert all(0 <= each["confidence"] < first["confidence"] for each in others)


async def test_of_a_text_that_says_nothing_nothing_is_known(client: httpx.AsyncClient) -> None:
    (found,) = (await client.post("/detect", json={"q": "123"})).json()
    assert found["confidence"] == 0


async def test_languages_have_names_and_targets(client: httpx.AsyncClient) -> None:
    found = {each["code"]: each for each in (await client.get("/languages")).json()}
    assert found["pt"]["name"] == "Portuguese"
    assert {"en", "pt"} <= set(found["pt"]["targets"])


async def test_a_page_can_ask_for_its_settings(client: httpx.AsyncClient) -> None:
    found = (await client.get("/frontend/settings")).json()
    assert found["charLimit"] == 100
    assert found["language"]["source"]["code"] == "auto"
    assert found["language"]["target"] == {"code": "en", "name": "English"}
    assert not found["suggestions"]
    assert ".srt" in found["supportedFilesFormat"]


async def test_other_translators_give_the_alternatives() -> None:
    translators = [
        FakeTranslator("Hello."),
        FakeTranslator("Hello."),
        FakeTranslator("Hi."),
        FakeTranslator(),
    ]
    for number, each in enumerate(translators):
        each.info = replace(each.info, provider=f"number {number}")
    pipeline = Pipeline(
        StageProviders(stt=[FakeStt()], translation=translators, tts=[FakeTts()]), Deadlines()
    )
    await pipeline.refresh()
    async with client_of(Service(pipeline, GatewaySettings())) as client:
        answer = await client.post("/translate", json=asked(q="Olá.", alternatives=1))
    assert answer.json() == {"translatedText": "Hello.", "alternatives": ["Hi."]}
    assert not translators[3].requests
