"""A chat model behind OpenAI's protocol, played by a local server: requests, streams, faults."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
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
    ProviderUnavailable,
    SokujiError,
    UnsupportedLanguage,
)
from sokuji.languages import LANGUAGES
from sokuji.providers import openai
from sokuji.providers.translation.llm.prompt import messages, most_tokens
from sokuji.providers.translation.openai import OpenAIChat
from tests.support.cloud.faults import (
    PATIENT_S,
    SHORT_S,
    cut,
    endless,
    every_fault,
    garbage,
    limit_s,
    silent,
    stall,
    status,
)
from tests.support.cloud.openai_chat import MODEL, USUAL, Model, chunk
from tests.support.cloud.server import KEY, Exchange, Fault, Response, Server, events, nobody, serve
from tests.support.knobs import Knobs

HELLO = TranslationRequest(text="Good morning, my friend.", source="en", target="pt")
SAID = "".join(USUAL)


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(openai.KEY, KEY)


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
async def server(model: Model) -> AsyncIterator[Server]:
    async with serve(model.handle) as running:
        yield running


@pytest.fixture
async def provider(server: Server) -> AsyncIterator[OpenAIChat]:
    async with loaded(server) as ready:
        server.requests.clear()
        yield ready


@asynccontextmanager
async def loaded(server: Server, **settings: Any) -> AsyncIterator[OpenAIChat]:
    async with aclosing(OpenAIChat(config(server, **settings))) as ready:
        await ready.load()
        yield ready


def config(server: Server, **settings: Any) -> OpenAIChatConfig:
    return OpenAIChatConfig(**{"base_url": f"{server.url}/v1", "timeout_s": PATIENT_S} | settings)


async def translate(provider: OpenAIChat, request: TranslationRequest = HELLO) -> str:
    (answer,) = await provider.translate([request])
    assert isinstance(answer, TranslatedText), answer
    return answer.text


async def refused(provider: OpenAIChat, request: TranslationRequest = HELLO) -> SokujiError:
    (answer,) = await provider.translate([request])
    assert isinstance(answer, SokujiError)
    return answer


def sends(response: Response) -> Fault:
    """Answers with this instead."""

    async def fault(exchange: Exchange) -> None:
        await exchange.send(response)

    return fault


async def test_a_text_crosses_the_wire_as_the_reference_has_it(provider: OpenAIChat, server: Server) -> None:
    assert await provider.translate([HELLO]) == [TranslatedText(text=SAID, score=None)]
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.json() == {
        "model": MODEL,
        "messages": messages(HELLO),
        "stream": True,
        "max_completion_tokens": most_tokens(HELLO),
    }


@pytest.mark.knob("translation.openai.translation_model")
async def test_the_server_is_asked_for_the_configured_model(server: Server, knob: Knobs) -> None:
    async with loaded(server) as provider:
        await translate(provider)
        used = server.requests[-1].json()["model"]
        knob.observe("translation.openai.translation_model", provider.config, used)
    other = OpenAIChat(config(server, translation_model="another"))
    async with aclosing(other):
        with pytest.raises(ProviderFailed, match="no model 'another'") as refusal:
            await other.load()
    knob.observe("translation.openai.translation_model", other.config, refusal.value.message)


async def test_connections_are_used_again(provider: OpenAIChat, server: Server) -> None:
    for _ in range(3):
        assert await translate(provider) == SAID
    assert server.connections == 1


async def test_it_translates_between_all_languages(provider: OpenAIChat) -> None:
    info = await provider.describe()
    assert (info.provider, info.model) == ("openai", MODEL)
    assert len(set(info.pairs)) == len(LANGUAGES) * (len(LANGUAGES) - 1)
    assert info.takes_context
    assert info.takes_glossary_for("haw", "yue")


async def test_a_batch_is_answered_in_order_and_a_bad_item_harms_only_itself(
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
        ({"thinking_tokens": 500}, {"max_completion_tokens": most_tokens(HELLO) + 500}),
        ({"max_tokens": 64, "thinking_tokens": 500}, {"max_completion_tokens": 564}),
    ],
)
async def test_settings_go_to_the_server_at_once(
    settings: dict[str, Any], sent: dict[str, Any], provider: OpenAIChat, server: Server
) -> None:
    await translate(provider)
    provider.update(config(server, **settings))
    await translate(provider)
    before, after = (request.json() for request in server.requests)
    assert after == before | sent
    assert after != before


@pytest.mark.knob("translation.openai.temperature")
async def test_the_temperature_goes_to_the_server_from_the_next_request_on(
    provider: OpenAIChat, server: Server, knob: Knobs
) -> None:
    for temperature in (None, 0.0, 0.3):
        provider.update(config(server, temperature=temperature))
        await translate(provider)
        sent = server.requests[-1].json().get("temperature")
        assert sent == temperature
        knob.observe("translation.openai.temperature", provider.config, sent)


async def test_older_servers_are_told_the_limit_by_its_older_name(
    provider: OpenAIChat, server: Server
) -> None:
    provider.update(config(server, limit_field="max_tokens"))
    await translate(provider)
    wanted = server.requests[0].json()
    assert wanted["max_tokens"] == most_tokens(HELLO)
    assert "max_completion_tokens" not in wanted


@pytest.mark.parametrize(
    ("most", "told"), [(2, ("Two.", "Three.")), (9, ("One.", "Two.", "Three.")), (0, ())]
)
async def test_so_many_sentences_of_context_are_told(
    most: int, told: tuple[str, ...], provider: OpenAIChat, server: Server
) -> None:
    provider.update(config(server, max_context=most))
    await translate(provider, replace(HELLO, context=("One.", "Two.", "Three.")))
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
async def test_models_of_openai_that_would_think_are_told_not_to(
    name: str, effort: str | None, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai, "OPENAI", "127.0.0.1")
    models = Response(json.dumps({"data": [{"id": name}]}).encode())
    server.fail(sends(models), sends(events(chunk(SAID, "stop"))))
    async with loaded(server, translation_model=name) as provider:
        assert await translate(provider) == SAID
    assert server.requests[-1].json().get("reasoning_effort") == effort


async def test_what_is_not_live_is_refused(provider: OpenAIChat, server: Server) -> None:
    with pytest.raises(ConfigError, match="translation_model"):
        provider.update(config(server, translation_model="gpt-4"))


async def test_a_new_time_limit_holds_at_once(provider: OpenAIChat, server: Server) -> None:
    provider.update(config(server, timeout_s=SHORT_S / 4))
    server.fail(silent)
    assert "0.05 s" in (await refused(provider)).message


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
def test_settings_that_cannot_be_meant_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        OpenAIChatConfig(**settings)


@every_fault
async def test_every_fault_has_its_error_and_the_next_request_is_well(
    fault: Fault,
    error: type[SokujiError],
    provider: OpenAIChat,
    server: Server,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    provider.update(config(server, timeout_s=limit_s(error)))
    server.fail(fault)
    refusal = await refused(provider)
    provider.update(config(server))
    assert type(refusal) is error
    assert KEY not in f"{refusal!r}{caplog.text}"
    assert "morning" not in f"{refusal!r}{caplog.text}".lower()
    assert await translate(provider) == SAID


@pytest.mark.parametrize("pieces", [2, 4, len(USUAL) + 1])
async def test_an_answer_that_is_cut_in_the_middle_is_lost(
    pieces: int, provider: OpenAIChat, server: Server
) -> None:
    server.fail(cut(pieces), sends(events(*map(chunk, USUAL[: pieces - 1]), done=False)))
    for _ in range(2):
        refusal = await refused(provider)
        assert isinstance(refusal, ProviderUnavailable)
        assert "broke" in refusal.message


@pytest.mark.parametrize(
    "response",
    [
        events(chunk(SAID), chunk(reason="stop"), done=False),
        events(chunk(SAID)),
        events(chunk(SAID, "stop"), {"choices": [], "usage": {"total_tokens": 9}}),
        events({"choices": [], "prompt_filter_results": []}, chunk(SAID, "stop")),
        Response([b": a comment\r\n\r\n", f"data:{json.dumps(chunk(SAID, 'stop'))}\r\n\r\n".encode()]),
        Response([bytes([each]) for each in f"data: {json.dumps(chunk(SAID, 'stop'))}\n\n".encode()]),
        events(chunk(None, reasoning_content="They want Portuguese."), chunk(SAID, "stop")),
    ],
    ids=[
        "no DONE",
        "no reason",
        "usage",
        "no choices at first",
        "comments",
        "byte by byte",
        "thoughts apart",
    ],
)
async def test_every_form_of_a_whole_answer_is_read(
    response: Response, provider: OpenAIChat, server: Server
) -> None:
    server.fail(sends(response))
    assert await translate(provider) == SAID


async def test_a_server_that_does_not_end_a_whole_answer_is_not_waited_for(
    provider: OpenAIChat, server: Server
) -> None:
    server.fail(stall(len(USUAL) + 2))
    assert await translate(provider) == SAID


@pytest.mark.parametrize(
    ("response", "told"),
    [
        (events(*map(chunk, USUAL), chunk(reason="length")), "length"),
        (events(chunk("Bom "), chunk(reason="content_filter")), "content_filter"),
        (events(chunk(SAID), chunk(reason="tool_calls")), "tool_calls"),
        (events(chunk(SAID), chunk(reason="Bom dia")), "unknown reason"),
        (events(chunk(None, refusal="I can't"), chunk(reason="stop")), "refusal"),
        (events(chunk("Bom "), {"error": {"message": "Bom dia", "code": 500}}), "error"),
        (events(chunk("Bom "), {"no": "choices"}), "cannot be read"),
        (events(chunk("Bom "), ["choices"]), "cannot be read"),
        (events({"choices": [{"delta": {"content": 7}}]}), "cannot be read"),
        (Response([b"data: {\n\n"]), "cannot be read"),
        (Response([b"data: " + b"[" * 100_000 + b"\n\n"]), "cannot be read"),
        (events(chunk("Sorry, I can't help with that."), chunk(reason="stop")), "refusal"),
        (events(chunk(reason="stop")), "empty"),
    ],
)
async def test_what_is_no_whole_translation_is_a_failure(
    response: Response, told: str, provider: OpenAIChat, server: Server
) -> None:
    server.fail(sends(response))
    refusal = await refused(provider)
    assert isinstance(refusal, ProviderFailed)
    assert told in refusal.message
    assert "Bom" not in refusal.message


async def test_an_answer_that_is_no_stream_at_all_has_broken_off(
    provider: OpenAIChat, server: Server
) -> None:
    server.fail(garbage)
    assert isinstance(await refused(provider), ProviderUnavailable)


@pytest.mark.parametrize(
    "piece", [f"data: {json.dumps(chunk('ha'))}\n\n".encode(), b"\n" * 65_536, b": ping\n\n" * 9_000]
)
async def test_an_endless_answer_is_refused_and_not_read_on(
    piece: bytes, provider: OpenAIChat, server: Server
) -> None:
    server.fail(endless(piece))
    assert isinstance(await refused(provider), ProviderFailed)
    await asyncio.wait_for(server.requests[0].closed.wait(), 5)


async def test_a_call_that_is_given_up_ends_its_connection(provider: OpenAIChat, server: Server) -> None:
    server.fail(stall(2))
    call = asyncio.create_task(provider.translate([HELLO]))
    while not server.requests:
        await asyncio.sleep(0.001)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.wait_for(server.requests[0].closed.wait(), 5)


async def test_a_glossary_is_kept_or_asked_for_again(
    provider: OpenAIChat, server: Server, model: Model
) -> None:
    request = replace(HELLO, glossary={"friend": "Colega"})
    model.answers = [["Bom dia, ", "amigo."], ["Bom dia, ", "Colega."]]
    assert await translate(provider, request) == "Bom dia, Colega."
    first, second = (each.json()["messages"] for each in server.requests)
    assert first == messages(request)
    assert second == messages(request, ["Colega"])


async def test_its_check_looks_for_the_model_in_the_list_which_is_free(
    provider: OpenAIChat, server: Server
) -> None:
    await provider.check()
    (request,) = server.requests
    assert (request.method, request.path) == ("GET", "/v1/models")
    server.fail(status(200, body=b'{"data": [{"id": "other"}]}'), status(200, body=b'{"data": null}'))
    with pytest.raises(ProviderFailed, match=MODEL):
        await provider.check()
    with pytest.raises(ProviderFailed, match="cannot be read"):
        await provider.check()


async def test_a_wrong_key_or_model_does_not_load(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ProviderFailed, match=f"'gpt-4'; it has: {MODEL}"):
        async with loaded(server, translation_model="gpt-4"):
            pass
    monkeypatch.setenv(openai.KEY, "wrong")
    with pytest.raises(ProviderFailed, match=f"refuses the key in {openai.KEY}"):
        async with loaded(server):
            pass


async def test_a_server_that_is_away_does_not_keep_it_from_loading(caplog: pytest.LogCaptureFixture) -> None:
    async with aclosing(OpenAIChat(OpenAIChatConfig(base_url=f"{await nobody()}/v1"))) as provider:
        await provider.load()
        assert "could not be tried" in caplog.text
        assert isinstance(await refused(provider), ProviderUnavailable)


async def test_nothing_works_before_it_is_loaded_and_after_it_is_closed(server: Server) -> None:
    provider = OpenAIChat(config(server))
    for _ in range(2):
        assert isinstance(await refused(provider), ProviderUnavailable)
        with pytest.raises(ProviderUnavailable, match="not loaded"):
            await provider.check()
        await provider.load()
        await provider.aclose()


async def test_only_openai_needs_a_key(server: Server, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(openai.KEY)
    model.key = None
    async with loaded(server) as provider:
        assert await translate(provider) == SAID
    assert "authorization" not in server.requests[-1].headers
    with pytest.raises(ConfigError, match=openai.KEY):
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
def test_a_key_crosses_no_network_unencrypted(address: str, sent: bool) -> None:
    headers = openai.headers(OpenAIChatConfig(base_url=address))
    assert headers == ({"Authorization": f"Bearer {KEY}"} if sent else {})
