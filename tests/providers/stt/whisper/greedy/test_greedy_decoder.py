"""Greedy decoding of real speech under ONNX Runtime, beside that of CTranslate2 with the same weights."""

import json
import logging
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ctranslate2.specs import WhisperSpec
from pydantic import ValidationError

from load_tests.scenarios.recognisers import loaded
from load_tests.scenarios.speech_samples import padded, recordings
from sokuji import models
from sokuji.config import FasterWhisperConfig
from sokuji.contract import RecognitionRequest, Transcript
from sokuji.providers.stt.whisper.computations import EncoderPass
from sokuji.providers.stt.whisper.decoding import WhisperDecoder
from sokuji.providers.stt.whisper.encoding import EncoderOutput
from sokuji.providers.stt.whisper.greedy import network
from sokuji.providers.stt.whisper.greedy.checkpoint import Checkpoint
from sokuji.providers.stt.whisper.greedy.decoder import load_decoder
from sokuji.providers.stt.whisper.greedy.greedy_decoder import OnnxGreedyDecoder
from sokuji.providers.stt.whisper.provider import FasterWhisper
from sokuji.providers.stt.whisper.search_terms import DecodingOptions, Prompt, SearchResult
from sokuji.providers.stt.whisper.windows import window_length_s
from tests.support.speech import sample

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

LANGUAGES = ("en", "pt", "es", "fr", "it", "ja")
LIMIT = 60
GREEDY = DecodingOptions(beam_size=1, best_of=1, temperature=0, max_tokens=LIMIT, usual_tokens=LIMIT)
Windows = list[tuple[str, EncoderOutput]]
"""Language and encoder output of recordings, all in windows of one length."""


class Decoders:
    """Both decoders of one model, for any language."""

    def __init__(self, whisper: FasterWhisper) -> None:
        recogniser, _ = whisper._ready()
        self._model, self._greedy = recogniser._model, recogniser._greedy
        assert self._greedy is not None

    def encoded(self, pcm: bytes, seconds: int) -> EncoderOutput:
        samples = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32_768)
        (output,) = EncoderPass.compute_batch([EncoderPass(self._model, samples, seconds)])
        return output

    def prompt(self, language: str, *, timed: bool, draft: str = "") -> Prompt:
        spaced = language != "ja"
        decoder = WhisperDecoder(self._model, language, "transcribe")
        return decoder.prompt("", spaced=spaced, timed=timed, draft=draft)

    def text(self, result: SearchResult) -> str:
        return WhisperDecoder(self._model, "en", "transcribe").text(result.tokens)

    def search(
        self, encoded: Sequence[EncoderOutput], prompts: Sequence[Prompt], *, onnx: bool = True
    ) -> list[SearchResult]:
        decoder = WhisperDecoder(self._model, "en", "transcribe", greedy=self._greedy if onnx else None)
        return decoder.search(encoded, prompts, GREEDY, LIMIT)


@pytest.fixture
def decoders(whisper: FasterWhisper) -> Decoders:
    return Decoders(whisper)


@pytest.fixture
def windows(decoders: Decoders) -> Windows:
    samples = [padded(each, 480, 96) for language in LANGUAGES for each in recordings(language)]
    longest = max(window_length_s(each.seconds) for each in samples)
    return [(each.language, decoders.encoded(each.pcm, longest)) for each in samples]


@pytest.mark.parametrize("timed", [False, True])
async def test_most_texts_are_those_of_ctranslate2_and_as_probable(
    decoders: Decoders, windows: Windows, timed: bool
) -> None:
    same = 0
    for language, encoded in windows:
        prompts = [decoders.prompt(language, timed=timed)]
        (own,) = decoders.search([encoded], prompts)
        (other,) = decoders.search([encoded], prompts, onnx=False)
        assert own.avg_logprob == pytest.approx(other.avg_logprob, abs=0.25)
        assert own.no_speech_prob == pytest.approx(other.no_speech_prob, abs=0.15)
        if own.tokens == other.tokens:
            same += 1
            assert own.avg_logprob == pytest.approx(other.avg_logprob, abs=0.08)
    # Both round the weights to 8 bits, but not alike.
    assert same >= 0.6 * len(windows)


async def test_the_windows_of_a_batch_are_decoded_as_alone(decoders: Decoders, windows: Windows) -> None:
    prompts = [decoders.prompt(language, timed=True) for language, _ in windows]
    together = decoders.search([encoded for _, encoded in windows], prompts)
    alone = [
        decoders.search([encoded], [prompt])[0] for (_, encoded), prompt in zip(windows, prompts, strict=True)
    ]
    assert_alike(together, alone)


@pytest.mark.parametrize("timed", [False, True])
async def test_a_draft_changes_no_text(decoders: Decoders, windows: Windows, timed: bool) -> None:
    chance = random.Random(0)
    plain, drafted = [], []
    for language, encoded in windows:
        (found,) = decoders.search([encoded], [decoders.prompt(language, timed=timed)])
        words = decoders.text(found).split()
        chance.shuffle(words)
        for draft in (decoders.text(found), " ".join(words), "Something else."):
            prompt = decoders.prompt(language, timed=timed, draft=draft)
            plain.append(found)
            drafted += decoders.search([encoded], [prompt])
    assert_alike(drafted, plain)


def assert_alike(found: Sequence[SearchResult], expected: Sequence[SearchResult]) -> None:
    """Equal, but for a few whose tokens are as probable as those of the others: 8 bits round differently."""
    same = 0
    for one, other in zip(found, expected, strict=True):
        same += one.tokens == other.tokens
        assert one.avg_logprob == pytest.approx(other.avg_logprob, abs=0.25)
    assert same >= 0.75 * len(expected)


async def test_the_decoder_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    searches: list[SearchResult] = []
    search = OnnxGreedyDecoder.search

    def noted(self: OnnxGreedyDecoder, *args: Any) -> list[SearchResult]:
        found = search(self, *args)
        searches.extend(found)
        return found

    monkeypatch.setattr(OnnxGreedyDecoder, "search", noted)
    for name in ("onnxruntime", "ctranslate2"):
        searches.clear()
        config = FasterWhisperConfig.model_validate({"cpu_decoder": name, "second_hearing": "never"})
        async with loaded("stt", config) as whisper:
            request = RecognitionRequest(pcm=sample("en", "quick_brown_fox"), language="en")
            (heard,) = await whisper.transcribe([request])
            assert isinstance(heard, Transcript)
            assert heard.text.startswith("The quick brown fox")
        assert bool(searches) == (name == "onnxruntime")


@pytest.mark.parametrize("given", [{"device": "cuda"}, {"compute_type": "float32"}])
async def test_it_is_refused_where_it_has_no_effect(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="cpu_decoder"):
        FasterWhisperConfig.model_validate({**given, "cpu_decoder": "ctranslate2"})


async def test_a_model_of_another_form_is_left_to_ctranslate2(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.WARNING)
    (tmp_path / "model.bin").write_bytes(b"\x03\x00\x00\x00")
    assert load_decoder(tmp_path / "model.bin") is None
    monkeypatch.setattr(network, "_BLOCK", 96)
    async with loaded("stt", FasterWhisperConfig()) as whisper:
        request = RecognitionRequest(pcm=sample("en", "hello_world"), language="en")
        (heard,) = await whisper.transcribe([request])
        assert heard.text.startswith("Hello")
    messages = [record.getMessage() for record in caplog.records]
    assert [
        message.removeprefix("cpu_decoder: ctranslate2 is used, which is slower: ") for message in messages
    ] == [
        "model.bin is damaged or not a model of CTranslate2",
        "its decoder has a width of 512, which is not a multiple of 96",
    ]


async def test_a_model_that_is_stored_in_8_bits_is_decoded_too(tmp_path: Path) -> None:
    folder = models.locate("whisper", "base")
    for name in ("tokenizer.json", "vocabulary.json", "config.json"):
        (tmp_path / name).symlink_to(folder / name)
    spec = WhisperSpec(6, 8, 6, 8)
    checkpoint = Checkpoint(folder / "model.bin")
    for name in checkpoint._variables:
        *owner, variable = name.split("/")
        layer: Any = spec
        for part in owner:
            several, _, number = part.rpartition("_")
            layer = getattr(layer, part) if hasattr(layer, part) else getattr(layer, several)[int(number)]
        value = checkpoint.stored(name)
        setattr(layer, variable, value.astype(np.float32) if value.dtype == np.float16 else value)
    spec.register_vocabulary(json.loads((folder / "vocabulary.json").read_text("utf-8")))
    spec.validate()
    spec.optimize("int8")
    spec._serialize(str(tmp_path / "model.bin"))
    async with loaded("stt", FasterWhisperConfig(model_size=str(tmp_path))) as whisper:
        assert Decoders(whisper)
        request = RecognitionRequest(pcm=sample("en", "quick_brown_fox"), language="en")
        (heard,) = await whisper.transcribe([request])
        assert heard.text.startswith("The quick brown fox jumps over the lazy dog")
