"""The pipeline in one process loads the configured models only, and names a model that is missing."""

import pytest

from sokuji.config import BergamotConfig, PiperConfig
from sokuji.errors import ModelMissing
from sokuji.pipeline.in_process import local_pipeline


async def test_a_model_that_is_missing_is_named() -> None:
    with pytest.raises(ModelMissing, match="nobody"):
        async with local_pipeline((), (), [PiperConfig(tts_model="./nobody.onnx")]):
            pass


@pytest.mark.models
async def test_only_the_configured_stages_are_loaded() -> None:
    async with local_pipeline((), [BergamotConfig()], ()) as pipeline:
        catalogue = pipeline.catalogue
        assert [member.info.provider for member in catalogue.translation] == ["bergamot"]
        assert (catalogue.stt, catalogue.tts) == ((), ())
        assert "raposa" in (await pipeline.translate_text("The fox is here.", "en", "pt")).text


@pytest.mark.models
async def test_speech_has_the_sample_rate_of_the_settings() -> None:
    async with local_pipeline((), (), [PiperConfig(sample_rate=8_000)]) as pipeline:
        assert {voice.sample_rate for voice in pipeline.catalogue.voices} == {8_000}
        rates = {chunk.sample_rate async for chunk in pipeline.speak("One.", "en", voice_id="default")}
    assert rates == {8_000}
