"""What ``/v1/audio/transcriptions`` refuses: fields, files and forms, by name, and what is too much."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest

from sokuji.config import GatewaySettings, Limits
from tests.api.openai.rest.recordings import TRANSCRIPTIONS, TWO_UTTERANCES, transcribed
from tests.support.fake_stages import FakeStt
from tests.support.openai_api import client_of, http_client, openai_api


@pytest.fixture
async def base_url() -> AsyncIterator[str]:
    async with openai_api(FakeStt()) as url:
        yield url


REFUSED: list[tuple[dict[str, Any], int, str, str, str]] = [
    ({"model": None}, 400, "invalid_request", "model", "required"),
    ({"model": "nobody"}, 404, "model_not_found", "model", "fake/ear"),
    ({"model": "tts-1"}, 400, "invalid_request", "model", "fake/ear"),
    ({"colour": "red"}, 400, "invalid_request", "colour", "response_format"),
    ({"response_format": "xml"}, 400, "invalid_request", "response_format", "verbose_json"),
    ({"response_format": "diarized_json"}, 400, "not_supported", "response_format", "speakers: [campplus]"),
    ({"include[]": "logprobs"}, 400, "not_supported", "include", "token"),
    ({"include[]": "logprobs", "response_format": "text"}, 400, "invalid_request", "include", "json"),
    ({"include": "words"}, 400, "invalid_request", "include", "logprobs"),
    ({"temperature": "0.5"}, 400, "not_supported", "temperature", "0"),
    ({"temperature": "2"}, 400, "invalid_request", "temperature", "1"),
    ({"temperature": "nan"}, 400, "invalid_request", "temperature", "finite"),
    ({"known_speaker_names[]": "Ana"}, 400, "not_supported", "known_speaker_names", "speakers"),
    ({"known_speaker_references[]": "data:"}, 400, "not_supported", "known_speaker_references", "speakers"),
    ({"timestamp_granularities[]": "word"}, 400, "invalid_request", "timestamp_granularities", "verbose"),
    ({"timestamp_granularities[]": "syllable"}, 400, "invalid_request", "timestamp_granularities", "word"),
    ({"stream": "true", "response_format": "srt"}, 400, "invalid_request", "response_format", "json, text"),
    ({"stream": "perhaps"}, 400, "invalid_request", "stream", "boolean"),
    ({"language": "klingon"}, 422, "unsupported_language", "language", "pt"),
    ({"language": "de"}, 422, "unsupported_language", "language", "pt"),
    ({"language": ["en", "pt"]}, 400, "invalid_request", "language", "more than once"),
    ({"languages[]": ["pt", "xx"]}, 422, "unsupported_language", "languages", "pt"),
    ({"languages[]": "pt", "language": "pt"}, 400, "invalid_request", "languages", "auto"),
    ({"languages[]": "de"}, 422, "unsupported_language", "languages", "pt"),
    ({"chunking_strategy": "never"}, 400, "invalid_request", "chunking_strategy", "auto"),
    (
        {"chunking_strategy": '{"type": "server_vad", "a": 1}'},
        400,
        "invalid_request",
        "chunking_strategy",
        "",
    ),
    (
        {"chunking_strategy[type]": "server_vad", "chunking_strategy[threshold]": "7"},
        400,
        "invalid_request",
        "chunking_strategy",
        "less than 1",
    ),
    ({"prompt": "a" * 6_000}, 413, "too_large", "prompt", "5000"),
    ({"keywords[]": ["a" * 150] * 40}, 413, "too_large", "keywords", "5000"),
    ({"keywords[]": "a" * 300}, 400, "invalid_request", "keywords", "200"),
    ({"prompt": "a" * 70_000}, 400, "invalid_request", "", "64KB"),
]


@pytest.mark.parametrize(("fields", "status", "code", "param", "says"), REFUSED)
async def test_what_is_not_accepted_is_refused_by_name(
    base_url: str, fields: dict[str, Any], status: int, code: str, param: str, says: str
) -> None:
    data = {name: value for name, value in {"model": "whisper-1", **fields}.items() if value is not None}
    response = await transcribed(base_url, data)
    error = response.json()["error"]
    assert set(error) == {"type", "code", "message", "param"}
    assert (response.status_code, error["code"], error["type"]) == (status, code, "invalid_request_error")
    assert (error["param"] or "").partition(".")[0] == param
    assert says in error["message"]


@pytest.mark.parametrize(
    ("file", "status", "code"),
    [
        (("a.wav", b""), 400, "invalid_audio"),
        (("a.wav", b"no audio at all"), 400, "invalid_audio"),
    ],
)
async def test_a_file_that_is_no_audio_is_refused(
    base_url: str, file: tuple[str, bytes], status: int, code: str
) -> None:
    response = await transcribed(base_url, {"model": "whisper-1"}, file)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["param"]) == (status, code, "file")


async def test_a_form_without_a_file_and_a_body_that_is_no_form_are_refused(base_url: str) -> None:
    async with http_client(base_url) as http:
        answers = [
            await http.post(TRANSCRIPTIONS, data={"model": "whisper-1"}),
            await http.post(TRANSCRIPTIONS, data={"model": "whisper-1", "file": "x"}),
            await http.post(TRANSCRIPTIONS, json={"model": "whisper-1"}),
            await http.post(TRANSCRIPTIONS, files=[("file", TWO_UTTERANCES), ("file", TWO_UTTERANCES)]),
        ]
    assert [answer.status_code for answer in answers] == [400] * 4
    assert [answer.json()["error"]["param"] for answer in answers] == ["file", "file", "file", None]


async def test_uploads_have_the_limits_of_uploads(base_url: str) -> None:
    limits = Limits(max_audio_s=1, max_upload_bytes=200_000, max_json_bytes=1_024)
    async with openai_api(settings=GatewaySettings(limits=limits)) as url:
        too_long = await transcribed(url, {"model": "whisper-1"})
        too_large = await transcribed(url, {"model": "whisper-1"}, ("a.wav", bytes(300_000)))
    assert (too_long.status_code, too_long.json()["error"]["param"]) == (413, "file")
    assert (too_large.status_code, too_large.json()["error"]["code"]) == (413, "too_large")


async def test_a_busy_service_asks_to_come_again(base_url: str) -> None:
    stt = FakeStt()
    stt.gate.clear()
    settings = GatewaySettings(limits=Limits(max_concurrent_requests=1))
    async with openai_api(stt, settings=settings) as url, client_of(url) as client:
        first = asyncio.create_task(transcribed(url, {"model": "whisper-1"}))
        await stt.arrived.get()
        with pytest.raises(openai.InternalServerError) as refusal:
            await client.audio.transcriptions.create(file=TWO_UTTERANCES, model="whisper-1")
        stt.gate.set()
        assert (await first).status_code == 200
    headers = refusal.value.response.headers
    assert (refusal.value.status_code, headers["retry-after"], headers["retry-after-ms"]) == (
        503,
        "1",
        "1000",
    )
