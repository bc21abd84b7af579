"""What the knobs of the recogniser change, on the real model; the others are shown where they belong."""

import json
from pathlib import Path
from typing import Any

import ctranslate2
import pytest

from sokuji import models
from sokuji.config import FasterWhisperConfig
from sokuji.contract import RecognitionRequest, Transcript
from sokuji.errors import ConfigError
from sokuji.providers.stt.whisper import provider as provider_module
from sokuji.providers.stt.whisper.decoding import WhisperDecoder
from sokuji.providers.stt.whisper.provider import FasterWhisper
from tests.support.knobs import Knobs
from tests.support.speech import noise, sample

pytestmark = pytest.mark.models

HARD = RecognitionRequest(pcm=sample("pt", "ola_mundo"), language="pt")
MOST_DRAWS = 20


async def heard(
    whisper: FasterWhisper, request: RecognitionRequest = HARD, **changes: object
) -> tuple[Transcript, FasterWhisperConfig]:
    """The answer with other live settings, and these settings."""
    before = whisper.config
    try:
        whisper.update(before.model_copy(update={"second_pass": "never", **changes}))
        effective = whisper.config
        (answer,) = await whisper.transcribe([request])
    finally:
        whisper.update(before)
    assert isinstance(answer, Transcript)
    return answer, effective


@pytest.mark.knob("stt.faster_whisper.temperature")
async def test_with_a_temperature_words_are_drawn_by_lot(whisper: FasterWhisper, knob: Knobs) -> None:
    drawn: dict[float, set[str]] = {0.0: set(), 1.0: set()}
    for temperature, texts in drawn.items():
        for attempt in range(MOST_DRAWS):
            answer, effective = await heard(whisper, temperature=temperature)
            texts.add(answer.text)
            if len(texts) > 1 or (temperature == 0 and attempt):
                break
        knob.observe("stt.faster_whisper.temperature", effective, frozenset(texts))
    assert len(drawn[0.0]) == 1
    assert len(drawn[1.0]) > 1


@pytest.mark.knob("stt.faster_whisper.best_of")
async def test_of_so_many_candidates_the_most_probable_is_taken(
    whisper: FasterWhisper, monkeypatch: pytest.MonkeyPatch, knob: Knobs
) -> None:
    found: list[Any] = []
    generate = WhisperDecoder.generate

    def watched(*args: Any) -> Any:
        results = generate(*args)
        found.extend(results)
        return results

    monkeypatch.setattr(WhisperDecoder, "generate", watched)
    for best_of in (1, 4):
        found.clear()
        _, effective = await heard(whisper, temperature=1.0, best_of=best_of)
        assert found
        for result in found:
            assert len(result.scores) == best_of
            # The first one becomes the transcript.
            assert result.scores[0] == max(result.scores)
        knob.observe("stt.faster_whisper.best_of", effective, len(found[0].scores))


@pytest.mark.knob("stt.faster_whisper.vad_threshold")
async def test_a_higher_threshold_takes_less_for_speech(whisper: FasterWhisper, knob: Knobs) -> None:
    request = RecognitionRequest(pcm=noise(1_000) + sample("en", "hello_world"), language="en")
    texts = []
    for threshold in (0.5, 0.999):
        answer, effective = await heard(whisper, request, vad_filter=True, vad_threshold=threshold)
        texts.append(answer.text)
        knob.observe("stt.faster_whisper.vad_threshold", effective, answer.text)
    assert "world" in texts[0].lower()
    assert texts[1] == ""


@pytest.fixture
def without_word_times(tmp_path: Path) -> Path:
    """The embedded model under another name; its files do not say how words are timed."""
    folder, original = tmp_path / "mine", models.locate("whisper", "base")
    folder.mkdir()
    for file in original.iterdir():
        if file.name != "config.json":
            (folder / file.name).symlink_to(file)
    config = json.loads((original / "config.json").read_text("utf-8"))
    del config["alignment_heads"]
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    return folder


@pytest.mark.knob("stt.faster_whisper.model_size", "stt.faster_whisper.compute_type")
async def test_another_model_computes_in_other_numbers(
    whisper: FasterWhisper, without_word_times: Path, knob: Knobs
) -> None:
    other = FasterWhisper(
        FasterWhisperConfig(model_size=str(without_word_times), compute_type="float32", device="cpu")
    )
    await other.load()
    try:
        for provider, model in ((whisper, "base"), (other, "mine")):
            info = await provider.describe()
            assert info.model == model
            knob.observe(
                "stt.faster_whisper.model_size", provider.config, (info.model, info.gives_word_times)
            )
            (answer,) = await provider.transcribe([HARD])
            assert isinstance(answer, Transcript)
            recogniser, _ = provider._ready()
            assert recogniser._model.model.compute_type.startswith(provider.config.compute_type)
            knob.observe("stt.faster_whisper.compute_type", provider.config, answer.confidence)
    finally:
        await other.aclose()


@pytest.mark.knob("stt.faster_whisper.device")
async def test_the_library_is_told_the_device(monkeypatch: pytest.MonkeyPatch, knob: Knobs) -> None:
    class Stop(Exception):
        """The model need not be loaded to see where it would be."""

    def noting(path: str, *, device: str, **options: Any) -> Any:
        given.append(device)
        raise Stop

    given: list[str] = []
    supported = ctranslate2.get_supported_compute_types("cpu")
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 1)
    monkeypatch.setattr(ctranslate2, "get_supported_compute_types", lambda device: supported)
    monkeypatch.setattr(provider_module, "WhisperModel", noting)
    for device, told in (("cpu", "cpu"), ("cuda", "cuda"), ("auto", "cuda")):
        config = FasterWhisperConfig.model_validate({"device": device})
        with pytest.raises(ConfigError, match="cannot be loaded"):
            await FasterWhisper(config).load()
        assert given[-1] == told
        knob.observe("stt.faster_whisper.device", config, given[-1])
