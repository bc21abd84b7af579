"""Who speaks a text: the voices of the model that is named, at a speed that they can do."""

from dataclasses import replace

import pytest

from sokuji.api.openai.rest.speech_audio import Speaker, choose_speaker
from sokuji.api.openai.rest.speech_request import SpeechRequest
from sokuji.api.service import Service
from sokuji.config import Deadlines, GatewaySettings
from sokuji.contract import Voice
from sokuji.errors import UnknownVoice, UnsupportedLanguage
from sokuji.pipeline.members import StageProviders
from sokuji.pipeline.pipeline import Pipeline
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts


@pytest.fixture
async def service() -> Service:
    """Two providers: the first speaks English, Portuguese and Spanish, the second French and English."""
    first, second = FakeTts(), FakeTts()
    voices = (
        Voice(id="eva", name="Eva", language="fr-FR", languages=("fr",), gender="female"),
        Voice(id="zoe", name="Zoe", language="en-GB", languages=("en",), gender="female"),
    )
    second.info = replace(second.info, provider="other", voices=voices, speeds=(0.5, 2.0))
    stages = StageProviders(stt=[FakeStt()], translation=[FakeTranslator()], tts=[first, second])
    pipeline = Pipeline(stages, Deadlines())
    await pipeline.refresh()
    return Service(pipeline, GatewaySettings())


async def speaker(service: Service, **fields: object) -> Speaker:
    body = {"input": "Good morning to you all.", "model": "tts-1", "voice": "alloy", **fields}
    return await choose_speaker(SpeechRequest.model_validate(body), service)


async def test_a_model_that_is_named_speaks_itself_with_a_voice_of_its_own(service: Service) -> None:
    for name in ("alloy", "nova", "onyx", "zoe"):
        chosen = await speaker(service, model="other/mouth", voice=name)
        assert (chosen.voice, chosen.providers) == ("zoe", {"tts": "other"})
    assert (await speaker(service, voice="zoe")).providers == {}


async def test_a_voice_or_language_of_another_model_is_refused(service: Service) -> None:
    with pytest.raises(UnknownVoice, match="zoe") as refusal:
        await speaker(service, model="other/mouth", voice="joe")
    assert refusal.value.param == "voice"
    with pytest.raises(UnsupportedLanguage, match="fr") as unspoken:
        await speaker(service, model="other/mouth", language="pt")
    assert unspoken.value.param == "language"
    assert (await speaker(service, language="pt")).voice == "dora"


async def test_a_text_is_in_a_language_of_the_model(service: Service) -> None:
    text = "Bonjour à toutes et à tous, et bienvenue."
    assert (await speaker(service, input=text)).voice == "eva"
    assert (await speaker(service, input=text, voice="zoe")).language == "en"
    assert (await speaker(service, input=text, model="fake/mouth")).language in ("en", "pt", "es")


@pytest.mark.parametrize(("speed", "own", "tempo"), [(1.0, 1.0, 1.0), (3.0, 2.0, 1.5), (0.25, 0.5, 0.5)])
async def test_what_a_voice_cannot_do_is_left_to_stretching(
    service: Service, speed: float, own: float, tempo: float
) -> None:
    chosen = await speaker(service, voice="zoe", speed=speed)
    assert (chosen.speed, chosen.tempo) == (own, tempo)
