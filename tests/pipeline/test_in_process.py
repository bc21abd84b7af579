"""The stages in one process: those asked for are loaded, and what cannot be loaded is said."""

import pytest

from sokuji.config import BergamotConfig, PiperConfig
from sokuji.errors import ModelMissing
from sokuji.pipeline.in_process import local_pipeline


async def test_a_model_that_is_missing_is_named() -> None:
    with pytest.raises(ModelMissing, match="nobody"):
        async with local_pipeline((), (), [PiperConfig(tts_model="./nobody.onnx")]):
            pass


@pytest.mark.models
async def test_only_the_stages_asked_for_are_loaded() -> None:
    async with local_pipeline((), [BergamotConfig()], ()) as pipeline:
        catalogue = pipeline.catalogue
        assert [info.provider for info in catalogue.translation] == ["bergamot"]
        assert (catalogue.stt, catalogue.tts) == ((), ())
        assert "raposa" in (await pipeline.translate_text("The fox is here.", "en", "pt")).text


@pytest.mark.models
async def test_a_voice_leaves_at_the_rate_of_its_settings() -> None:
    async with local_pipeline((), (), [PiperConfig(sample_rate=8_000)]) as pipeline:
        assert {voice.sample_rate for voice in pipeline.catalogue.voices} == {8_000}
        rates = {chunk.sample_rate async for chunk in pipeline.speak("One.", "en", voice_id="default")}
    assert rates == {8_000}
