"""Azure's voices, played by a local server: the SSML that goes out, and the sound. Faults: test_tts_cloud."""

import xml.etree.ElementTree as ElementTree
from collections.abc import AsyncIterator, Iterator

import pytest

from sokuji.config import AzureSpeechConfig
from sokuji.contract import AudioChunk, SynthesisRequest, Voice
from sokuji.errors import ConfigError, InvalidRequest, ProviderFailed, UnknownVoice, UnsupportedLanguage
from sokuji.languages import LANGUAGES
from sokuji.providers.azure import KEY as VARIABLE
from sokuji.providers.tts.azure import provider as azure_speech
from sokuji.providers.tts.azure.provider import AzureSpeech
from sokuji.providers.tts.azure.voices import DEFAULTS, USUAL_LOCALES
from tests.support.cloud.azure_tts import FORMATS, LANG, SSML, service, words
from tests.support.cloud.faults import PATIENT_S, status
from tests.support.cloud.server import KEY, Server, serve
from tests.support.cloud.sounds import spoken

HELLO = SynthesisRequest(text="Good morning.", language="en")
AVA = "en-US-AvaMultilingualNeural"
SERAPHINA = "de-DE-SeraphinaMultilingualNeural"


@pytest.fixture(scope="module", autouse=True)
def key() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, KEY)
        yield


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[Server]:
    async with serve(service) as server:
        yield server


@pytest.fixture(scope="module")
async def ready(running: Server) -> AsyncIterator[AzureSpeech]:
    provider = AzureSpeech(AzureSpeechConfig(base_url=running.url, timeout_s=PATIENT_S))
    await provider.load()
    yield provider
    await provider.aclose()


@pytest.fixture
def server(running: Server) -> Server:
    """The service, as if it had not been asked yet."""
    running.requests.clear()
    return running


@pytest.fixture
def azure(ready: AzureSpeech, server: Server) -> Iterator[AzureSpeech]:
    """The provider, whose settings are afterwards as they were."""
    usual = ready.config
    yield ready
    ready.update(usual)


def change(provider: AzureSpeech, **values: object) -> None:
    provider.update(AzureSpeechConfig.model_validate({**provider.config.model_dump(), **values}))


async def speak(provider: AzureSpeech, request: SynthesisRequest = HELLO) -> list[AudioChunk]:
    return [chunk async for chunk in provider.synthesize(request)]


async def voices(provider: AzureSpeech) -> dict[str, Voice]:
    return {voice.id: voice for voice in (await provider.describe()).voices}


async def default(provider: AzureSpeech, language: str) -> str:
    return next(voice.id for voice in (await voices(provider)).values() if language in voice.languages)


def joined(chunks: list[AudioChunk]) -> bytes:
    return b"".join(chunk.pcm for chunk in chunks)


async def test_a_text_is_spoken(azure: AzureSpeech, server: Server) -> None:
    chunks = await speak(azure)
    assert joined(chunks) == spoken("Good morning.", 24_000)
    assert [chunk.last for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert {chunk.sample_rate for chunk in chunks} == {24_000}
    sent = server.requests[-1]
    assert (sent.method, sent.path) == ("POST", "/cognitiveservices/v1")
    assert sent.headers["ocp-apim-subscription-key"] == KEY
    assert sent.headers["content-type"] == "application/ssml+xml"
    assert sent.headers["x-microsoft-outputformat"] == "raw-24khz-16bit-mono-pcm"
    assert sent.headers["user-agent"] == "sokuji-bridge"
    assert sent.body.decode() == (
        '<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="en-US">'
        '<voice name="en-US-AvaNeural">Good morning.</voice></speak>'
    )


@pytest.mark.parametrize(("name", "rate"), FORMATS.items())
async def test_the_output_rate_is_asked_for(azure: AzureSpeech, server: Server, name: str, rate: int) -> None:
    change(azure, output_rate=rate)
    chunks = await speak(azure)
    assert server.requests[-1].headers["x-microsoft-outputformat"] == name
    assert {chunk.sample_rate for chunk in chunks} == {rate}
    assert {voice.sample_rate for voice in (await voices(azure)).values()} == {rate}


async def test_speed_is_the_rate_of_the_prosody(azure: AzureSpeech, server: Server) -> None:
    await speak(azure, SynthesisRequest(text="Good morning.", language="en", speed=1.25))
    assert b'<prosody rate="1.25">Good morning.</prosody>' in server.requests[-1].body


@pytest.mark.parametrize(
    "text",
    [
        '</voice><voice name="en-US-GuyNeural">Ha!</voice>',
        'One <break time="5s"/> two & three &amp; "four" \'five\'',
        "]> <!-- gone --> <?xml version='1.0'?> <!DOCTYPE speak>",
        "1 < 2 > 0",
    ],
)
async def test_a_text_stays_text(azure: AzureSpeech, server: Server, text: str) -> None:
    await speak(azure, SynthesisRequest(text=text, language="en", speed=0.5))
    assert words(server.requests[-1].body) == text


async def test_what_xml_cannot_hold_is_left_out(azure: AzureSpeech, server: Server) -> None:
    await speak(azure, SynthesisRequest(text="A\x00\x08\ud800\ufffe\x0bB", language="en"))
    assert words(server.requests[-1].body) == "A   B"


async def test_the_voices_of_the_region_are_offered(azure: AzureSpeech) -> None:
    found = await voices(azure)
    assert list(found) == [
        "en-US-AvaNeural",
        "pt-BR-FranciscaNeural",
        "nb-NO-PernilleNeural",
        "zh-HK-HiuMaanNeural",
        AVA,
        SERAPHINA,
        "en-US-GuyNeural",
    ]
    assert found["zh-HK-HiuMaanNeural"].languages == ("yue",)
    assert found["nb-NO-PernilleNeural"].languages == ("no",)
    assert found[AVA].languages == ("en", "de", "pt")
    assert (found["en-US-GuyNeural"].gender, found[AVA].gender) == ("male", "female")
    assert found[AVA].name == "AvaMultilingual"


async def test_a_voice_is_told_to_speak_another_language_than_its_own(
    azure: AzureSpeech, server: Server
) -> None:
    await speak(azure, SynthesisRequest(text="Bom dia.", language="pt", voice=AVA, speed=2.0))
    root = ElementTree.fromstring(server.requests[-1].body)
    assert root.get(LANG) == "en-US"
    (lang,) = root.iter(f"{SSML}lang")
    assert lang.get(LANG) == "pt-BR"
    assert words(server.requests[-1].body) == "Bom dia."


async def test_default_voices_can_be_chosen_for_each_language(azure: AzureSpeech) -> None:
    assert (await default(azure, "en"), await default(azure, "de")) == ("en-US-AvaNeural", AVA)
    change(azure, default_voices={"en-GB": "en-US-GuyNeural", "de": SERAPHINA})
    assert (await default(azure, "en"), await default(azure, "de")) == ("en-US-GuyNeural", SERAPHINA)
    change(azure, default_voices={"en": AVA, "de": SERAPHINA, "no": AVA})
    assert (await default(azure, "en"), await default(azure, "de")) == (AVA, SERAPHINA)
    assert await default(azure, "pt") == "pt-BR-FranciscaNeural"
    assert "de" in (await voices(azure))[AVA].languages


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"default_voices": {"en": "en-US-NobodyNeural"}},
            "no voice 'en-US-NobodyNeural' here; accepted: en-US",
        ),
        ({"default_voices": {"xx": "en-US-AvaNeural"}}, "'xx' is no language"),
        ({"default_voices": {"en": AVA, "en-GB": AVA}}, "'en-GB' is no language, or there twice"),
        ({"voices": ["en-US-NobodyNeural"]}, "no voice 'en-US-NobodyNeural' here; accepted: en-US"),
        ({"voices": [AVA], "default_voices": {"en": "en-US-GuyNeural"}}, f"accepted: {AVA}"),
        (
            {"region": "westeurope", "base_url": "https://{region}.example.com"},
            "cannot change: base_url, region",
        ),
    ],
)
async def test_settings_that_cannot_take_effect_are_refused(
    azure: AzureSpeech, values: dict[str, object], message: str
) -> None:
    before = azure.config
    with pytest.raises(ConfigError, match=message):
        change(azure, **values)
    assert azure.config == before
    assert await default(azure, "en") == "en-US-AvaNeural"


async def test_voices_of_the_settings_are_offered_alone(azure: AzureSpeech) -> None:
    change(azure, voices=["en-US-GuyNeural", AVA])
    assert list(await voices(azure)) == ["en-US-GuyNeural", AVA]


def test_the_table_has_a_voice_for_each_language_that_it_names() -> None:
    assert USUAL_LOCALES.keys() <= LANGUAGES.keys()
    assert len(USUAL_LOCALES) == len(DEFAULTS)
    assert (USUAL_LOCALES["no"], USUAL_LOCALES["yue"], USUAL_LOCALES["zh"]) == ("nb-NO", "zh-HK", "zh-CN")


async def test_a_long_text_goes_in_portions(azure: AzureSpeech, server: Server) -> None:
    sentences = [f"This is sentence number {number}." for number in range(30)]
    chunks = await speak(azure, SynthesisRequest(text=" ".join(sentences), language="en"))
    texts = [str(words(request.body)) for request in server.requests]
    assert len(texts) == 2
    assert " ".join(texts) == " ".join(sentences)
    assert joined(chunks) == b"".join(spoken(text, 24_000) for text in texts)


async def test_sound_that_reaches_the_services_end_is_not_taken_for_whole(
    azure: AzureSpeech, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(azure_speech, "LONGEST_S", 0.5)
    with pytest.raises(ProviderFailed, match="more sound"):
        await speak(azure)


async def test_requests_that_cannot_be_fulfilled_are_refused_before_they_cost_anything(
    azure: AzureSpeech, server: Server
) -> None:
    for request, error, accepted in (
        (SynthesisRequest(text="Hi.", language="en", voice="nobody"), UnknownVoice, "accepted: en-US-Ava"),
        (SynthesisRequest(text="Hi.", language="ja"), UnsupportedLanguage, "accepted: de, en, no, pt, yue"),
        (SynthesisRequest(text="Hi.", language="en", speed=2.5), InvalidRequest, "between 0.5 and 2.0"),
    ):
        with pytest.raises(error, match=accepted):
            await speak(azure, request)
    assert await speak(azure, SynthesisRequest(text="...", language="en")) == [AudioChunk(b"", 24_000, True)]
    assert server.requests == []


async def test_while_the_service_is_away_the_voices_of_the_table_are_offered(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    server.fail(status(503))
    provider = AzureSpeech(AzureSpeechConfig(base_url=server.url, voices=(AVA, "pt-BR-FranciscaNeural")))
    await provider.load()
    assert "are not known yet" in caplog.text
    assert list(await voices(provider)) == ["pt-BR-FranciscaNeural", AVA]
    change(provider, voices=[])
    assert set(await voices(provider)) == set(DEFAULTS)
    assert joined(await speak(provider)) == spoken("Good morning.", 24_000)
    await provider.check()
    assert "en-US-GuyNeural" in await voices(provider)
    await provider.aclose()


async def test_its_check_reads_the_beginning_of_the_list(azure: AzureSpeech, server: Server) -> None:
    before = await azure.describe()
    await azure.check()
    assert [request.path for request in server.requests] == ["/cognitiveservices/voices/list"]
    assert await azure.describe() == before
    server.fail(status(401))
    with pytest.raises(ProviderFailed, match=VARIABLE):
        await azure.check()


async def test_a_region_is_needed() -> None:
    with pytest.raises(ConfigError, match="region is not set"):
        await AzureSpeech(AzureSpeechConfig()).load()
