"""What the knobs of the recogniser change, on the real model; the others are shown where they belong."""

from pathlib import Path
from typing import Any

import pytest

from sokuji import models
from sokuji.config import FasterWhisperConfig
from sokuji.contract import RecognitionRequest, Transcript
from sokuji.providers.stt.whisper.decoding import WhisperDecoder
from sokuji.providers.stt.whisper.provider import FasterWhisper
from tests.support.speech import noise, sample

pytestmark = pytest.mark.models

HARD = RecognitionRequest(pcm=sample("pt", "ola_mundo"), language="pt")
MOST_DRAWS = 20


async def heard(whisper: FasterWhisper, request: RecognitionRequest = HARD, **changes: object) -> Transcript:
    """The answer with other live settings."""
    before = whisper.config
    try:
        whisper.update(before.model_copy(update={"second_hearing": "never", **changes}))
        (answer,) = await whisper.transcribe([request])
    finally:
        whisper.update(before)
    assert isinstance(answer, Transcript)
    return answer


@pytest.mark.knob("stt.faster_whisper.temperature")
async def test_with_a_temperature_words_are_sampled(whisper: FasterWhisper) -> None:
    assert len({(await heard(whisper)).text for _ in range(2)}) == 1
    drawn: set[str] = set()
    for _ in range(MOST_DRAWS):
        drawn.add((await heard(whisper, temperature=1.0)).text)
        if len(drawn) > 1:
            break
    assert len(drawn) > 1


@pytest.mark.knob("stt.faster_whisper.best_of")
@pytest.mark.parametrize("best_of", [1, 4])
async def test_the_most_probable_of_best_of_candidates_is_taken(
    whisper: FasterWhisper, monkeypatch: pytest.MonkeyPatch, best_of: int
) -> None:
    found: list[Any] = []
    generate = WhisperDecoder.generate

    def watched(*args: Any) -> Any:
        results = generate(*args)
        found.extend(results)
        return results

    monkeypatch.setattr(WhisperDecoder, "generate", watched)
    await heard(whisper, temperature=1.0, best_of=best_of)
    assert found
    for result in found:
        assert len(result.scores) == best_of
        # The first one becomes the transcript.
        assert result.scores[0] == max(result.scores)


@pytest.mark.knob("stt.faster_whisper.vad_threshold")
async def test_a_higher_vad_threshold_classifies_less_as_speech(whisper: FasterWhisper) -> None:
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
async def test_the_settings_select_model_compute_type_and_device(tmp_path: Path) -> None:
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
