"""A chat model behind OpenAI's API: the requests that are sent, the settings, and the key."""

import json
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from sokuji.config import OpenAIChatConfig
from sokuji.contract import TranslatedText, TranslationRequest
from sokuji.errors import (
    ConfigError,
    InvalidRequest,
    ProviderFailed,
    UnsupportedLanguage,
)
from sokuji.languages import LANGUAGES
from sokuji.providers import openai_api
from sokuji.providers.translation.llm.prompt import max_response_tokens, messages
from sokuji.providers.translation.openai import OpenAIChat
from tests.support.cloud.faults import status
from tests.support.cloud.openai_chat import MODEL, USUAL, Model, chunk, sends
from tests.support.cloud.server import KEY, Response, Server, events
from tests.support.cloud.translators import OPENAI, translated
from tests.support.knobs import Knobs

HELLO = TranslationRequest(text="Good morning, my friend.", source="en", target="pt")
SAID = "".join(USUAL)


async def test_a_request_is_sent_as_the_reference_describes_it(provider: OpenAIChat, server: Server) -> None:
    assert await provider.translate([HELLO]) == [TranslatedText(text=SAID, score=None)]
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.json() == {
        "model": MODEL,
        "messages": messages(HELLO),
        "stream": True,
        "max_completion_tokens": max_response_tokens(HELLO),
    }


@pytest.mark.knob("translation.openai.translation_model")
async def test_requests_name_the_configured_model(server: Server, knob: Knobs) -> None:
    async with OPENAI.loaded(server) as provider:
        await translated(provider, HELLO)
        sent = server.requests[-1].json()["model"]
        knob.observe("translation.openai.translation_model", provider.config, sent)
    other = OpenAIChat(OPENAI.settings(server.url, translation_model="another"))
    async with aclosing(other):
        with pytest.raises(ProviderFailed, match="no model 'another'") as refusal:
            await other.load()
    knob.observe("translation.openai.translation_model", other.config, refusal.value.message)


@pytest.mark.knob("translation.openai.temperature")
async def test_the_temperature_is_sent_from_the_next_request_on(
    provider: OpenAIChat, server: Server, knob: Knobs
) -> None:
    for temperature in (None, 0.0, 0.3):
        provider.update(OPENAI.settings(server.url, temperature=temperature))
        await translated(provider, HELLO)
        sent = server.requests[-1].json().get("temperature")
        assert sent == temperature
        knob.observe("translation.openai.temperature", provider.config, sent)


async def test_connections_are_reused(provider: OpenAIChat, server: Server) -> None:
    for _ in range(3):
        assert await translated(provider, HELLO) == [SAID]
    assert server.connections == 1


async def test_all_pairs_of_languages_are_offered(provider: OpenAIChat) -> None:
    info = await provider.describe()
    assert (info.provider, info.model) == ("openai", MODEL)
    assert len(set(info.pairs)) == len(LANGUAGES) * (len(LANGUAGES) - 1)
    assert info.takes_context
    assert info.takes_glossary_for("haw", "yue")


async def test_a_batch_is_answered_in_order_and_a_bad_request_fails_alone(
    provider: OpenAIChat, server: Server
) -> None:
    requests = [
        HELLO,
        replace(HELLO, target="en"),
        replace(HELLO, text="..."),
        replace(HELLO, text="Half \ud800"),
        HELLO,
    ]
    answers = await provider.translate(requests)
    assert answers[0] == answers[4] == TranslatedText(text=SAID)
    assert isinstance(answers[1], UnsupportedLanguage)
    assert answers[2] == TranslatedText(text="...")
    assert isinstance(answers[3], InvalidRequest)
    assert len(server.requests) == 2
    assert await provider.translate([]) == []


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({"temperature": 0.3}, {"temperature": 0.3}),
        ({"reasoning_effort": "low"}, {"reasoning_effort": "low"}),
        ({"max_tokens": 64}, {"max_completion_tokens": 64}),
        ({"thinking_tokens": 500}, {"max_completion_tokens": max_response_tokens(HELLO) + 500}),
        ({"max_tokens": 64, "thinking_tokens": 500}, {"max_completion_tokens": 564}),
    ],
)
async def test_live_settings_are_sent_with_the_next_request(
    settings: dict[str, Any], sent: dict[str, Any], provider: OpenAIChat, server: Server
) -> None:
    await translated(provider, HELLO)
    provider.update(OPENAI.settings(server.url, **settings))
    await translated(provider, HELLO)
    before, after = (request.json() for request in server.requests)
    assert after == before | sent
    assert after != before


async def test_the_token_limit_can_have_its_older_name(provider: OpenAIChat, server: Server) -> None:
    provider.update(OPENAI.settings(server.url, limit_field="max_tokens"))
    await translated(provider, HELLO)
    wanted = server.requests[0].json()
    assert wanted["max_tokens"] == max_response_tokens(HELLO)
    assert "max_completion_tokens" not in wanted


@pytest.mark.parametrize(
    ("most", "told"), [(2, ("Two.", "Three.")), (9, ("One.", "Two.", "Three.")), (0, ())]
)
async def test_max_context_limits_the_sentences_in_the_prompt(
    most: int, told: tuple[str, ...], provider: OpenAIChat, server: Server
) -> None:
    provider.update(OPENAI.settings(server.url, max_context=most))
    await translated(provider, replace(HELLO, context=("One.", "Two.", "Three.")))
    assert server.requests[0].json()["messages"] == messages(replace(HELLO, context=told))


@pytest.mark.parametrize(
    ("name", "effort"),
    [
        ("gpt-6-luna", "none"),
        ("gpt-5.2", "none"),
        ("gpt-5", None),
        ("gpt-4.1", None),
        ("gpt-5.1-chat-latest", None),
    ],
)
async def test_openai_models_that_reason_by_default_are_asked_not_to(
    name: str, effort: str | None, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai_api, "HOST", "127.0.0.1")
    models = Response(json.dumps({"data": [{"id": name}]}).encode())
    server.fail(sends(models), sends(events(chunk(SAID, "stop"))))
    async with OPENAI.loaded(server, translation_model=name) as provider:
        assert await translated(provider, HELLO) == [SAID]
    assert server.requests[-1].json().get("reasoning_effort") == effort


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": 3},
        {"max_tokens": 1},
        {"thinking_tokens": -1},
        {"max_context": -1},
        {"reasoning_effort": "much"},
        {"limit_field": "n"},
        {"translation_model": ""},
        {"base_url": "ftp://models.lan/v1"},
    ],
)
def test_invalid_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        OpenAIChatConfig(**settings)


async def test_a_missing_glossary_term_leads_to_a_second_request(
    provider: OpenAIChat, server: Server, model: Model
) -> None:
    request = replace(HELLO, glossary={"friend": "Colega"})
    model.answers = [["Bom dia, ", "amigo."], ["Bom dia, ", "Colega."]]
    assert await translated(provider, request) == ["Bom dia, Colega."]
    first, second = (each.json()["messages"] for each in server.requests)
    assert first == messages(request)
    assert second == messages(request, ["Colega"])


async def test_check_finds_the_model_in_the_list_of_models(provider: OpenAIChat, server: Server) -> None:
    await provider.check()
    (request,) = server.requests
    assert (request.method, request.path) == ("GET", "/v1/models")
    server.fail(status(200, body=b'{"data": [{"id": "other"}]}'), status(200, body=b'{"data": null}'))
    with pytest.raises(ProviderFailed, match=MODEL):
        await provider.check()
    with pytest.raises(ProviderFailed, match="sent an invalid"):
        await provider.check()


async def test_load_fails_with_a_wrong_key_or_model(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ProviderFailed, match=f"'gpt-4'; it has: {MODEL}"):
        async with OPENAI.loaded(server, translation_model="gpt-4"):
            pass
    monkeypatch.setenv(openai_api.KEY, "wrong")
    with pytest.raises(ProviderFailed, match=f"refuses the key in {openai_api.KEY}"):
        async with OPENAI.loaded(server):
            pass


async def test_a_key_is_required_for_openai_only(
    server: Server, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(openai_api.KEY)
    model.key = None
    async with OPENAI.loaded(server) as provider:
        assert await translated(provider, HELLO) == [SAID]
    assert "authorization" not in server.requests[-1].headers
    with pytest.raises(ConfigError, match=openai_api.KEY):
        await OpenAIChat(OpenAIChatConfig()).load()


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("https://api.openai.com/v1", True),
        ("https://models.example.com/v1", True),
        ("http://localhost:8000/v1", True),
        ("http://models.lan/v1", False),
    ],
)
def test_a_key_is_never_sent_unencrypted_over_a_network(address: str, sent: bool) -> None:
    headers = openai_api.headers(OpenAIChatConfig(base_url=address))
    assert headers == ({"Authorization": f"Bearer {KEY}"} if sent else {})
