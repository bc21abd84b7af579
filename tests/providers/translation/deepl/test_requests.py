"""DeepL: the requests that are sent, the responses that are read, and the key."""

import json
from contextlib import aclosing
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
    TooLarge,
    UnsupportedLanguage,
)
from sokuji.languages import LANGUAGES
from sokuji.providers.translation.deepl import provider as deepl
from sokuji.providers.translation.deepl.provider import DeepL
from tests.support.cloud.deepl import Account, said, sent_translations
from tests.support.cloud.faults import PATIENT_S, status
from tests.support.cloud.server import KEY, Server, serve
from tests.support.cloud.translators import DEEPL, refused, translated
from tests.support.knobs import Knobs

HELLO = TranslationRequest(text="Good morning.", source="en", target="pt")


async def test_a_request_is_sent_as_the_reference_describes_it(provider: DeepL, server: Server) -> None:
    (answer,) = await provider.translate([HELLO])
    assert answer == TranslatedText(text=said(HELLO.text, "PT-BR"), score=None)
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v2/translate")
    assert request.headers["authorization"] == f"DeepL-Auth-Key {KEY}"
    assert request.headers["content-type"] == "application/json"
    assert request.json() == {"text": ["Good morning."], "source_lang": "EN", "target_lang": "PT-BR"}


async def test_all_languages_of_deepl_are_offered(provider: DeepL) -> None:
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
async def test_language_codes_are_those_of_the_service(
    source: str, target: str, codes: tuple[str, str], provider: DeepL, server: Server
) -> None:
    await translated(provider, replace(HELLO, source=source, target=target))
    (wanted,) = sent_translations(server)
    assert (wanted["source_lang"], wanted["target_lang"]) == codes


async def test_texts_with_the_same_pair_and_context_share_a_request_and_a_bad_one_fails_alone(
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
    asked = {tuple(each["text"]): each.get("context") for each in sent_translations(server)}
    assert asked == {("One.", "Three."): None, ("Two.",): None, ("Four.",): "It is late.\nWe wait."}


async def test_many_texts_are_sent_in_requests_of_at_most_fifty(provider: DeepL, server: Server) -> None:
    texts = [f"Text {place}." for place in range(120)]
    assert await translated(provider, *(replace(HELLO, text=text) for text in texts)) == [
        said(text, "PT-BR") for text in texts
    ]
    assert sorted(len(each["text"]) for each in sent_translations(server)) == [20, 50, 50]


async def test_long_texts_are_sent_separately_and_a_text_that_is_too_long_is_refused(
    provider: DeepL, server: Server
) -> None:
    long = replace(HELLO, text='"é"' * 9_000)
    answers = await provider.translate([long, long, long, replace(HELLO, text="é" * 60_001), HELLO])
    assert isinstance(answers[3], TooLarge)
    assert all(isinstance(answer, TranslatedText) for answer in answers[:3] + answers[4:])
    assert sorted(len(each["text"]) for each in sent_translations(server)) == [2, 2]
    told = replace(long, context=("é" * 20_000,))
    assert len(await translated(provider, told, told)) == 2
    assert [len(each["text"]) for each in sent_translations(server)[2:]] == [1, 1]


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({"formality": "prefer_more"}, {"formality": "prefer_more"}),
        ({"model_type": "quality_optimized"}, {"model_type": "quality_optimized"}),
        ({"target_variants": {"pt": "PT-PT"}}, {"target_lang": "PT-PT"}),
    ],
)
async def test_live_settings_are_sent_with_the_next_request(
    settings: dict[str, Any], sent: dict[str, str], provider: DeepL, server: Server
) -> None:
    await translated(provider, HELLO)
    provider.update(DEEPL.settings(server.url, **settings))
    await translated(provider, HELLO)
    before, after = sent_translations(server)
    assert after == before | sent
    assert after != before


@pytest.mark.parametrize("variants", [{"pt": "EN-US"}, {"km": "KM"}, {"xx": "XX-YY"}])
async def test_a_variant_of_another_language_is_refused(
    variants: dict[str, str], provider: DeepL, server: Server
) -> None:
    with pytest.raises(ConfigError, match="target_variants"):
        DeepL(DeepLConfig(target_variants=variants))
    with pytest.raises(ConfigError, match="target_variants"):
        provider.update(DEEPL.settings(server.url, target_variants=variants))


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
def test_invalid_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DeepLConfig(**settings)


@pytest.mark.parametrize(
    "answer", [{"translations": []}, {"translations": [{"text": 1}]}, {"translations": {"text": "A"}}]
)
async def test_a_response_of_another_form_is_a_failure(answer: Any, provider: DeepL, server: Server) -> None:
    server.fail(status(200, body=json.dumps(answer).encode()))
    assert isinstance(await refused(provider, HELLO), ProviderFailed)


async def test_a_quota_that_is_used_up_is_reported(provider: DeepL, account: Account) -> None:
    account.used = account.limit
    assert "456: the quota is used up" in (await refused(provider, HELLO)).message
    with pytest.raises(ProviderFailed, match="quota"):
        await provider.check()


async def test_check_requests_the_usage_which_is_free(provider: DeepL, server: Server) -> None:
    await provider.check()
    (request,) = server.requests
    assert (request.method, request.path) == ("GET", "/v2/usage")
    server.fail(status(200, body=b'{"character_count": "many"}'))
    with pytest.raises(ProviderFailed, match="sent an invalid"):
        await provider.check()


@pytest.mark.knob("DEEPL_API_KEY")
async def test_the_key_in_the_environment_is_the_one_that_deepl_checks(
    server: Server, monkeypatch: pytest.MonkeyPatch, knob: Knobs
) -> None:
    async with DEEPL.loaded(server) as provider:
        knob.observe(deepl.KEY, None, (await provider.describe()).provider)
    monkeypatch.setenv(deepl.KEY, "wrong")
    with pytest.raises(ProviderFailed) as refusal:
        async with DEEPL.loaded(server):
            pass
    knob.observe(deepl.KEY, None, refusal.value.message)


async def test_load_fails_without_a_key_and_with_a_wrong_one(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(deepl.KEY, "wrong")
    with pytest.raises(ProviderFailed, match=f"refuses the key in {deepl.KEY}"):
        async with DEEPL.loaded(server):
            pass
    monkeypatch.delenv(deepl.KEY)
    with pytest.raises(ConfigError, match=deepl.KEY):
        async with DEEPL.loaded(server):
            pass


async def test_a_key_of_the_free_plan_is_sent_to_the_address_of_that_plan(
    account: Account, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.key = "free:fx"
    monkeypatch.setenv(deepl.KEY, account.key)
    monkeypatch.setattr(deepl, "FREE_ADDRESS", server.url)
    async with aclosing(DeepL(DeepLConfig(timeout_s=PATIENT_S))) as free:
        await free.load()
        assert await translated(free, HELLO)
    assert DeepLConfig().base_url == "https://api.deepl.com"
    async with serve(account.handle) as elsewhere, DEEPL.loaded(elsewhere):
        assert len(elsewhere.requests) == 1
