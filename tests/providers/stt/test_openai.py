"""OpenAI's transcription protocol: what each model is sent, what is made of its answers, and the settings."""

import json
import math
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sokuji.config import OpenAITranscriptionConfig
from sokuji.contract import RecogniserInfo, RecognitionRequest, Transcript, TranscriptSegment, Word
from sokuji.errors import ConfigError, NotSupported, ProviderFailed, SokujiError, UnsupportedLanguage
from sokuji.providers.stt.openai.provider import OpenAITranscription
from tests.support.cloud.faults import status
from tests.support.cloud.forms import read_form
from tests.support.cloud.openai_stt import openai, own_server, said, speech
from tests.support.cloud.server import KEY, Server, serve
from tests.support.knobs import Knobs


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    async with serve(openai) as running:
        yield running


def make(server: Server, **config: Any) -> OpenAITranscription:
    return OpenAITranscription(OpenAITranscriptionConfig(base_url=f"{server.url}/v1", **config))


async def outcome(server: Server, config: dict[str, Any], **wanted: Any) -> Transcript | SokujiError:
    """The answer to one request of a provider of its own."""
    provider = make(server, **config)
    await provider.load()
    (heard,) = await provider.transcribe([RecognitionRequest(**{"pcm": speech(7), **wanted})])
    await provider.aclose()
    return heard


async def recognise(server: Server, config: dict[str, Any], **wanted: Any) -> Transcript:
    heard = await outcome(server, config, **wanted)
    assert isinstance(heard, Transcript)
    return heard


async def describe(**config: Any) -> RecogniserInfo:
    return await OpenAITranscription(OpenAITranscriptionConfig(**config)).describe()


def fields(server: Server) -> dict[str, list[str]]:
    return read_form(server.requests[-1]).fields


async def test_a_request_is_sent_as_the_documentation_describes_it(server: Server) -> None:
    heard = await recognise(server, {}, language="pt", context="Contoso, <Rehaan>;Mary Rondo\n")
    request = server.requests[-1]
    assert (request.method, request.path) == ("POST", "/v1/audio/transcriptions")
    form = read_form(request)
    assert (form.filename, form.pcm()) == ("speech.wav", speech(7))
    assert form.fields == {
        "model": ["gpt-transcribe"],
        "languages[]": ["pt"],
        "keywords[]": ["Contoso", "Rehaan", "Mary Rondo"],
    }
    assert heard == Transcript(text=said(7), language="pt")


async def test_candidates_are_sent_to_a_model_that_takes_them(server: Server) -> None:
    heard = await recognise(server, {}, language_prior={"en": 0.1, "pt": 1.0})
    assert (heard.language, fields(server)["languages[]"]) == ("pt", ["pt", "en"])


async def test_a_language_outside_the_candidates_is_recognised_again(server: Server) -> None:
    heard = await recognise(server, {"model": "whisper-1"}, language_prior={"en": 1.0, "de": 0.1})
    assert (heard.language, fields(server)["language"]) == ("en", ["en"])


async def test_a_model_that_reports_the_language_does_not_require_it(server: Server) -> None:
    assert (await recognise(server, {})).language == "pt"
    assert fields(server) == {"model": ["gpt-transcribe"]}
    assert (await recognise(server, {"model": "whisper-1"})).language == "pt"
    assert "language" not in fields(server)


@pytest.mark.parametrize("model", ["gpt-4o-transcribe", "gpt-4o-transcribe-diarize"])
async def test_a_model_that_does_not_report_the_language_requires_it_in_the_request(
    model: str, server: Server
) -> None:
    heard = await outcome(server, {"model": model})
    assert (type(heard), getattr(heard, "param", "")) == (NotSupported, "language")
    assert [request.method for request in server.requests] == ["GET"]


async def test_probabilities_of_tokens_are_the_confidence(server: Server) -> None:
    heard = await recognise(server, {"model": "gpt-4o-transcribe"}, language="pt")
    assert fields(server) == {
        "model": ["gpt-4o-transcribe"],
        "response_format": ["json"],
        "temperature": ["0"],
        "language": ["pt"],
        "include[]": ["logprobs"],
    }
    assert heard.confidence == pytest.approx(math.exp(-0.2))


async def test_a_model_that_labels_speakers_is_sent_only_supported_fields(server: Server) -> None:
    config = {"model": "gpt-4o-transcribe-diarize"}
    assert await recognise(server, config, language="pt") == Transcript(text=said(7), language="pt")
    heard = await outcome(server, config, language="pt", context="Contoso")
    assert (type(heard), getattr(heard, "param", "")) == (NotSupported, "context")


async def test_a_whisper_response_has_segments_words_and_confidence(server: Server) -> None:
    heard = await recognise(server, {"model": "whisper-1"}, word_times=True, context="Contoso, Rehaan")
    assert fields(server)["prompt"] == ["Contoso, Rehaan"]
    assert fields(server)["response_format"] == ["verbose_json"]
    assert fields(server)["timestamp_granularities[]"] == ["segment", "word"]
    assert heard.text == said(7)
    assert heard.confidence == pytest.approx(math.exp((-0.1 * 1 - 0.5 * 3) / 4))
    assert heard.segments == (
        TranscriptSegment("Utterance 7,", 0, 1_000),
        TranscriptSegment('and "so on".', 1_000, 4_000),
    )
    assert heard.words == (
        Word("Utterance", 0, 400),
        Word("7,", 500, 900),
        Word("and", 1_000, 1_400),
        Word('"so', 1_500, 1_900),
        Word('on".', 2_000, 2_400),
    )
    assert (await recognise(server, {"model": "whisper-1"})).words == ()
    assert "timestamp_granularities[]" not in fields(server)


async def test_translation_by_whisper_requires_the_language_and_has_no_word_times(server: Server) -> None:
    config = {"model": "whisper-1"}
    heard = await recognise(server, config, language="pt", task="translate", context="Contoso")
    assert server.requests[-1].path == "/v1/audio/translations"
    assert fields(server) == {
        "model": ["whisper-1"],
        "response_format": ["verbose_json"],
        "temperature": ["0"],
        "prompt": ["Contoso"],
    }
    assert (heard.text, heard.language) == (said(7), "pt")
    for wrong in ({"language": None}, {"language": "pt", "word_times": True}):
        answer = await outcome(server, config, task="translate", **wrong)
        assert (type(answer), getattr(answer, "param", "")) == (NotSupported, [*wrong][-1])


@pytest.mark.parametrize(
    ("model", "translates_to", "takes_context", "gives_word_times"),
    [
        ("gpt-transcribe", (), True, False),
        ("whisper-1", ("en",), True, True),
        ("gpt-4o-mini-transcribe", (), True, False),
        ("gpt-4o-transcribe-diarize", (), False, False),
        ("Systran/faster-whisper-large-v3", (), True, False),
    ],
)
async def test_describe_has_the_documented_features_of_a_model(
    model: str, translates_to: tuple[str, ...], takes_context: bool, gives_word_times: bool
) -> None:
    info = await describe(model=model)
    assert (info.model, info.translates_to, info.takes_context, info.gives_word_times) == (
        model,
        translates_to,
        takes_context,
        gives_word_times,
    )
    assert ("la" in info.languages) == ("Systran" in model)


@pytest.mark.parametrize("param", ["task", "word_times"])
async def test_a_request_for_an_undocumented_feature_is_refused(param: str, server: Server) -> None:
    wanted = {"task": "translate"} if param == "task" else {param: True}
    heard = await outcome(server, {}, language="pt", **wanted)
    assert (type(heard), getattr(heard, "param", "")) == (NotSupported, param)


async def test_the_settings_declare_the_features_of_another_servers_model(server: Server) -> None:
    info = await describe(model="large", translates=True, word_times=True, languages=["pt", "en"])
    assert (info.translates_to, info.gives_word_times, info.languages) == (("en",), True, ("pt", "en"))
    info = await describe(model="whisper-1", translates=False, word_times=False)
    assert (info.translates_to, info.gives_word_times) == ((), False)
    heard = await recognise(server, {"model": "large", "word_times": True}, word_times=True)
    assert [word.text for word in heard.words] == said(7).split()
    heard = await recognise(server, {"model": "large", "translates": True}, language="jv", task="translate")
    assert (heard.language, server.requests[-1].path) == ("jv", "/v1/audio/translations")
    await recognise(server, {"model": "large"}, language="jv")
    assert fields(server)["language"] == ["jw"]


async def test_a_json_response_has_nothing_but_the_text(server: Server) -> None:
    config = {"model": "large", "response_format": "json"}
    assert await recognise(server, config, language="pt") == Transcript(text=said(7), language="pt")
    assert fields(server)["response_format"] == ["json"]
    assert isinstance(await outcome(server, config), NotSupported)
    assert (await describe(model="whisper-1", response_format="json")).gives_word_times is False


@pytest.mark.parametrize(
    ("settings", "param"),
    [
        ({"temperature": 0.5}, "temperature"),
        ({"word_times": True}, "word_times"),
        ({"translates": True}, "translates"),
        ({"response_format": "verbose_json"}, "response_format"),
        ({"model": "large", "response_format": "json", "word_times": True}, "word_times"),
        ({"languages": ["xx"]}, "languages"),
    ],
)
def test_a_setting_that_the_model_does_not_support_is_refused(settings: dict[str, Any], param: str) -> None:
    with pytest.raises(ConfigError) as caught:
        OpenAITranscription(OpenAITranscriptionConfig(**settings))
    assert caught.value.param == param


@pytest.mark.knob("stt.openai.temperature")
async def test_the_temperature_changes_while_it_runs(server: Server, knob: Knobs) -> None:
    provider = make(server, model="whisper-1", temperature=0.4)
    await provider.load()
    for temperature in ("0.4", "0.8"):
        provider.update(provider.config.model_copy(update={"temperature": float(temperature)}))
        await provider.transcribe([RecognitionRequest(pcm=speech(7))])
        assert fields(server)["temperature"] == [temperature]
        knob.observe("stt.openai.temperature", provider.config, fields(server)["temperature"][0])
    with pytest.raises(ConfigError, match="model"):
        provider.update(provider.config.model_copy(update={"model": "large"}))
    await provider.aclose()
    with pytest.raises(ConfigError, match="temperature: OpenAI's gpt-transcribe"):
        make(server).update(OpenAITranscriptionConfig(base_url=f"{server.url}/v1", temperature=0.5))


async def test_a_compatible_server_does_not_require_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    async with serve(own_server) as server:
        assert (await recognise(server, {"model": "large"}, language="pt")).text == said(7)
        assert all("authorization" not in request.headers for request in server.requests)


async def test_a_key_is_never_sent_unencrypted_over_a_network(server: Server) -> None:
    # Linux takes this address for loopback; the settings do not.
    address = server.url.replace("127.0.0.1", "0.0.0.0")
    provider = OpenAITranscription(OpenAITranscriptionConfig(base_url=f"{address}/v1", model="large"))
    with pytest.raises(ProviderFailed, match="OPENAI_API_KEY"):
        await provider.load()
    assert "authorization" not in server.requests[0].headers


def body(**more: Any) -> bytes:
    return json.dumps({"text": " Olá. ", **more}).encode()


@pytest.mark.parametrize(
    "more",
    [
        {"text": None},
        {"segments": [{"text": "Olá.", "start": -1, "end": 1}]},
        {"segments": [{"text": "Olá.", "start": 0, "end": float("inf")}]},
        {"words": [{"word": "Olá", "start": 0}]},
        {"language": ["pt"]},
    ],
)
async def test_a_response_with_invalid_values_is_a_failure(more: dict[str, Any], server: Server) -> None:
    server.fail(None, status(200, body=body(**more)))
    assert isinstance(await outcome(server, {"model": "whisper-1"}, language="pt"), ProviderFailed)


async def test_a_response_without_word_times_is_a_failure_that_names_the_setting(server: Server) -> None:
    server.fail(None, status(200, body=body(words=[])))
    heard = await outcome(server, {"model": "whisper-1"}, language="pt", word_times=True)
    assert (type(heard), "set word_times to false" in str(heard)) == (ProviderFailed, True)


@pytest.mark.parametrize("heard", [{}, {"languages": []}, {"language": ""}, {"language": "klingon"}])
async def test_an_undetected_language_is_an_error_of_its_request(
    heard: dict[str, Any], server: Server
) -> None:
    server.fail(None, status(200, body=body(**heard)))
    answer = await outcome(server, {})
    assert (type(answer), getattr(answer, "param", "")) == (UnsupportedLanguage, "language")
