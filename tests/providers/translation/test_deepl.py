"""DeepL, played by a local server: what goes over the wire, what comes back, what can go wrong."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from sokuji.config import DeepLConfig
from sokuji.contract import TranslatedText, TranslationRequest
from sokuji.errors import (
    ConfigError,
    InvalidRequest,
    ProviderFailed,
    ProviderUnavailable,
    SokujiError,
    TooLarge,
    UnsupportedLanguage,
)
from sokuji.languages import LANGUAGES
from sokuji.providers.translation.deepl import glossaries
from sokuji.providers.translation.deepl import provider as deepl
from sokuji.providers.translation.deepl.provider import DeepL
from tests.support.cloud.deepl import Account, said
from tests.support.cloud.faults import (
    PATIENT_S,
    SHORT_S,
    endless,
    every_fault_of_json,
    limit_s,
    silent,
    stall,
    status,
)
from tests.support.cloud.server import KEY, Fault, Server, nobody, serve
from tests.support.knobs import Knobs

HELLO = TranslationRequest(text="Good morning.", source="en", target="pt")
BRIDGE = replace(HELLO, text="The bridge is open.", glossary={"bridge": "Ponte Nova", "tunnel": "túnel"})


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(deepl.KEY, KEY)


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
async def server(account: Account) -> AsyncIterator[Server]:
    async with serve(account.handle) as running:
        yield running


@pytest.fixture
async def provider(server: Server) -> AsyncIterator[DeepL]:
    async with loaded(server) as ready:
        server.requests.clear()
        yield ready


@asynccontextmanager
async def loaded(server: Server, **settings: Any) -> AsyncIterator[DeepL]:
    async with aclosing(DeepL(config(server, **settings))) as ready:
        await ready.load()
        yield ready


def config(server: Server, **settings: Any) -> DeepLConfig:
    return DeepLConfig(**{"base_url": server.url, "timeout_s": PATIENT_S} | settings)


async def translate(provider: DeepL, *requests: TranslationRequest) -> list[str]:
    answers = await provider.translate(requests)
    assert all(isinstance(answer, TranslatedText) for answer in answers), answers
    return [answer.text for answer in answers if isinstance(answer, TranslatedText)]


async def refused(provider: DeepL, request: TranslationRequest = HELLO) -> SokujiError:
    (answer,) = await provider.translate([request])
    assert isinstance(answer, SokujiError)
    return answer


def translations(server: Server) -> list[dict[str, Any]]:
    return [request.json() for request in server.requests if request.path == "/v2/translate"]


async def test_a_text_crosses_the_wire_as_the_reference_has_it(provider: DeepL, server: Server) -> None:
    (answer,) = await provider.translate([HELLO])
    assert answer == TranslatedText(text=said(HELLO.text, "PT-BR"), score=None)
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v2/translate")
    assert request.headers["authorization"] == f"DeepL-Auth-Key {KEY}"
    assert request.headers["content-type"] == "application/json"
    assert request.json() == {"text": ["Good morning."], "source_lang": "EN", "target_lang": "PT-BR"}


async def test_it_knows_all_languages_that_deepl_has(provider: DeepL) -> None:
    info = await provider.describe()
    known = {code for code, language in LANGUAGES.items() if language.deepl}
    assert {code for pair in info.pairs for code in pair} == known
    assert len(set(info.pairs)) == len(known) * (len(known) - 1)
    assert info.takes_context
    assert info.takes_glossary_for("no", "pt")
    assert not info.takes_glossary_for("en", "sw")


@pytest.mark.parametrize(
    ("source", "target", "codes"),
    [("pt", "en", ("PT", "EN-US")), ("no", "zh", ("NB", "ZH-HANS")), ("zh", "ja", ("ZH", "JA"))],
)
async def test_languages_have_the_codes_of_the_service(
    source: str, target: str, codes: tuple[str, str], provider: DeepL, server: Server
) -> None:
    await translate(provider, replace(HELLO, source=source, target=target))
    (wanted,) = translations(server)
    assert (wanted["source_lang"], wanted["target_lang"]) == codes


async def test_texts_with_something_in_common_go_together_and_a_bad_one_harms_only_itself(
    provider: DeepL, server: Server
) -> None:
    requests = [
        replace(HELLO, text="One."),
        replace(HELLO, target="en"),
        replace(HELLO, text="..."),
        replace(HELLO, text="Two.", target="de"),
        replace(HELLO, text="Half \ud800"),
        replace(HELLO, text="Three."),
        replace(HELLO, text="Four.", context=("It is late.", "We wait.")),
    ]
    answers = await provider.translate(requests)
    assert [type(answer) for answer in answers] == [
        TranslatedText, UnsupportedLanguage, TranslatedText, TranslatedText, InvalidRequest, TranslatedText,
        TranslatedText,
    ]  # fmt: skip
    texts = [answer.text for answer in answers if isinstance(answer, TranslatedText)]
    assert texts == ["ONE. (PT-BR)", "...", "TWO. (DE)", "THREE. (PT-BR)", "FOUR. (PT-BR)"]
    asked = {tuple(each["text"]): each.get("context") for each in translations(server)}
    assert asked == {("One.", "Three."): None, ("Two.",): None, ("Four.",): "It is late.\nWe wait."}


async def test_many_texts_are_sent_in_portions(provider: DeepL, server: Server) -> None:
    texts = [f"Text {place}." for place in range(120)]
    assert await translate(provider, *(replace(HELLO, text=text) for text in texts)) == [
        said(text, "PT-BR") for text in texts
    ]
    assert sorted(len(each["text"]) for each in translations(server)) == [20, 50, 50]


async def test_long_texts_are_sent_apart_and_one_that_is_too_long_is_refused(
    provider: DeepL, server: Server
) -> None:
    long = replace(HELLO, text='"é"' * 9_000)
    answers = await provider.translate([long, long, long, replace(HELLO, text="é" * 60_001), HELLO])
    assert isinstance(answers[3], TooLarge)
    assert all(isinstance(answer, TranslatedText) for answer in answers[:3] + answers[4:])
    assert sorted(len(each["text"]) for each in translations(server)) == [2, 2]
    told = replace(long, context=("é" * 20_000,))
    assert len(await translate(provider, told, told)) == 2
    assert [len(each["text"]) for each in translations(server)[2:]] == [1, 1]


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({"formality": "prefer_more"}, {"formality": "prefer_more"}),
        ({"model_type": "quality_optimized"}, {"model_type": "quality_optimized"}),
        ({"target_variants": {"pt": "PT-PT"}}, {"target_lang": "PT-PT"}),
    ],
)
async def test_settings_go_to_the_service_at_once(
    settings: dict[str, Any], sent: dict[str, str], provider: DeepL, server: Server
) -> None:
    await translate(provider, HELLO)
    provider.update(config(server, **settings))
    await translate(provider, HELLO)
    before, after = translations(server)
    assert after == before | sent
    assert after != before


async def test_a_new_time_limit_holds_at_once(provider: DeepL, server: Server) -> None:
    provider.update(config(server, timeout_s=SHORT_S / 4))
    server.fail(silent)
    assert "0.05 s" in (await refused(provider)).message


async def test_what_is_not_live_is_refused(provider: DeepL, server: Server) -> None:
    with pytest.raises(ConfigError, match="base_url"):
        provider.update(config(server, base_url="https://example.com"))


@pytest.mark.parametrize("variants", [{"pt": "EN-US"}, {"km": "KM"}, {"xx": "XX-YY"}])
async def test_a_variant_of_another_language_is_refused(
    variants: dict[str, str], provider: DeepL, server: Server
) -> None:
    with pytest.raises(ConfigError, match="target_variants"):
        DeepL(DeepLConfig(target_variants=variants))
    with pytest.raises(ConfigError, match="target_variants"):
        provider.update(config(server, target_variants=variants))


@pytest.mark.parametrize(
    "settings",
    [
        {"formality": "rude"},
        {"model_type": "fast"},
        {"target_variants": {"pt": "portuguese"}},
        {"max_glossaries": 0},
        {"base_url": "http://api.deepl.com"},
        {"base_url": "https://key@api.deepl.com"},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DeepLConfig(**settings)


@every_fault_of_json
async def test_every_fault_has_its_error_and_the_next_request_is_well(
    fault: Fault, error: type[SokujiError], provider: DeepL, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    provider.update(config(server, timeout_s=limit_s(error)))
    server.fail(fault)
    refusal = await refused(provider)
    provider.update(config(server))
    assert type(refusal) is error
    assert KEY not in f"{refusal!r}{caplog.text}"
    assert "morning" not in f"{refusal!r}{caplog.text}".lower()
    assert await translate(provider, HELLO) == [said(HELLO.text, "PT-BR")]


@pytest.mark.parametrize(
    "answer", [{"translations": []}, {"translations": [{"text": 1}]}, {"translations": {"text": "A"}}]
)
async def test_an_answer_of_another_form_is_a_failure(answer: Any, provider: DeepL, server: Server) -> None:
    server.fail(status(200, body=json.dumps(answer).encode()))
    assert isinstance(await refused(provider), ProviderFailed)


async def test_a_quota_that_is_used_up_is_told(provider: DeepL, account: Account) -> None:
    account.used = account.limit
    assert "456: the quota is used up" in (await refused(provider)).message
    with pytest.raises(ProviderFailed, match="quota"):
        await provider.check()


async def test_a_call_that_is_given_up_ends_its_connection(provider: DeepL, server: Server) -> None:
    server.fail(stall())
    call = asyncio.create_task(provider.translate([HELLO]))
    while not server.requests:
        await asyncio.sleep(0.001)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.wait_for(server.requests[0].closed.wait(), 5)


async def test_its_check_asks_for_the_usage_which_is_free(provider: DeepL, server: Server) -> None:
    await provider.check()
    (request,) = server.requests
    assert (request.method, request.path) == ("GET", "/v2/usage")
    server.fail(status(200, body=b'{"character_count": "many"}'))
    with pytest.raises(ProviderFailed, match="cannot be read"):
        await provider.check()


@pytest.mark.knob("DEEPL_API_KEY")
async def test_the_key_in_the_environment_is_what_the_service_checks(
    server: Server, monkeypatch: pytest.MonkeyPatch, knob: Knobs
) -> None:
    async with loaded(server) as provider:
        knob.observe(deepl.KEY, None, (await provider.describe()).provider)
    monkeypatch.setenv(deepl.KEY, "wrong")
    with pytest.raises(ProviderFailed) as refusal:
        async with loaded(server):
            pass
    knob.observe(deepl.KEY, None, refusal.value.message)


async def test_without_a_key_or_with_a_wrong_one_it_does_not_load(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(deepl.KEY, "wrong")
    with pytest.raises(ProviderFailed, match=f"refuses the key in {deepl.KEY}"):
        async with loaded(server):
            pass
    monkeypatch.delenv(deepl.KEY)
    with pytest.raises(ConfigError, match=deepl.KEY):
        async with loaded(server):
            pass


async def test_a_service_that_is_away_does_not_keep_it_from_loading(caplog: pytest.LogCaptureFixture) -> None:
    async with aclosing(DeepL(DeepLConfig(base_url=await nobody()))) as provider:
        await provider.load()
        assert "could not be tried" in caplog.text
        assert (await provider.describe()).pairs
        assert isinstance(await refused(provider), ProviderUnavailable)


async def test_nothing_works_before_it_is_loaded_and_after_it_is_closed(server: Server) -> None:
    provider = DeepL(config(server))
    for _ in range(2):
        assert isinstance(await refused(provider), ProviderUnavailable)
        with pytest.raises(ProviderUnavailable, match="not loaded"):
            await provider.check()
        await provider.load()
        await provider.aclose()


async def test_a_key_of_the_free_plan_goes_to_its_own_address(
    account: Account, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.key = "free:fx"
    monkeypatch.setenv(deepl.KEY, account.key)
    monkeypatch.setattr(deepl, "FREE_ADDRESS", server.url)
    async with aclosing(DeepL(DeepLConfig(timeout_s=PATIENT_S))) as free:
        await free.load()
        assert await translate(free, HELLO)
    assert DeepLConfig().base_url == "https://api.deepl.com"
    async with serve(account.handle) as elsewhere, loaded(elsewhere):
        assert len(elsewhere.requests) == 1


async def test_a_glossary_is_made_once_for_all_who_have_the_same(
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
    assert {each["glossary_id"] for each in translations(server)} == set(account.glossaries)


async def test_a_glossary_with_no_term_in_the_text_is_not_made(provider: DeepL, account: Account) -> None:
    await translate(provider, replace(BRIDGE, text="Good morning."))
    assert account.made == 0


async def test_each_pair_and_each_content_has_its_own_glossary(provider: DeepL, account: Account) -> None:
    other = replace(BRIDGE, glossary={"bridge": "ponte"})
    spanish = replace(BRIDGE, target="es")
    assert await translate(provider, BRIDGE, other, spanish, BRIDGE) == [
        "THE Ponte Nova IS OPEN. (PT-BR)",
        "THE ponte IS OPEN. (PT-BR)",
        "THE Ponte Nova IS OPEN. (ES)",
        "THE Ponte Nova IS OPEN. (PT-BR)",
    ]
    assert account.made == 3


async def test_the_glossary_that_was_unused_for_longest_makes_room(
    provider: DeepL, server: Server, account: Account
) -> None:
    provider.update(config(server, max_glossaries=2))
    contents = [replace(BRIDGE, glossary={"bridge": name}) for name in ("A", "B", "C")]
    for request in (contents[0], contents[1], contents[0], contents[2]):
        await translate(provider, request)
    await until(lambda: len(account.glossaries) == 2)
    assert {each["entries"] for each in account.glossaries.values()} == {"bridge\tA", "bridge\tC"}
    await translate(provider, contents[0])
    assert account.made == 3


async def test_a_glossary_that_is_in_use_stays(provider: DeepL, server: Server, account: Account) -> None:
    provider.update(config(server, max_glossaries=1))
    contents = [replace(BRIDGE, glossary={"bridge": name}) for name in ("A", "B", "C")]
    assert len(await translate(provider, *contents)) == 3
    await until(lambda: len(account.glossaries) == 1)


async def test_its_glossaries_go_when_it_is_closed(server: Server, account: Account) -> None:
    async with loaded(server) as provider:
        await translate(provider, BRIDGE, replace(BRIDGE, target="es"))
        assert len(account.glossaries) == 2
    assert account.glossaries == {}


async def test_a_glossary_that_cannot_be_deleted_is_told_and_forgotten(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    async with loaded(server) as provider:
        await translate(provider, BRIDGE)
        server.fail(status(500))
    assert "could not be deleted" in caplog.text


async def test_its_end_does_not_wait_for_a_glossary_that_never_comes(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(glossaries, "LONGEST_FAREWELL_S", SHORT_S / 4)
    async with loaded(server) as provider:
        server.fail(silent)
        call = asyncio.create_task(provider.translate([BRIDGE]))
        await until(lambda: len(server.requests) == 2)
    (answer,) = await call
    assert isinstance(answer, ProviderUnavailable)
    assert not [record for record in caplog.records if record.name == "asyncio"]


async def test_a_glossary_that_somebody_has_deleted_is_made_anew(provider: DeepL, account: Account) -> None:
    await translate(provider, BRIDGE)
    account.glossaries.clear()
    assert isinstance(await refused(provider, BRIDGE), ProviderFailed)
    assert await translate(provider, BRIDGE) == ["THE Ponte Nova IS OPEN. (PT-BR)"]
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
async def test_a_glossary_that_cannot_be_made_is_tried_again(
    fault: Fault, error: type[SokujiError], provider: DeepL, server: Server
) -> None:
    server.fail(fault)
    both = await asyncio.gather(provider.translate([BRIDGE]), provider.translate([BRIDGE]))
    assert [type(answer) for (answer,) in both] == [error, error]
    assert len(server.requests) == 1
    assert await translate(provider, BRIDGE) == ["THE Ponte Nova IS OPEN. (PT-BR)"]


async def test_a_caller_that_goes_away_does_not_take_a_glossary_from_others(
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


async def until(holds: Any) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.001)
