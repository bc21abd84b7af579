"""Glossaries at DeepL: when they are created, shared and deleted."""

import asyncio
from dataclasses import replace

import pytest

from sokuji.contract import TranslatedText, TranslationRequest
from sokuji.errors import (
    ProviderFailed,
    ProviderUnavailable,
    SokujiError,
)
from sokuji.providers.translation.deepl import glossary_cache
from sokuji.providers.translation.deepl.provider import DeepL
from tests.support.batch_jobs import wait_until
from tests.support.cloud.deepl import Account, sent_translations
from tests.support.cloud.faults import SHORT_S, endless, silent, status
from tests.support.cloud.server import Fault, Server
from tests.support.cloud.translators import DEEPL, refused, translated

BRIDGE = TranslationRequest(
    text="The bridge is open.",
    source="en",
    target="pt",
    glossary={"bridge": "Ponte Nova", "tunnel": "túnel"},
)


async def test_a_glossary_is_created_once_for_all_requests_with_the_same_content(
    provider: DeepL, server: Server, account: Account
) -> None:
    turned = replace(BRIDGE, glossary=dict(reversed(list(BRIDGE.glossary.items()))))
    calls = [provider.translate([request]) for request in (BRIDGE, turned, replace(BRIDGE, context=("Hi.",)))]
    for (answer,) in await asyncio.gather(*calls):
        assert answer == TranslatedText(text="THE Ponte Nova IS OPEN. (PT-BR)")
    assert account.made == 1
    made = next(request for request in server.requests if request.path == "/v3/glossaries")
    assert made.json() == {
        "name": "sokuji",
        "dictionaries": [
            {
                "source_lang": "en",
                "target_lang": "pt",
                "entries": "bridge\tPonte Nova\ntunnel\ttúnel",
                "entries_format": "tsv",
            }
        ],
    }
    assert {each["glossary_id"] for each in sent_translations(server)} == set(account.glossaries)


async def test_a_glossary_without_a_term_in_the_text_is_not_created(
    provider: DeepL, account: Account
) -> None:
    await translated(provider, replace(BRIDGE, text="Good morning."))
    assert account.made == 0


async def test_each_pair_and_each_content_has_its_own_glossary(provider: DeepL, account: Account) -> None:
    other = replace(BRIDGE, glossary={"bridge": "ponte"})
    spanish = replace(BRIDGE, target="es")
    assert await translated(provider, BRIDGE, other, spanish, BRIDGE) == [
        "THE Ponte Nova IS OPEN. (PT-BR)",
        "THE ponte IS OPEN. (PT-BR)",
        "THE Ponte Nova IS OPEN. (ES)",
        "THE Ponte Nova IS OPEN. (PT-BR)",
    ]
    assert account.made == 3


async def test_the_least_recently_used_glossary_is_deleted_to_make_room(
    provider: DeepL, server: Server, account: Account
) -> None:
    provider.update(DEEPL.settings(server.url, max_glossaries=2))
    contents = [replace(BRIDGE, glossary={"bridge": name}) for name in ("A", "B", "C")]
    for request in (contents[0], contents[1], contents[0], contents[2]):
        await translated(provider, request)
    await wait_until(lambda: len(account.glossaries) == 2)
    assert {each["entries"] for each in account.glossaries.values()} == {"bridge\tA", "bridge\tC"}
    await translated(provider, contents[0])
    assert account.made == 3


async def test_a_glossary_in_use_is_not_deleted(provider: DeepL, server: Server, account: Account) -> None:
    provider.update(DEEPL.settings(server.url, max_glossaries=1))
    contents = [replace(BRIDGE, glossary={"bridge": name}) for name in ("A", "B", "C")]
    assert len(await translated(provider, *contents)) == 3
    await wait_until(lambda: len(account.glossaries) == 1)


async def test_all_glossaries_are_deleted_on_close(server: Server, account: Account) -> None:
    async with DEEPL.loaded(server) as provider:
        await translated(provider, BRIDGE, replace(BRIDGE, target="es"))
        assert len(account.glossaries) == 2
    assert account.glossaries == {}


async def test_a_glossary_that_cannot_be_deleted_is_logged(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    async with DEEPL.loaded(server) as provider:
        await translated(provider, BRIDGE)
        server.fail(status(500))
    assert "could not be deleted" in caplog.text


async def test_close_does_not_wait_for_a_glossary_that_is_never_created(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(glossary_cache, "CLOSE_TIMEOUT_S", SHORT_S / 4)
    async with DEEPL.loaded(server) as provider:
        server.fail(silent)
        call = asyncio.create_task(provider.translate([BRIDGE]))
        await wait_until(lambda: len(server.requests) == 2)
    (answer,) = await call
    assert isinstance(answer, ProviderUnavailable)
    assert not [record for record in caplog.records if record.name == "asyncio"]


async def test_a_glossary_deleted_at_deepl_is_created_again(provider: DeepL, account: Account) -> None:
    await translated(provider, BRIDGE)
    account.glossaries.clear()
    assert isinstance(await refused(provider, BRIDGE), ProviderFailed)
    assert await translated(provider, BRIDGE) == ["THE Ponte Nova IS OPEN. (PT-BR)"]
    assert account.made == 2


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (status(500), ProviderUnavailable),
        (status(456), ProviderFailed),
        (status(201, body=b'{"glossary_id": "../usage"}'), ProviderFailed),
        (endless(), ProviderFailed),
    ],
)
async def test_a_glossary_that_could_not_be_created_is_tried_again(
    fault: Fault, error: type[SokujiError], provider: DeepL, server: Server
) -> None:
    server.fail(fault)
    both = await asyncio.gather(provider.translate([BRIDGE]), provider.translate([BRIDGE]))
    assert [type(answer) for (answer,) in both] == [error, error]
    assert len(server.requests) == 1
    assert await translated(provider, BRIDGE) == ["THE Ponte Nova IS OPEN. (PT-BR)"]


async def test_a_cancelled_request_does_not_cancel_the_glossary_of_others(
    provider: DeepL, server: Server, account: Account
) -> None:
    first, second = (asyncio.create_task(provider.translate([BRIDGE])) for _ in range(2))
    while not server.requests:
        await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await second == [TranslatedText(text="THE Ponte Nova IS OPEN. (PT-BR)")]
    assert account.made == 1
