"""Azure Speech: what goes over the wire to fast transcription, what is made of its answers, its settings."""

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from sokuji.config import AzureTranscriptionConfig, parse_provider
from sokuji.contract import RecognitionRequest, Transcript, TranscriptSegment
from sokuji.errors import ConfigError, ProviderFailed, SokujiError, UnsupportedLanguage
from sokuji.providers import azure_speech as service
from sokuji.providers.stt.azure.locales import LOCALES
from sokuji.providers.stt.azure.provider import AzureTranscription
from tests.support.cloud.azure_stt import answer, azure
from tests.support.cloud.faults import status
from tests.support.cloud.forms import read_form
from tests.support.cloud.openai_stt import said, speech
from tests.support.cloud.server import KEY, Server, serve
from tests.support.knobs import Knobs


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    monkeypatch.setenv("AZURE_SPEECH_KEY", KEY)
    async with serve(azure) as running:
        yield running


async def recognise(server: Server, config: Any = None, **wanted: Any) -> Transcript:
    """The answer to one request, which must be good, of a provider of its own."""
    heard = await outcome(server, config, **wanted)
    assert isinstance(heard, Transcript)
    return heard


async def outcome(server: Server, config: Any = None, **wanted: Any) -> Transcript | SokujiError:
    provider = AzureTranscription(AzureTranscriptionConfig(base_url=server.url, **(config or {})))
    await provider.load()
    (heard,) = await provider.transcribe([RecognitionRequest(**{"pcm": speech(7), **wanted})])
    await provider.aclose()
    return heard


def definition(server: Server) -> Any:
    """What the last request said beside its sound."""
    return definitions(server)[-1]


def definitions(server: Server) -> list[Any]:
    """The same of each request that had sound."""
    forms = [read_form(request) for request in server.requests if request.method == "POST"]
    return [json.loads(form.fields["definition"][0]) for form in forms]


@pytest.mark.knob("AZURE_SPEECH_KEY")
async def test_the_key_in_the_environment_is_what_the_service_checks(
    server: Server, monkeypatch: pytest.MonkeyPatch, knob: Knobs
) -> None:
    for key in (KEY, "wrong"):
        monkeypatch.setenv("AZURE_SPEECH_KEY", key)
        server.requests.clear()
        answered = False
        with suppress(ProviderFailed):
            await outcome(server, language="pt")
            answered = True
        assert server.requests[0].headers["ocp-apim-subscription-key"] == key
        assert answered is (key == KEY)
        knob.observe("AZURE_SPEECH_KEY", None, answered)


async def test_a_request_is_sent_as_the_documentation_describes_it(server: Server) -> None:
    heard = await recognise(server, language="pt", context="Contoso, Mary Rondo;\nJessie, ", word_times=True)
    request = server.requests[-1]
    assert (request.method, request.path) == ("POST", "/speechtotext/transcriptions:transcribe")
    assert request.query == {"api-version": "2025-10-15"}
    assert read_form(request).pcm() == speech(7)
    assert definition(server) == {
        "locales": ["pt-BR"],
        "profanityFilterMode": "None",
        "phraseList": {"phrases": ["Contoso", "Mary Rondo", "Jessie"]},
    }
    assert heard.text == said(7)
    assert heard.language == "pt"
    assert heard.confidence == pytest.approx((0.9 * 1 + 0.5 * 3) / 4)
    assert heard.segments == (
        TranscriptSegment("Utterance 7,", 0, 1_000),
        TranscriptSegment('and "so on".', 1_000, 4_000),
    )
    assert [(word.text, word.start_ms, word.end_ms) for word in heard.words] == [
        ("Utterance", 0, 500),
        ("7,", 500, 1_000),
        ("and", 1_000, 2_000),
        ('"so', 2_000, 3_000),
        ('on".', 3_000, 4_000),
    ]


async def test_the_detected_language_is_the_one_spoken_for_longest(server: Server) -> None:
    heard = await recognise(server)
    assert "locales" not in definition(server)
    assert (heard.language, heard.words) == ("pt", ())


async def test_the_language_is_detected_among_the_candidates(server: Server) -> None:
    await recognise(server, {"candidates": ["pt", "ja"]})
    assert definition(server)["locales"] == ["pt-BR", "ja-JP"]


async def test_candidates_of_the_request_precede_those_of_the_settings(server: Server) -> None:
    few = {"en": 0.1, "pt": 1.0}
    await recognise(server, {"candidates": ["pt", "ja"]}, language_prior=few)
    assert definition(server)["locales"] == ["pt-BR", "en-US"]
    many = dict.fromkeys(LOCALES, 1.0)
    await recognise(server, {"candidates": ["pt", "ja"]}, language_prior=many)
    assert definition(server)["locales"] == ["pt-BR", "ja-JP"]


async def test_an_improbable_language_is_recognised_again_as_the_probable_one(server: Server) -> None:
    server.fail(None, status(200, body=spoken_as("pt-BR", "pt-BR")))
    heard = await recognise(server, language_prior={"en": 1.0, "de": 0.1})
    assert heard.language == "en"
    assert [sent["locales"] for sent in definitions(server)] == [["en-US", "de-DE"], ["en-US"]]


async def test_an_unsure_hypothesis_is_not_recognised_again(server: Server) -> None:
    server.fail(None, status(200, body=spoken_as("pt-BR", "pt-BR")))
    await recognise(server, language_prior={"en": 1.0, "de": 0.1}, interim=True)
    assert len(definitions(server)) == 1


async def test_locales_of_the_settings_override_and_extend_the_table(server: Server) -> None:
    locales = {"locales": {"pt": "pt-PT", "el": "el-GR"}, "candidates": ["el"]}
    assert (await recognise(server, locales, language="pt")).language == "pt"
    assert definition(server)["locales"] == ["pt-PT"]
    await recognise(server, locales, language="el")
    assert definition(server)["locales"] == ["el-GR"]
    assert isinstance(await outcome(server, language="el"), UnsupportedLanguage)


@pytest.mark.parametrize(
    ("profanity", "mode"), [("raw", "None"), ("masked", "Masked"), ("removed", "Removed")]
)
async def test_the_profanity_setting_is_sent(profanity: str, mode: str, server: Server) -> None:
    await recognise(server, {"profanity": profanity})
    assert definition(server)["profanityFilterMode"] == mode


async def test_settings_of_the_request_change_while_it_runs(server: Server) -> None:
    provider = AzureTranscription(AzureTranscriptionConfig(base_url=server.url))
    await provider.load()
    provider.update(provider.config.model_copy(update={"profanity": "masked", "candidates": ("en",)}))
    await provider.transcribe([RecognitionRequest(pcm=speech(7))])
    assert definition(server) == {"locales": ["en-US"], "profanityFilterMode": "Masked"}
    with pytest.raises(ConfigError, match="candidates: la not known"):
        provider.update(provider.config.model_copy(update={"candidates": ("la",)}))
    assert provider.config.candidates == ("en",)
    await provider.aclose()


def spoken_as(*locales: str | None) -> bytes:
    """An answer whose phrases are in these locales."""
    body = answer(said(7))
    for phrase, locale in zip(body["phrases"], locales, strict=True):
        phrase["locale"] = locale
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    ("locales", "code"),
    [
        (("zh-HK", "zh-HK"), "yue"),
        (("zh-TW", "zh-TW"), "zh-Hant"),
        (("nb-NO", "fil-PH"), "tl"),
        ((None, "en-GB"), "en"),
    ],
)
async def test_a_reported_locale_is_converted_to_its_canonical_code(
    locales: tuple[str, ...], code: str, server: Server
) -> None:
    server.fail(None, status(200, body=spoken_as(*locales)))
    assert (await recognise(server)).language == code


@pytest.mark.parametrize("locales", [("xx-XX", "xx-XX"), (None, None)])
async def test_an_unknown_detected_language_is_an_error_of_its_request(
    locales: tuple[str | None, ...], server: Server
) -> None:
    server.fail(None, status(200, body=spoken_as(*locales)), status(200, body=spoken_as(*locales)))
    heard = await outcome(server)
    assert (type(heard), getattr(heard, "param", "")) == (UnsupportedLanguage, "language")
    server.fail(None, status(200, body=spoken_as(*locales)))
    assert (await recognise(server, language="pt")).language == "pt"


@pytest.mark.parametrize("channels", [[], [{"text": ""}]])
async def test_silence_is_an_empty_text(channels: Any, server: Server) -> None:
    body = json.dumps({"durationMilliseconds": 9, "combinedPhrases": channels, "phrases": []}).encode()
    server.fail(None, status(200, body=body))
    heard = await recognise(server, word_times=True)
    assert (heard.text, heard.confidence, heard.segments, heard.words) == ("", None, (), ())


async def test_values_missing_in_the_response_are_missing_in_the_transcript(server: Server) -> None:
    body = answer(said(7))
    for phrase in body["phrases"]:
        phrase["confidence"] = 0
        del phrase["words"]
    server.fail(None, status(200, body=json.dumps(body).encode()))
    assert (await recognise(server, language="pt")).confidence is None
    server.fail(None, status(200, body=json.dumps(body).encode()))
    heard = await outcome(server, language="pt", word_times=True)
    assert (type(heard), "word times" in str(heard)) == (ProviderFailed, True)


@pytest.mark.parametrize(
    "wrong",
    [{"offsetMilliseconds": -1}, {"durationMilliseconds": "soon"}, {"confidence": 1.5}, {"text": None}],
)
async def test_a_phrase_with_invalid_values_is_refused(wrong: dict[str, Any], server: Server) -> None:
    body = answer(said(7))
    body["phrases"][0] |= wrong
    server.fail(None, status(200, body=json.dumps(body).encode()))
    assert isinstance(await outcome(server, language="pt"), ProviderFailed)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"locales": {"xx": "xx-XX"}}, "locales: xx not known; accepted: "),
        ({"candidates": ["pt", "el"]}, "candidates: el not known; accepted: af, am"),
    ],
)
def test_an_unknown_language_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        AzureTranscription(AzureTranscriptionConfig(**settings))


def test_the_region_comes_from_the_settings_or_the_environment() -> None:
    config = AzureTranscriptionConfig(region="westeurope")
    assert service.base_url(config) == "https://westeurope.api.cognitive.microsoft.com"
    named = parse_provider("stt", {"provider": "azure"}, {"AZURE_SPEECH_REGION": "eastus2"})
    assert isinstance(named, AzureTranscriptionConfig)
    assert service.base_url(named) == "https://eastus2.api.cognitive.microsoft.com"
    own = AzureTranscriptionConfig(base_url="https://my-name.cognitiveservices.azure.com")
    assert service.base_url(own) == own.base_url


async def test_load_fails_without_a_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_SPEECH_KEY", KEY)
    with pytest.raises(ConfigError, match="region is not set.*AZURE_SPEECH_REGION") as caught:
        await AzureTranscription(AzureTranscriptionConfig()).load()
    assert caught.value.param == "region"


async def test_the_languages_of_the_table_are_offered_and_each_has_its_own_locale(server: Server) -> None:
    provider = AzureTranscription(AzureTranscriptionConfig(base_url=server.url))
    assert (await provider.describe()).languages == tuple(sorted(LOCALES))
    assert len(set(LOCALES.values())) == len(LOCALES)
