"""Synthesisers that call a service: each fault has its error, and requests end when they should."""

import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from sokuji.errors import ConfigError, ProviderFailed, ProviderUnavailable, SokujiError
from tests.support.cloud.faults import cut, endless, every_fault, limit_s, status
from tests.support.cloud.server import KEY, Fault, Server, nobody, serve
from tests.support.cloud.synthesisers import AZURE, ELEVENLABS, HELLO, SpeechService, joined, speak
from tests.support.cloud.turns import recorded
from tests.support.knobs import Knobs

SERVICES = {"elevenlabs": ELEVENLABS, "azure": AZURE}


Loaded = tuple[Any, Server]


@pytest.fixture(scope="module", params=SERVICES)
def service(request: pytest.FixtureRequest) -> SpeechService:
    return SERVICES[request.param]


@pytest.fixture(scope="module")
async def loaded(service: SpeechService) -> AsyncIterator[Loaded]:
    async with service.loaded() as provider_and_server:
        yield provider_and_server


@pytest.fixture
def provider(loaded: Loaded) -> Any:
    return loaded[0]


@pytest.fixture
def server(loaded: Loaded) -> Server:
    return loaded[1]


async def test_a_request_waits_for_its_turn_as_that_of_its_caller(
    provider: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = recorded(monkeypatch)
    await speak(provider, replace(HELLO, caller="file", deferrable=True))
    assert [(each.caller, each.urgent) for each in turns] == [("file", False)]


@every_fault
async def test_a_fault_has_its_error_and_the_next_request_is_answered(
    provider: Any,
    service: SpeechService,
    server: Server,
    fault: Fault,
    error: type[SokujiError],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    server.fail(fault)
    usual = provider.config
    provider.update(usual.model_copy(update={"timeout_s": limit_s(error)}))
    with pytest.raises(error) as caught:
        await speak(provider)
    provider.update(usual)
    assert type(caught.value) is error
    assert KEY not in f"{caught.value}{caplog.text}"
    assert "morning" not in f"{caught.value}{caplog.text}"
    assert joined(await speak(provider)) == service.sound


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (
            status(200, {"Content-Type": "application/json"}, b'{"detail": "sorry"}' * 100),
            "sent application/json",
        ),
        (status(200, {"Content-Type": "text/html"}, b"<html>" * 100), "sent text/html"),
        (status(200, {"Content-Type": "application/octet-stream"}, b""), "sent no audio"),
        (endless(), "more audio than"),
    ],
)
async def test_a_response_that_is_no_speech_of_the_text_is_a_failure(
    provider: Any, server: Server, fault: Fault, error: str
) -> None:
    server.fail(fault)
    with pytest.raises(ProviderFailed, match=error):
        await speak(provider)


async def test_audio_received_before_a_stream_breaks_off_is_passed_on(
    provider: Any, service: SpeechService, server: Server
) -> None:
    server.fail(cut(7))
    chunks = []
    with pytest.raises(ProviderUnavailable):
        async for chunk in provider.synthesize(HELLO):
            chunks.append(chunk)
    assert joined(chunks) == service.sound[: 7 * service.piece & ~1]
    assert not any(chunk.last for chunk in chunks)


async def test_a_stream_without_its_end_mark_is_a_failure(provider: Any, server: Server) -> None:
    server.fail(cut())
    with pytest.raises(ProviderUnavailable):
        await speak(provider)


async def test_closing_the_iterator_closes_the_connection(provider: Any, server: Server) -> None:
    server.fail(endless())
    async with aclosing(provider.synthesize(HELLO)) as chunks:
        assert not (await anext(chunks)).last
    await server.requests[-1].closed.wait()


@pytest.mark.knob("ELEVENLABS_API_KEY")
async def test_the_key_in_the_environment_is_what_elevenlabs_checks(
    monkeypatch: pytest.MonkeyPatch, knob: Knobs
) -> None:
    async with serve(ELEVENLABS.handler) as server:
        monkeypatch.setenv(ELEVENLABS.variable, KEY)
        provider = ELEVENLABS.new(server.url)
        await provider.load()
        knob.observe(ELEVENLABS.variable, None, (await provider.describe()).provider)
        await provider.aclose()
        monkeypatch.setenv(ELEVENLABS.variable, "wrong")
        provider = ELEVENLABS.new(server.url)
        with pytest.raises(ProviderFailed) as refusal:
            await provider.load()
        knob.observe(ELEVENLABS.variable, None, refusal.value.message)
        await provider.aclose()


async def test_load_fails_without_a_key_and_with_a_wrong_one(
    service: SpeechService, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(service.variable, "wrong")
    provider = service.new(server.url)
    with pytest.raises(ProviderFailed, match=service.variable):
        await provider.load()
    await provider.aclose()
    monkeypatch.delenv(service.variable)
    with pytest.raises(ConfigError, match=service.variable):
        await service.new(server.url).load()


async def test_a_list_of_voices_that_cannot_be_read_is_a_failure(
    service: SpeechService, server: Server
) -> None:
    provider = service.new(server.url)
    bodies = (
        b"[]",
        b"{}",
        b'{"voices": [{}], "has_more": false}',
        b'{"voices": 5}',
        b'[{"ShortName": 1}]',
        b"<",
    )
    for body in bodies:
        server.fail(status(200, body=body))
        with pytest.raises(ProviderFailed, match="sent an invalid"):
            await provider.load()
        await provider.aclose()


async def test_check_fails_without_the_service_or_before_load(service: SpeechService, provider: Any) -> None:
    await provider.check()
    away = service.new(await nobody())
    with pytest.raises(ProviderUnavailable, match="not loaded"):
        await away.check()
    await away.load()
    with pytest.raises(ProviderUnavailable, match="cannot be reached"):
        await away.check()
    await away.aclose()
