"""What every recogniser in the network must do, against local servers that speak the wire formats."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from sokuji.config import AzureTranscriptionConfig, OpenAITranscriptionConfig
from sokuji.contract import RecognitionRequest, Transcript
from sokuji.errors import (
    ConfigError,
    DeadlineExceeded,
    InvalidAudio,
    ProviderFailed,
    ProviderUnavailable,
    SokujiError,
    UnsupportedLanguage,
)
from sokuji.languages import LANGUAGES
from sokuji.providers.registry import create
from tests.support.cloud.azure_stt import azure
from tests.support.cloud.faults import SHORT_S, every_fault_of_json, silent, status
from tests.support.cloud.openai_stt import openai, said, speech
from tests.support.cloud.server import KEY, Exchange, Fault, Handler, Server, nobody, serve
from tests.support.cloud.turns import recorded


@dataclass(frozen=True)
class Service:
    """A service and how its provider is set up."""

    handler: Handler
    settings: Callable[..., Any]
    base: str
    key: str
    name: str


SERVICES = {
    "openai": Service(openai, OpenAITranscriptionConfig, "/v1", "OPENAI_API_KEY", "the transcription server"),
    "azure": Service(azure, AzureTranscriptionConfig, "", "AZURE_SPEECH_KEY", "Azure Speech"),
}


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Service:
    found = SERVICES[request.param]
    monkeypatch.setenv(found.key, KEY)
    return found


@pytest.fixture
async def server(service: Service) -> AsyncIterator[Server]:
    async with serve(service.handler) as running:
        yield running


@pytest.fixture
async def recogniser(service: Service, server: Server) -> AsyncIterator[Any]:
    provider = make(service, server.url)
    await provider.load()
    server.requests.clear()
    yield provider
    await provider.aclose()


def make(service: Service, url: str, **more: Any) -> Any:
    settings = {"base_url": f"{url}{service.base}", **more}
    if service.key == "OPENAI_API_KEY":
        settings.setdefault("model", "whisper-1")
    return create("stt", service.settings(**settings))


def ask(number: int, **more: Any) -> RecognitionRequest:
    return RecognitionRequest(**{"pcm": speech(number), "language": "pt", **more})


def limit(recogniser: Any, timeout_s: float) -> None:
    """Short limits are for what never comes: a busy machine keeps other answers waiting as well."""
    recogniser.update(recogniser.config.model_copy(update={"timeout_s": timeout_s}))


async def only(recogniser: Any, request: RecognitionRequest) -> Any:
    (answer,) = await recogniser.transcribe([request])
    return answer


async def slow(exchange: Exchange) -> None:
    """Answers rightly, not at once."""
    await asyncio.sleep(SHORT_S / 20)
    await exchange.send(await exchange.answer())


async def test_a_request_waits_for_its_turn_as_that_of_its_caller(
    recogniser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = recorded(monkeypatch)
    await recogniser.transcribe([ask(0, caller="file", deferrable=True), ask(1, caller="live", interim=True)])
    assert sorted((each.caller, each.urgent) for each in turns) == [("file", False), ("live", False)]


async def test_each_request_of_a_batch_has_its_result_and_a_bad_one_fails_alone(recogniser: Any) -> None:
    bad = [
        (ask(0, language="la"), UnsupportedLanguage, "language"),
        (ask(0, pcm=b""), InvalidAudio, "pcm"),
        (ask(0, pcm=b"123"), InvalidAudio, "pcm"),
    ]
    requests = [request for number, (wrong, *_) in enumerate(bad) for request in (ask(number), wrong)]
    answers = await recogniser.transcribe(requests)
    assert [answer.text for answer in answers[::2]] == [said(number) for number in range(len(bad))]
    assert [(type(answer), answer.param) for answer in answers[1::2]] == [tuple(rest) for _, *rest in bad]


@every_fault_of_json
async def test_a_fault_has_its_error_and_the_next_utterance_is_recognised(
    fault: Fault,
    error: type[SokujiError],
    service: Service,
    server: Server,
    recogniser: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    server.fail(fault)
    if error is DeadlineExceeded:
        limit(recogniser, SHORT_S)
    answer = await only(recogniser, ask(7))
    assert type(answer) is error
    assert service.name in answer.message
    assert KEY not in f"{answer!r}{caplog.text}"
    limit(recogniser, 10)
    assert (await only(recogniser, ask(8))).text == said(8)


@pytest.mark.parametrize("code", [401, 403])
async def test_the_error_for_a_refused_key_names_its_variable(
    code: int, service: Service, server: Server, recogniser: Any
) -> None:
    server.fail(status(code, body=f"{KEY} is wrong".encode()))
    answer = await only(recogniser, ask(7))
    assert service.key in answer.message
    assert KEY not in repr(answer)


async def test_a_status_404_is_explained(recogniser: Any, server: Server) -> None:
    server.fail(status(404))
    assert "address" in (await only(recogniser, ask(7))).message


async def test_an_utterance_leaves_no_trace_in_the_log(
    recogniser: Any, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert isinstance(await only(recogniser, ask(7, context="Rumpelstiltskin")), Transcript)
    assert b"Rumpelstiltskin" in server.requests[0].body
    for secret in (KEY, "Utterance", "Rumpelstiltskin"):
        assert secret not in caplog.text


async def test_load_fails_without_a_key(
    service: Service, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(service.key)
    address = {"base_url": "https://api.openai.com/v1"} if service.key == "OPENAI_API_KEY" else {}
    provider = make(service, server.url, **address)
    with pytest.raises(ConfigError, match=service.key):
        await provider.load()
    assert server.requests == []


async def test_load_fails_with_a_refused_key(service: Service, server: Server) -> None:
    server.fail(status(401))
    provider = make(service, server.url)
    with pytest.raises(ProviderFailed, match=service.key):
        await provider.load()
    with pytest.raises(ProviderUnavailable, match="not loaded"):
        await provider.check()


@pytest.mark.parametrize("fault", [silent, status(429), status(503)])
async def test_a_provider_loads_while_its_service_is_down(
    fault: Fault, service: Service, server: Server
) -> None:
    server.fail(fault)
    provider = make(service, server.url, timeout_s=SHORT_S if fault is silent else 10)
    await provider.load()
    limit(provider, 10)
    assert (await only(provider, ask(7))).text == said(7)
    await provider.aclose()


async def test_a_provider_loads_without_its_service_but_fails_its_check(service: Service) -> None:
    provider = make(service, await nobody())
    await provider.load()
    assert type(await only(provider, ask(7))) is ProviderUnavailable
    with pytest.raises(ProviderUnavailable, match=service.name):
        await provider.check()
    await provider.aclose()


async def test_a_health_check_sends_a_request_that_is_free(recogniser: Any, server: Server) -> None:
    await recogniser.check()
    assert [(request.method, request.body) for request in server.requests] == [("GET", b"")]
    server.fail(status(200, body=b"[]"))
    with pytest.raises(ProviderFailed):
        await recogniser.check()


async def test_requests_before_load_are_unavailable(service: Service, server: Server) -> None:
    provider = make(service, server.url)
    assert type(await only(provider, ask(7))) is ProviderUnavailable
    await provider.load()
    await provider.aclose()
    assert type(await only(provider, ask(7))) is ProviderUnavailable
    with pytest.raises(ProviderUnavailable, match="not loaded"):
        await provider.check()


async def test_a_cancelled_batch_closes_its_connections(recogniser: Any, server: Server) -> None:
    server.fail(silent, silent)
    call = asyncio.create_task(recogniser.transcribe([ask(1), ask(2)]))
    while len(server.requests) < 2:
        await asyncio.sleep(0.001)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    for request in server.requests:
        await asyncio.wait_for(request.closed.wait(), 5)


async def test_max_concurrency_limits_the_requests_at_a_time(service: Service, server: Server) -> None:
    provider = make(service, server.url, max_concurrency=2)
    await provider.load()
    for most in (2, 4):
        provider.update(provider.config.model_copy(update={"max_concurrency": most}))
        server.fail(*[slow] * 8)
        answers = await provider.transcribe([ask(number) for number in range(8)])
        assert [answer.text for answer in answers] == [said(number) for number in range(8)]
        assert server.most_at_once == most
    await provider.aclose()


async def test_a_new_timeout_applies_to_the_next_request(recogniser: Any, server: Server) -> None:
    limit(recogniser, SHORT_S / 4)
    server.fail(silent)
    answer = await only(recogniser, ask(7))
    assert (type(answer), "0.05 s" in answer.message) == (DeadlineExceeded, True)


async def test_a_changed_address_is_refused(recogniser: Any) -> None:
    before = recogniser.config
    with pytest.raises(ConfigError, match="base_url"):
        recogniser.update(before.model_copy(update={"base_url": "https://example.com"}))
    assert recogniser.config is before


async def test_only_known_languages_are_offered(recogniser: Any) -> None:
    info = await recogniser.describe()
    assert info.provider == recogniser.config.provider
    assert {"en", "pt", "no", "tl", "zh"} <= set(info.languages) <= LANGUAGES.keys()
    assert len(set(info.languages)) == len(info.languages)
