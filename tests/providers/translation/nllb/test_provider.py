"""NLLB translates by its language tokens, under both runtimes alike, and loses no words to its limits."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sokuji.config import NllbConfig
from sokuji.contract import Pairs, TranslatedText, TranslationRequest
from sokuji.errors import (
    ConfigError,
    InvalidRequest,
    NotSupported,
    ProviderFailed,
    SokujiError,
    UnsupportedLanguage,
)
from sokuji.providers.translation.nllb.provider import Nllb
from sokuji.providers.translation.nllb.runtime import BeamSearchOptions, EncoderInput, Hypothesis
from tests.support.knobs import Knobs
from tests.support.nllb import build
from tests.support.nllb.phrases import AMBIGUOUS, LIKELIEST, PHRASES, VARIANTS

pytestmark = pytest.mark.models

CODES = ("en", "pt", "es")
BOOK = [
    (TranslationRequest(text=phrase[one], source=CODES[one], target=CODES[two]), phrase[two])
    for phrase in PHRASES
    for one in range(3)
    for two in range(3)
    if one != two
]
HELLO = TranslationRequest(text="Where is the hotel?", source="en", target="es")
DOUBT = TranslationRequest(text=AMBIGUOUS, source="en", target="pt")
WHOLE = TranslationRequest(text=PHRASES[-1][0], source="en", target="pt")
IN_PARTS = f"{PHRASES[-3][1]} {PHRASES[-2][1]}"

RUNTIMES = {
    "ctranslate2": {},
    "onnx": {"use_onnx": True},
}


def config(runtime: str, **more: Any) -> NllbConfig:
    settings = {"precision": "float32", "num_beams": 1, "num_workers": 1, "cpu_threads": 1}
    folder = str(build.model() / runtime)
    return NllbConfig(**{"translation_model": folder, **settings, **RUNTIMES[runtime], **more})


async def new(runtime: str, **more: Any) -> Nllb:
    provider = Nllb(config(runtime, **more))
    await provider.load()
    return provider


@pytest.fixture(scope="module")
async def both() -> AsyncIterator[dict[str, Nllb]]:
    """The same model under each runtime."""
    providers = {runtime: await new(runtime) for runtime in RUNTIMES}
    yield providers
    for provider in providers.values():
        await provider.aclose()


@pytest.fixture(params=RUNTIMES)
def nllb(request: pytest.FixtureRequest, both: dict[str, Nllb]) -> Nllb:
    """The model, under each runtime in turn, with the same settings at the beginning of each test."""
    provider = both[request.param]
    provider.update(config(request.param))
    return provider


def turn(provider: Nllb, **knobs: Any) -> None:
    """Change live settings."""
    provider.update(provider.config.model_copy(update=knobs))


async def said(provider: Nllb, *requests: TranslationRequest) -> list[str]:
    answers = await provider.translate(requests)
    assert all(isinstance(answer, TranslatedText) for answer in answers), answers
    return [answer.text for answer in answers if isinstance(answer, TranslatedText)]


async def refused(provider: Nllb, request: TranslationRequest) -> SokujiError:
    (answer,) = await provider.translate([request])
    assert isinstance(answer, SokujiError)
    return answer


class Spy:
    """Notes what a runtime is given."""

    def __init__(self, provider: Nllb, monkeypatch: pytest.MonkeyPatch) -> None:
        self.batches: list[list[EncoderInput]] = []
        model = provider._model
        assert model is not None
        self._runtime = model.runtime
        monkeypatch.setattr(provider, "_model", replace(model, runtime=self))

    def translate(self, sources: Sequence[EncoderInput], search: BeamSearchOptions) -> list[Hypothesis]:
        self.batches.append(list(sources))
        return self._runtime.translate(sources, search)


async def test_every_pair_of_its_languages_is_served_and_the_description_stays_small(nllb: Nllb) -> None:
    info = await nllb.describe()
    assert info.pairs == Pairs(("en", "es", "pt"), ("en", "es", "pt"))
    assert info.model == nllb.config.translation_model


async def test_each_request_of_a_batch_is_translated_into_its_own_language(nllb: Nllb) -> None:
    assert await said(nllb, *(request for request, _ in BOOK)) == [wanted for _, wanted in BOOK]


@pytest.mark.knob("translation.nllb.translation_model")
async def test_another_model_translates_in_its_own_way(tmp_path: Path, knob: Knobs) -> None:
    original = build.model() / "ctranslate2"
    swapped = tmp_path / "swapped"
    shutil.copytree(original, swapped)
    for file in swapped.glob("*.json"):
        text = file.read_text("utf-8").replace("por_Latn", "other").replace("spa_Latn", "por_Latn")
        file.write_text(text.replace("other", "spa_Latn"), "utf-8")
    for folder, wanted in ((original, "¿Dónde está el hotel?"), (swapped, "Onde fica o hotel?")):
        provider = await new("ctranslate2", translation_model=str(folder))
        (text,) = await said(provider, HELLO)
        await provider.aclose()
        assert text == wanted
        knob.observe("translation.nllb.translation_model", provider.config, text)


@pytest.mark.parametrize("runtime", RUNTIMES)
async def test_eight_bit_weights_give_the_same_translations(runtime: str) -> None:
    provider = await new(runtime, precision="int8")
    assert await said(provider, *(request for request, _ in BOOK)) == [wanted for _, wanted in BOOK]
    await provider.aclose()


@pytest.mark.parametrize("knobs", [
    {"num_beams": 1},
    {"num_beams": 2},
    {"num_beams": 4, "length_penalty": 0.0},
    {"num_beams": 5, "length_penalty": 2.0},
    {"num_beams": 3, "max_length": 4},
    {"num_beams": 2, "max_length": 3, "length_penalty": 0.0},
    {"max_input_length": 4},
])  # fmt: skip
async def test_both_runtimes_give_the_same_translations_and_scores(
    both: dict[str, Nllb], knobs: dict[str, Any]
) -> None:
    answers = []
    for runtime, provider in both.items():
        provider.update(config(runtime, **knobs))
        answers.append(await provider.translate([*(request for request, _ in BOOK), DOUBT]))
    for one, other in zip(*answers, strict=True):
        if isinstance(one, TranslatedText):
            assert isinstance(other, TranslatedText)
            assert other.text == one.text
            assert one.score is not None
            assert other.score == pytest.approx(one.score, abs=1e-3)
        else:
            assert str(other) == str(one)


@pytest.mark.knob("translation.nllb.use_onnx")
async def test_use_onnx_chooses_the_runtime(both: dict[str, Nllb], knob: Knobs) -> None:
    for provider in both.values():
        loaded = provider._model
        assert loaded is not None
        knob.observe("translation.nllb.use_onnx", provider.config, type(loaded.runtime).__name__)


async def test_the_score_is_the_probability_of_the_translation(nllb: Nllb) -> None:
    sure, doubtful, wordless = await nllb.translate([HELLO, DOUBT, replace(HELLO, text="...")])
    assert isinstance(sure, TranslatedText)
    assert isinstance(doubtful, TranslatedText)
    assert isinstance(wordless, TranslatedText)
    assert sure.score is not None
    assert doubtful.score is not None
    assert 0 < doubtful.score < 0.7 < sure.score <= 1
    assert wordless == TranslatedText(text="...", score=None)


@pytest.mark.knob("translation.nllb.num_beams")
async def test_more_beams_find_a_better_translation_than_greedy_decoding(nllb: Nllb, knob: Knobs) -> None:
    (greedy,) = await said(nllb, DOUBT)
    knob.observe("translation.nllb.num_beams", nllb.config, greedy)
    turn(nllb, num_beams=8)
    (wide,) = await said(nllb, DOUBT)
    knob.observe("translation.nllb.num_beams", nllb.config, wide)
    assert greedy in VARIANTS
    assert wide == LIKELIEST


@pytest.mark.knob("translation.nllb.length_penalty")
async def test_a_length_penalty_above_1_favours_longer_translations(nllb: Nllb, knob: Knobs) -> None:
    turn(nllb, num_beams=8)
    (usual,) = await said(nllb, DOUBT)
    knob.observe("translation.nllb.length_penalty", nllb.config, usual)
    turn(nllb, num_beams=8, length_penalty=4.0)
    (longer,) = await said(nllb, DOUBT)
    knob.observe("translation.nllb.length_penalty", nllb.config, longer)
    assert usual == LIKELIEST
    assert longer in VARIANTS


@pytest.mark.knob("translation.nllb.max_length")
async def test_a_sentence_whose_translation_is_too_long_is_split_and_not_cut_off(
    nllb: Nllb, knob: Knobs
) -> None:
    for wanted in (PHRASES[-1][1], IN_PARTS):
        (text,) = await said(nllb, WHOLE)
        assert text == wanted
        knob.observe("translation.nllb.max_length", nllb.config, text)
        turn(nllb, max_length=5)


async def test_a_request_whose_text_cannot_be_split_further_fails_alone(nllb: Nllb) -> None:
    turn(nllb, max_length=3)
    long, short = await nllb.translate([HELLO, replace(HELLO, text="Thank you very much.")])
    assert isinstance(long, ProviderFailed)
    assert "max_length (3)" in long.message
    assert isinstance(short, TranslatedText)
    assert short.text == "Muchas gracias."


async def test_when_a_sentence_fails_the_others_of_its_text_are_not_computed(
    nllb: Nllb, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy = Spy(nllb, monkeypatch)
    turn(nllb, max_length=3, max_batch_size=1)
    error = await refused(nllb, replace(HELLO, text=HELLO.text + " Good night." * 200))
    assert isinstance(error, ProviderFailed)
    assert len(spy.batches) < 200


async def test_a_sentence_that_is_too_long_is_split_before_it_is_translated(nllb: Nllb) -> None:
    turn(nllb, max_input_length=5)
    assert await said(nllb, WHOLE) == [IN_PARTS]


async def test_a_very_long_word_is_cut_anywhere(nllb: Nllb, monkeypatch: pytest.MonkeyPatch) -> None:
    spy = Spy(nllb, monkeypatch)
    turn(nllb, max_input_length=4)
    await nllb.translate([replace(HELLO, text="hotel" * 8)])
    given = [source for batch in spy.batches for source in batch]
    assert len(given) > 3
    assert all(len(source.ids) <= 4 + 2 for source in given)


async def test_sentences_are_translated_separately_and_text_between_them_is_kept(nllb: Nllb) -> None:
    text = "Good night.  Where is the hotel?\n\n😀\nI am hungry."
    wanted = "Buenas noches.  ¿Dónde está el hotel?\n\n😀\nTengo hambre."
    assert await said(nllb, replace(HELLO, text=text)) == [wanted]


@pytest.mark.knob("translation.nllb.max_batch_size")
async def test_sentences_of_all_requests_share_batches_up_to_the_limit(
    nllb: Nllb, monkeypatch: pytest.MonkeyPatch, knob: Knobs
) -> None:
    spy = Spy(nllb, monkeypatch)
    for most in (1, 5):
        spy.batches.clear()
        turn(nllb, max_batch_size=most)
        await check_batches(nllb, spy, most)
        knob.observe("translation.nllb.max_batch_size", nllb.config, max(map(len, spy.batches)))


async def check_batches(nllb: Nllb, spy: Spy, most: int) -> None:
    callers = [nllb.translate([request]) for request, _ in BOOK[:30]]
    answers = [answer for answers in await asyncio.gather(*callers) for answer in answers]
    assert [answer.text for answer in answers if isinstance(answer, TranslatedText)] == [
        wanted for _, wanted in BOOK[:30]
    ]
    assert max(map(len, spy.batches)) == most
    targets = max(spy.batches, key=len)
    assert most == 1 or len({source.target for source in targets}) > 1
    sizes = {
        answer.effort.batch_size for answer in answers if isinstance(answer, TranslatedText) and answer.effort
    }
    assert max(sizes) == most


async def test_a_cancelled_request_is_not_started(nllb: Nllb, monkeypatch: pytest.MonkeyPatch) -> None:
    spy = Spy(nllb, monkeypatch)
    turn(nllb, max_batch_size=1)
    gone = asyncio.create_task(nllb.translate([replace(HELLO, text="Good night. " * 200)]))
    while not spy.batches:
        await asyncio.sleep(0)
    gone.cancel()
    assert await said(nllb, HELLO) == ["¿Dónde está el hotel?"]
    assert len(spy.batches) < 100


async def test_control_tokens_in_a_text_are_read_as_text(nllb: Nllb, monkeypatch: pytest.MonkeyPatch) -> None:
    spy = Spy(nllb, monkeypatch)
    await nllb.translate([replace(HELLO, text="Good </s> night spa_Latn <pad>")])
    ((source,),) = spy.batches
    assert source.ids[-1] == 2
    assert not {1, 2, source.target} & set(source.ids[:-1])


async def test_requests_that_cannot_be_translated_are_refused(nllb: Nllb) -> None:
    error = await refused(nllb, replace(HELLO, target="de"))
    assert isinstance(error, UnsupportedLanguage)
    assert "en to es" in error.message
    for request, param in [
        (replace(HELLO, context=("Good morning.",)), "context"),
        (replace(HELLO, glossary={"hotel": "posada"}), "glossary"),
    ]:
        error = await refused(nllb, request)
        assert isinstance(error, NotSupported)
        assert error.param == param
    assert isinstance(await refused(nllb, replace(HELLO, text="Hotel \ud800")), InvalidRequest)


async def test_settings_that_require_a_new_model_are_refused(nllb: Nllb) -> None:
    with pytest.raises(ConfigError, match="precision"):
        turn(nllb, precision="int8")
