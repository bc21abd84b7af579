"""ElevenLabs, played by a local server: what goes out and what comes back. Faults: test_cloud."""

from collections.abc import AsyncIterator, Iterator

import pytest
from pydantic import ValidationError

from sokuji.config import ElevenLabsConfig, ElevenLabsVoice
from sokuji.contract import AudioChunk, SynthesisRequest
from sokuji.errors import ConfigError, InvalidRequest, UnknownVoice, UnsupportedLanguage
from sokuji.languages import LANGUAGES
from sokuji.providers.tts.elevenlabs.models import MODELS
from sokuji.providers.tts.elevenlabs.provider import FALLBACK_VOICE, ElevenLabs
from tests.support.cloud.elevenlabs import BARE, GEORGE, MARIA
from tests.support.cloud.faults import status
from tests.support.cloud.server import KEY, Server
from tests.support.cloud.sounds import spoken
from tests.support.cloud.synthesisers import ELEVENLABS, change, joined, speak


@pytest.fixture(scope="module")
async def loaded() -> AsyncIterator[tuple[ElevenLabs, Server]]:
    async with ELEVENLABS.loaded() as provider_and_server:
        yield provider_and_server


@pytest.fixture
def server(loaded: tuple[ElevenLabs, Server]) -> Server:
    """The service, with an empty list of requests."""
    loaded[1].requests.clear()
    return loaded[1]


@pytest.fixture
def elevenlabs(loaded: tuple[ElevenLabs, Server], server: Server) -> Iterator[ElevenLabs]:
    """The provider; its settings are restored after each test."""
    provider, _ = loaded
    usual = provider.config
    yield provider
    provider.update(usual)


async def test_a_text_is_spoken(elevenlabs: ElevenLabs, server: Server) -> None:
    chunks = await speak(elevenlabs)
    assert joined(chunks) == spoken("Good morning.", 22_050)
    assert len(chunks) > 2
    assert [chunk.last for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert {chunk.sample_rate for chunk in chunks} == {22_050}
    sent = server.requests[-1]
    assert (sent.method, sent.path) == ("POST", f"/v1/text-to-speech/{GEORGE['voice_id']}/stream")
    assert sent.query == {"output_format": "pcm_22050"}
    assert sent.headers["xi-api-key"] == KEY
    assert sent.json() == {
        "text": "Good morning.",
        "model_id": "eleven_flash_v2_5",
        "language_code": "en",
    }


async def test_all_pages_of_the_accounts_voices_are_offered(elevenlabs: ElevenLabs) -> None:
    info = await elevenlabs.describe()
    assert [voice.id for voice in info.voices] == [GEORGE["voice_id"], MARIA["voice_id"], BARE["voice_id"]]
    assert [voice.language for voice in info.voices] == ["en-GB", "pt", "en"]
    assert [voice.gender for voice in info.voices] == ["male", "female", None]
    assert [voice.name for voice in info.voices] == ["George", "Maria", BARE["voice_id"]]
    assert set(info.voices[0].languages) == set(MODELS["eleven_flash_v2_5"].languages)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("stability", 0.2),
        ("similarity_boost", 0.9),
        ("style", 0.0),
        ("use_speaker_boost", False),
        ("speed", 1.1),
    ],
)
async def test_only_the_configured_voice_settings_are_sent(
    elevenlabs: ElevenLabs, server: Server, setting: str, value: object
) -> None:
    change(elevenlabs, **{setting: value})
    await speak(elevenlabs)
    assert server.requests[-1].json()["voice_settings"] == {setting: value}


async def test_the_speed_of_a_request_overrides_the_setting(elevenlabs: ElevenLabs, server: Server) -> None:
    change(elevenlabs, speed=1.1)
    await speak(elevenlabs, SynthesisRequest(text="Good morning.", language="en", speed=0.8))
    assert server.requests[-1].json()["voice_settings"] == {"speed": 0.8}


@pytest.mark.parametrize("rate", [8_000, 32_000, 48_000])
async def test_the_output_rate_is_requested_from_the_service(
    elevenlabs: ElevenLabs, server: Server, rate: int
) -> None:
    change(elevenlabs, output_rate=rate)
    chunks = await speak(elevenlabs)
    assert server.requests[-1].query == {"output_format": f"pcm_{rate}"}
    assert chunks[0].sample_rate == rate
    assert joined(chunks) == spoken("Good morning.", rate)
    assert {voice.sample_rate for voice in (await elevenlabs.describe()).voices} == {rate}


async def test_the_language_is_sent_only_to_models_that_take_one(
    elevenlabs: ElevenLabs, server: Server
) -> None:
    await speak(elevenlabs, SynthesisRequest(text="Kumusta.", language="tl"))
    assert server.requests[-1].json()["language_code"] == "fil"
    change(elevenlabs, model_id="eleven_multilingual_v2")
    await speak(elevenlabs, SynthesisRequest(text="Kumusta.", language="tl"))
    assert server.requests[-1].json() == {"text": "Kumusta.", "model_id": "eleven_multilingual_v2"}
    assert (await elevenlabs.describe()).model == "eleven_multilingual_v2"


async def test_each_model_speaks_its_own_languages(elevenlabs: ElevenLabs) -> None:
    hungarian = SynthesisRequest(text="Jó reggelt.", language="hu")
    assert await speak(elevenlabs, hungarian)
    change(elevenlabs, model_id="eleven_multilingual_v2")
    with pytest.raises(UnsupportedLanguage, match="accepted: ar, bg, cs"):
        await speak(elevenlabs, hungarian)


def test_the_table_of_models_is_complete_and_names_known_languages() -> None:
    accepted = ElevenLabsConfig.model_json_schema()["properties"]["model_id"]["enum"]
    assert list(MODELS) == accepted
    assert all(set(model.languages) <= LANGUAGES.keys() for model in MODELS.values())
    assert [len(model.languages) for model in MODELS.values()] == [32, 1, 32, 1, 29, 74]


async def test_a_text_over_the_models_limit_is_sent_in_parts(elevenlabs: ElevenLabs, server: Server) -> None:
    change(elevenlabs, model_id="eleven_v3", output_rate=8_000)
    sentences = [f"This is sentence number {number}." for number in range(200)]
    chunks = await speak(elevenlabs, SynthesisRequest(text=" ".join(sentences), language="en"))
    texts = [request.json()["text"] for request in server.requests]
    assert len(texts) == 2
    assert " ".join(texts) == " ".join(sentences)
    assert joined(chunks) == b"".join(spoken(text, 8_000) for text in texts)
    assert [chunk.last for chunk in chunks].count(True) == 1


async def test_markup_in_a_text_is_escaped(elevenlabs: ElevenLabs, server: Server) -> None:
    text = 'One <break time="3s"/> two [laughs] 1 < 2.'
    await speak(elevenlabs, SynthesisRequest(text=text, language="en"))
    assert server.requests[-1].json()["text"] == 'One < break time="3s"/> two [laughs] 1 < 2.'
    change(elevenlabs, model_id="eleven_v3")
    await speak(elevenlabs, SynthesisRequest(text=text, language="en"))
    assert server.requests[-1].json()["text"] == 'One < break time="3s"/> two (laughs) 1 < 2.'


async def test_a_text_that_cannot_be_spoken_sends_no_request(elevenlabs: ElevenLabs, server: Server) -> None:
    assert await speak(elevenlabs, SynthesisRequest(text="...", language="en")) == [
        AudioChunk(b"", 22_050, True)
    ]
    assert server.requests == []


async def test_unsupported_requests_are_refused_before_anything_is_sent(
    elevenlabs: ElevenLabs, server: Server
) -> None:
    for request, error, accepted in (
        (SynthesisRequest(text="Hi.", language="en", voice="nobody"), UnknownVoice, str(MARIA["voice_id"])),
        (SynthesisRequest(text="Hi.", language="cy"), UnsupportedLanguage, "accepted: ar"),
        (SynthesisRequest(text="Hi.", language="en", speed=1.5), InvalidRequest, "between 0.7 and 1.2"),
        (SynthesisRequest(text="Hi.", language="en", speed=0.5), InvalidRequest, "between 0.7 and 1.2"),
    ):
        with pytest.raises(error, match=accepted):
            await speak(elevenlabs, request)
    assert server.requests == []


async def test_the_default_voice_comes_first_and_must_exist(elevenlabs: ElevenLabs, server: Server) -> None:
    change(elevenlabs, default_voice=MARIA["voice_id"])
    assert (await elevenlabs.describe()).voices[0].name == "Maria"
    await speak(elevenlabs)
    assert MARIA["voice_id"] in server.requests[-1].path
    with pytest.raises(ConfigError, match=f"accepted: {GEORGE['voice_id']}"):
        change(elevenlabs, default_voice="nobody")
    assert elevenlabs.config.default_voice == MARIA["voice_id"]


async def test_voices_of_the_settings_are_offered_instead_and_nothing_is_listed(server: Server) -> None:
    own = ElevenLabsVoice(id=MARIA["voice_id"], name="Ria", language="pt-BR", gender="female")
    provider = ElevenLabs(ElevenLabsConfig(base_url=server.url, voices=(own,)))
    await provider.load()
    (voice,) = (await provider.describe()).voices
    assert (voice.id, voice.name, voice.language, voice.gender) == (own.id, "Ria", "pt-BR", "female")
    assert [request.query for request in server.requests] == [{"page_size": "1"}]
    assert joined(await speak(provider)) == spoken("Good morning.", 22_050)
    await provider.aclose()


async def test_voices_are_listed_later_if_the_service_is_unavailable_at_load(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    server.fail(status(503))
    provider = ElevenLabs(ElevenLabsConfig(base_url=server.url))
    await provider.load()
    assert "could not be listed at start" in caplog.text
    assert [voice.id for voice in (await provider.describe()).voices] == [FALLBACK_VOICE]
    assert joined(await speak(provider)) == spoken("Good morning.", 22_050)
    await provider.check()
    assert len((await provider.describe()).voices) == 3
    await provider.check()
    assert server.requests[-1].query == {"page_size": "1"}
    await provider.aclose()


async def test_a_changed_address_is_refused(elevenlabs: ElevenLabs) -> None:
    with pytest.raises(ConfigError, match="base_url"):
        change(elevenlabs, base_url="https://api.us.elevenlabs.io")


@pytest.mark.parametrize(
    "values",
    [
        {"model_id": "eleven_v99"},
        {"output_rate": 11_025},
        {"stability": 1.1},
        {"speed": 1.5},
        {"voices": [{"id": "../user"}]},
        {"base_url": "http://api.elevenlabs.io"},
    ],
)
def test_settings_out_of_bounds_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ElevenLabsConfig.model_validate(values)
