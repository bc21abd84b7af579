"""What the knobs of the recogniser change, on the real model; the others are shown where they belong."""

from pathlib import Path

import ctranslate2
import pytest

from sokuji import models
from sokuji.config import FasterWhisperConfig
from sokuji.providers.base import RecognitionRequest, Transcript
from sokuji.providers.stt.faster_whisper import FasterWhisper
from tests.speech import noise, sample

HARD = RecognitionRequest(pcm=sample("pt", "ola_mundo"), language="pt")


async def heard(
    whisper: FasterWhisper, request: RecognitionRequest = HARD, seed: int = 1, **changes: object
) -> Transcript:
    """The answer with other live settings."""
    before = whisper.config
    ctranslate2.set_random_seed(seed)
    try:
        whisper.update(before.model_copy(update={"second_hearing": "never", **changes}))
        (answer,) = await whisper.transcribe([request])
    finally:
        whisper.update(before)
    assert isinstance(answer, Transcript)
    return answer


@pytest.mark.knob("stt.faster_whisper.temperature")
async def test_with_a_temperature_words_are_drawn_by_lot(whisper: FasterWhisper) -> None:
    sure = {(await heard(whisper, seed=seed)).text for seed in (1, 2)}
    drawn = {(await heard(whisper, seed=seed, temperature=1.0)).text for seed in (1, 2, 3)}
    assert len(sure) == 1
    assert len(drawn) > 1


@pytest.mark.knob("stt.faster_whisper.best_of")
async def test_the_best_of_many_is_more_probable_than_any(whisper: FasterWhisper) -> None:
    async def confidence(best_of: int) -> float:
        drawn = [await heard(whisper, seed=seed, temperature=1.0, best_of=best_of) for seed in (1, 2)]
        return sum(each.confidence or 0 for each in drawn)

    assert await confidence(5) > await confidence(1)


@pytest.mark.knob("stt.faster_whisper.vad_threshold")
async def test_a_higher_threshold_takes_less_for_speech(whisper: FasterWhisper) -> None:
    request = RecognitionRequest(pcm=noise(1_000) + sample("en", "hello_world"), language="en")
    texts = [
        (await heard(whisper, request, vad_filter=True, vad_threshold=threshold)).text
        for threshold in (0.5, 0.999)
    ]
    assert "world" in texts[0].lower()
    assert texts[1] == ""


@pytest.mark.knob(
    "stt.faster_whisper.model_size", "stt.faster_whisper.compute_type", "stt.faster_whisper.device"
)
async def test_another_model_computes_in_other_numbers_where_it_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.symlink_to(models.locate("whisper", "base"))
    whisper = FasterWhisper(FasterWhisperConfig(model_size=str(folder), compute_type="float32", device="cpu"))
    await whisper.load()
    try:
        assert (await whisper.describe()).model == "mine"
        recogniser, _ = whisper._ready()
        loaded = recogniser._model.model
        assert (loaded.compute_type, loaded.device) == ("float32", "cpu")
    finally:
        await whisper.aclose()
