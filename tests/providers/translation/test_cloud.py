"""Translators that call a service: each fault has its error, and life cycle and settings are alike."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

import pytest

from sokuji.contract import TranslationRequest
from sokuji.errors import ConfigError, ProviderUnavailable, SokujiError
from tests.support.cloud.deepl import Account, said
from tests.support.cloud.faults import EVERY_FAULT, FAULTS_OF_JSON, SHORT_S, limit_s, silent, stall
from tests.support.cloud.openai_chat import USUAL, Model
from tests.support.cloud.server import KEY, Fault, Handler, Server, nobody, serve
from tests.support.cloud.translators import DEEPL, OPENAI, TranslationService, refused, translated
from tests.support.cloud.turns import recorded

HELLO = TranslationRequest(text="Good morning, my friend.", source="en", target="pt")


@dataclass(frozen=True)
class Case:
    """A service with what its server answers to ``HELLO``."""

    service: TranslationService
    handler: Handler
    translation: str
    not_live: tuple[str, str]
    """A setting that cannot be changed while the provider is loaded, and a value for it."""


CASES = {
    "deepl": Case(DEEPL, Account().handle, said(HELLO.text, "PT-BR"), ("base_url", "https://example.com")),
    "openai": Case(OPENAI, Model().handle, "".join(USUAL), ("translation_model", "gpt-4")),
}
FAULTS = [
    pytest.param(name, *fault.values, id=f"{name}-{fault.id}")
    for name, faults in {"deepl": [*EVERY_FAULT, *FAULTS_OF_JSON], "openai": EVERY_FAULT}.items()
    for fault in faults
]


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Case:
    found = CASES[request.param]
    monkeypatch.setenv(found.service.variable, KEY)
    return found


@pytest.fixture
async def server(case: Case) -> AsyncIterator[Server]:
    async with serve(case.handler) as running:
        yield running


@pytest.fixture
async def provider(case: Case, server: Server) -> AsyncIterator[Any]:
    async with case.service.loaded(server) as ready:
        server.requests.clear()
        yield ready


async def test_a_request_waits_for_its_turn_as_that_of_its_caller(
    provider: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = recorded(monkeypatch)
    await translated(provider, replace(HELLO, caller="file", deferrable=True))
    assert [(each.caller, each.urgent) for each in turns] == [("file", False)]


@pytest.mark.parametrize(("case", "fault", "error"), FAULTS, indirect=["case"])
async def test_a_fault_has_its_error_and_the_next_request_is_answered(
    case: Case,
    provider: Any,
    server: Server,
    fault: Fault,
    error: type[SokujiError],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    provider.update(case.service.settings(server.url, timeout_s=limit_s(error)))
    server.fail(fault)
    refusal = await refused(provider, HELLO)
    provider.update(case.service.settings(server.url))
    assert type(refusal) is error
    assert KEY not in f"{refusal!r}{caplog.text}"
    assert "morning" not in f"{refusal!r}{caplog.text}".lower()
    assert await translated(provider, HELLO) == [case.translation]


async def test_a_new_timeout_applies_to_the_next_request(case: Case, provider: Any, server: Server) -> None:
    provider.update(case.service.settings(server.url, timeout_s=SHORT_S / 4))
    server.fail(silent)
    assert "0.05 s" in (await refused(provider, HELLO)).message


async def test_a_setting_that_is_not_live_cannot_be_changed(
    case: Case, provider: Any, server: Server
) -> None:
    name, value = case.not_live
    with pytest.raises(ConfigError, match=name):
        provider.update(case.service.settings(server.url, **{name: value}))


async def test_a_cancelled_request_closes_its_connection(provider: Any, server: Server) -> None:
    server.fail(stall(2))
    call = asyncio.create_task(provider.translate([HELLO]))
    while not server.requests:
        await asyncio.sleep(0.001)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.wait_for(server.requests[0].closed.wait(), 5)


async def test_a_provider_loads_while_its_service_cannot_be_reached(
    case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    config = case.service.settings(await nobody())
    async with aclosing(case.service.provider(config)) as provider:
        await provider.load()
        assert "could not be checked at start" in caplog.text
        assert (await provider.describe()).pairs
        assert isinstance(await refused(provider, HELLO), ProviderUnavailable)


async def test_requests_fail_before_load_and_after_close(case: Case, server: Server) -> None:
    provider = case.service.provider(case.service.settings(server.url))
    for _ in range(2):
        assert isinstance(await refused(provider, HELLO), ProviderUnavailable)
        with pytest.raises(ProviderUnavailable, match="not loaded"):
            await provider.check()
        await provider.load()
        await provider.aclose()
