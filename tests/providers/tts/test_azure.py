"""Azure's voices, played by a local server: the SSML that goes out, and the sound. Faults: test_cloud."""

import xml.etree.ElementTree as ElementTree
from collections.abc import AsyncIterator, Iterator

import pytest

from sokuji.config import AzureSpeechConfig
from sokuji.contract import AudioChunk, SynthesisRequest, Voice
from sokuji.errors import ConfigError, InvalidRequest, ProviderFailed, UnknownVoice, UnsupportedLanguage
from sokuji.languages import LANGUAGES
from sokuji.providers.azure_speech import KEY as VARIABLE
from sokuji.providers.tts.azure import provider as azure_speech
from sokuji.providers.tts.azure.provider import AzureSpeech
from sokuji.providers.tts.azure.voice_list import DEFAULTS, USUAL_LOCALES
from tests.support.cloud.azure_tts import FORMATS, LANG, SSML, words
from tests.support.cloud.faults import status
from tests.support.cloud.server import KEY, Server
from tests.support.cloud.sounds import spoken
from tests.support.cloud.synthesisers import AZURE, change, joined, speak

AVA = "en-US-AvaMultilingualNeural"
SERAPHINA = "de-DE-SeraphinaMultilingualNeural"


@pytest.fixture(scope="module")
async def loaded() -> AsyncIterator[tuple[AzureSpeech, Server]]:
    async with AZURE.loaded() as provider_and_server:
        yield provider_and_server


@pytest.fixture
def server(loaded: tuple[AzureSpeech, Server]) -> Server:
    """The service, with an empty list of requests."""
    loaded[1].requests.clear()
    return loaded[1]


@pytest.fixture
def azure(loaded: tuple[AzureSpeech, Server], server: Server) -> Iterator[AzureSpeech]:
    """The provider; its settings are restored after each test."""
    provider, _ = loaded
    usual = provider.config
    yield provider
    provider.update(usual)


async def voices(provider: AzureSpeech) -> dict[str, Voice]:
    return {voice.id: voice for voice in (await provider.describe()).voices}


async def default(provider: AzureSpeech, language: str) -> str:
    return next(voice.id for voice in (await voices(provider)).values() if language in voice.languages)


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
async def test_the_output_rate_is_requested_from_the_service(
    azure: AzureSpeech, server: Server, name: str, rate: int
) -> None:
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
async def test_markup_in_a_text_is_escaped(azure: AzureSpeech, server: Server, text: str) -> None:
    await speak(azure, SynthesisRequest(text=text, language="en", speed=0.5))
    assert words(server.requests[-1].body) == text


async def test_characters_that_xml_does_not_allow_are_left_out(azure: AzureSpeech, server: Server) -> None:
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


async def test_a_voice_speaking_another_language_gets_its_locale(azure: AzureSpeech, server: Server) -> None:
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
        ({"base_url": "https://westeurope.tts.speech.microsoft.com"}, "loading the model again: base_url"),
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


async def test_only_the_voices_of_the_settings_are_offered(azure: AzureSpeech) -> None:
    change(azure, voices=["en-US-GuyNeural", AVA])
    assert list(await voices(azure)) == ["en-US-GuyNeural", AVA]


def test_the_table_has_a_voice_for_each_language_that_it_names() -> None:
    assert USUAL_LOCALES.keys() <= LANGUAGES.keys()
    assert len(USUAL_LOCALES) == len(DEFAULTS)
    assert (USUAL_LOCALES["no"], USUAL_LOCALES["yue"], USUAL_LOCALES["zh"]) == ("nb-NO", "zh-HK", "zh-CN")


async def test_a_long_text_is_sent_in_parts(azure: AzureSpeech, server: Server) -> None:
    sentences = [f"This is sentence number {number}." for number in range(30)]
    chunks = await speak(azure, SynthesisRequest(text=" ".join(sentences), language="en"))
    texts = [str(words(request.body)) for request in server.requests]
    assert len(texts) == 2
    assert " ".join(texts) == " ".join(sentences)
    assert joined(chunks) == b"".join(spoken(text, 24_000) for text in texts)


async def test_audio_as_long_as_the_services_limit_is_a_failure(
    azure: AzureSpeech, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(azure_speech, "MAX_AUDIO_S", 0.5)
    with pytest.raises(ProviderFailed, match="more audio"):
        await speak(azure)


async def test_unsupported_requests_are_refused_before_anything_is_sent(
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


async def test_the_voices_of_the_table_are_offered_while_the_service_is_unavailable(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    server.fail(status(503))
    provider = AzureSpeech(AzureSpeechConfig(base_url=server.url, voices=(AVA, "pt-BR-FranciscaNeural")))
    await provider.load()
    assert "could not be listed at start" in caplog.text
    assert list(await voices(provider)) == ["pt-BR-FranciscaNeural", AVA]
    change(provider, voices=[])
    assert set(await voices(provider)) == set(DEFAULTS)
    assert joined(await speak(provider)) == spoken("Good morning.", 24_000)
    await provider.check()
    assert "en-US-GuyNeural" in await voices(provider)
    await provider.aclose()


async def test_check_reads_only_the_beginning_of_the_list_of_voices(
    azure: AzureSpeech, server: Server
) -> None:
    before = await azure.describe()
    await azure.check()
    assert [request.path for request in server.requests] == ["/cognitiveservices/voices/list"]
    assert await azure.describe() == before
    server.fail(status(401))
    with pytest.raises(ProviderFailed, match=VARIABLE):
        await azure.check()


async def test_a_region_is_required() -> None:
    with pytest.raises(ConfigError, match="region is not set"):
        await AzureSpeech(AzureSpeechConfig()).load()
