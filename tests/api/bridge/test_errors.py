"""Bad requests and failing stages are answered with errors of one shape, and the service goes on."""

import asyncio
import json
import math
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.audio.pcm import wav_bytes
from sokuji.config import Deadlines
from sokuji.errors import ProviderFailed
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts
from tests.support.rest_client import error_of, rest_client
from tests.support.speech import noise, sample, silence

TRANSLATE = "/api/v1/translation/translate"
SPEAK = "/api/v1/tts/synthesize"
TRANSCRIBE = "/api/v1/stt/transcribe"
BOTH = "/api/v1/pipeline/translate-text"
RECORDING = "/api/v1/pipeline/translate-audio"
TEXT = {"text": "bom dia", "source_language": "pt", "target_language": "en"}
WORDS = {"text": "hello", "language": "en"}
JSON = {"Content-Type": "application/json"}
INVALID, LANGUAGE = "invalid_request", "unsupported_language"


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        (TRANSLATE, {"text": "a"}, (400, INVALID, "source_language")),
        (TRANSLATE, TEXT | {"text": " \n"}, (400, INVALID, "text")),
        (TRANSLATE, TEXT | {"text": 5}, (400, INVALID, "text")),
        (TRANSLATE, TEXT | {"text": "\ud800"}, (400, INVALID, "text")),
        (TRANSLATE, TEXT | {"text": "a" * 5_001}, (413, "too_large", "text")),
        (TRANSLATE, TEXT | {"context": "a" * 5_001}, (413, "too_large", "context")),
        (TRANSLATE, TEXT | {"text": "a" * 300_000}, (413, "too_large", None)),
        (TRANSLATE, TEXT | {"source_language": "xx"}, (422, LANGUAGE, "source_language")),
        (TRANSLATE, TEXT | {"source_language": "auto"}, (422, LANGUAGE, "source_language")),
        (TRANSLATE, TEXT | {"target_language": "fr"}, (422, LANGUAGE, "target_language")),
        (TRANSLATE, TEXT | {"glossary": {"dia": " "}}, (400, INVALID, "glossary")),
        (TRANSLATE, TEXT | {"glossary": {"\ud800": "day"}}, (400, INVALID, "glossary")),
        (
            TRANSLATE,
            TEXT | {"glossary": dict.fromkeys(map(str, range(201)), "day")},
            (400, INVALID, "glossary"),
        ),
        (TRANSLATE, TEXT | {"glossary": {"dia": 1}}, (400, INVALID, "glossary.dia")),
        (TRANSLATE, TEXT | {"context": "olá"}, (400, "not_supported", "context")),
        (TRANSLATE, TEXT | {"target": "en"}, (400, INVALID, "target")),
        (TRANSLATE, TEXT | {"\ud800": "en"}, (400, INVALID, "\ud800")),
        (TRANSLATE, [TEXT], (400, INVALID, None)),
        (SPEAK, WORDS | {"speed": 2.5}, (400, INVALID, "speed")),
        (SPEAK, WORDS | {"speed": math.nan}, (400, INVALID, "speed")),
        (SPEAK, WORDS | {"sample_rate": 7_999}, (400, INVALID, "sample_rate")),
        (SPEAK, WORDS | {"audio_format": "wma"}, (400, INVALID, "audio_format")),
        (SPEAK, WORDS | {"return_format": "xml"}, (400, INVALID, "return_format")),
        (SPEAK, WORDS | {"voice_id": "nobody"}, (422, "unknown_voice", "voice_id")),
        (SPEAK, WORDS | {"voice_id": "\ud800"}, (400, INVALID, "voice_id")),
        (SPEAK, WORDS | {"language": "fr"}, (422, LANGUAGE, "language")),
        (BOTH, TEXT | {"voice_id": "dora"}, (422, "unknown_voice", "voice_id")),
        (BOTH, TEXT | {"source_language": "fr"}, (422, LANGUAGE, "target_language")),
    ],
)
async def test_a_bad_field_is_named(path: str, body: Any, expected: tuple[int, str, str | None]) -> None:
    async with rest_client() as (client, _):
        # Not httpx's own JSON, which cannot spell half of a surrogate pair.
        response = await client.post(path, content=json.dumps(body), headers=JSON)
    assert error_of(response) == expected


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b'{"text": "\xff"}', "application/json"),
        (b'{"text": NaN, "source_language": "pt", "target_language": "en"}', "application/json"),
        (b'{"text": ' + b"9" * 5_000 + b"}", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"null", "application/json"),
        (json.dumps(TEXT).encode(), "text/plain"),
        (b"text=bom+dia", "application/x-www-form-urlencoded"),
    ],
)
async def test_a_body_that_is_no_json_object_is_refused(body: bytes, content_type: str) -> None:
    async with rest_client() as (client, _):
        response = await client.post(TRANSLATE, content=body, headers={"Content-Type": content_type})
    assert error_of(response)[:2] == (400, INVALID)


FILE = ("audio_file", ("talk.wav", wav_bytes(sample("pt", "contagem"), 16_000)))


@pytest.mark.parametrize(
    ("files", "form", "expected"),
    [
        ([], {}, (400, INVALID, "audio_file")),
        ([FILE], {"langage": "pt"}, (400, INVALID, "langage")),
        ([FILE], {"language": ["pt", "en"]}, (400, INVALID, "language")),
        ([FILE], {"language": "klingon"}, (422, LANGUAGE, "language")),
        ([FILE], {"language": "de"}, (422, LANGUAGE, "language")),
        ([FILE, FILE], {}, (400, INVALID, None)),
        ([FILE], {f"field{number}": "x" for number in range(1_000)}, (400, INVALID, None)),
        ([FILE], {"language": "x" * 5_000}, (400, INVALID, None)),
        ([("audio_file", ("a.wav", b""))], {}, (400, "invalid_audio", "audio_file")),
        ([("audio_file", ("a.wav", b"no sound at all"))], {}, (400, "invalid_audio", "audio_file")),
        (
            [("audio_file", ("a.wav", wav_bytes(silence(3_000), 16_000)))],
            {},
            (422, "no_speech", "audio_file"),
        ),
        ([("audio_file", ("a.wav", wav_bytes(noise(3_000), 16_000)))], {}, (422, "no_speech", "audio_file")),
        (
            [("audio_file", ("a.wav", wav_bytes(silence(9_000), 16_000)))],
            {},
            (413, "too_large", "audio_file"),
        ),
    ],
)
async def test_a_bad_upload_is_refused(files: Any, form: Any, expected: tuple[int, str, str | None]) -> None:
    async with rest_client(max_audio_s=8) as (client, _):
        response = await client.post(TRANSCRIBE, files=files, data=form)
    assert error_of(response) == expected


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=", b"--\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="audio_file"'),
        ("multipart/form-data; boundary=x", b"\xff" * 1_000),
        ("multipart/form-data; boundary=" + "x" * 100_000, b"--x"),
        ("application/x-www-form-urlencoded", b"audio_file=%ff"),
        ("application/json", b'{"audio_file": "x"}'),
    ],
)
async def test_a_body_that_is_no_form_is_refused(content_type: str, body: bytes) -> None:
    async with rest_client() as (client, _):
        response = await client.post(TRANSCRIBE, content=body, headers={"Content-Type": content_type})
    assert error_of(response)[:2] == (400, INVALID)


async def test_paths_and_methods_that_are_not_there_answer_in_the_same_shape() -> None:
    async with rest_client() as (client, _):
        assert error_of(await client.get("/api/v1/nothing")) == (404, "not_found", None)
        assert error_of(await client.get("/static-offline-docs/..%2f..%2fcore.py"))[0] == 404
        response = await client.get(TRANSLATE)
    assert error_of(response) == (405, "method_not_allowed", None)
    assert response.headers["allow"] == "POST"


async def test_a_recording_whose_translation_cannot_be_spoken_is_refused_before_recognition() -> None:
    stt = FakeStt()
    async with rest_client(stt) as (client, _):
        for form, param in [
            ({"target_language": "fr"}, "target_language"),
            ({"target_language": "en", "source_language": "de"}, "source_language"),
            ({"target_language": "en", "source_languages": "pt,de"}, "source_languages"),
            ({"target_language": "en", "source_languages": "pt,auto"}, "source_languages"),
            ({"target_language": "en", "voice_id": "dora"}, "voice_id"),
        ]:
            response = await client.post(RECORDING, files=[FILE], data=form)
            assert error_of(response)[::2] == (422, param)
    assert stt.requests == []


async def test_a_failing_stage_is_reported_and_the_next_call_is_served() -> None:
    async with rest_client(tts=FakeTts(ProviderFailed("the voice broke off"))) as (client, service):
        assert error_of(await client.post(SPEAK, json=WORDS)) == (502, "provider_failed", None)
        assert (await client.post(SPEAK, json=WORDS)).status_code == 200
        assert service.requests.in_use == 0


async def test_a_stage_that_does_not_answer_in_time_is_cancelled_and_reported() -> None:
    translator = FakeTranslator()
    translator.gate.clear()
    async with rest_client(translator=translator, deadlines=Deadlines(translation_s=0.5)) as (client, _):
        response = await client.post(TRANSLATE, json=TEXT)
    assert error_of(response) == (504, "deadline_exceeded", None)
    assert response.headers["retry-after"] == "1"
    assert translator.cancelled == 1


async def test_calls_beyond_the_limit_are_refused_until_one_is_done() -> None:
    translator = FakeTranslator()
    translator.gate.clear()
    async with rest_client(translator=translator, max_concurrent_requests=1) as (client, _):
        first = asyncio.create_task(client.post(TRANSLATE, json=TEXT))
        await translator.arrived.get()
        refused = await client.post(TRANSLATE, json=TEXT)
        assert (await client.get("/api/v1/info")).status_code == 200
        translator.gate.set()
        assert (await first).status_code == 200
        assert (await client.post(TRANSLATE, json=TEXT)).status_code == 200
    assert error_of(refused) == (503, "overloaded", None)
    assert refused.headers["retry-after"] == "1"


async def test_an_unhandled_exception_is_logged_under_an_id_and_not_shown_to_the_client(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class BrokenTranslator(FakeTranslator):
        async def translate(self, requests: Any) -> Any:
            raise RuntimeError("a secret")

    async with rest_client(translator=BrokenTranslator()) as (client, _):
        given = await client.post(TRANSLATE, json=TEXT, headers={"X-Request-Id": "call-7"})
        made = await client.post(TRANSLATE, json=TEXT, headers={"X-Request-Id": "two\tlines"})
    assert error_of(given) == error_of(made) == (500, "internal_error", None)
    assert "secret" not in given.text + made.text
    assert given.headers["x-request-id"] == "call-7"
    assert len(made.headers["x-request-id"]) == 32
    for response in (given, made):
        assert f"request {response.headers['x-request-id']}: POST" in caplog.text


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.sampled_from(["pt", "en", "fr", "auto", "default", "joe", "json", "audio", "wav"]),
)
FIELDS = st.sampled_from(
    [
        "text",
        "language",
        "source_language",
        "target_language",
        "voice_id",
        "return_format",
        "speed",
        "sample_rate",
    ]
)
NESTED = st.recursive(
    VALUES, lambda inner: st.lists(inner) | st.dictionaries(FIELDS | st.text(), inner), max_leaves=8
)


@pytest.fixture(scope="module")
async def anyone() -> AsyncIterator[httpx.AsyncClient]:
    """A client for all examples of a property."""
    async with rest_client(requests_per_minute=0) as (client, _):
        yield client


@given(path=st.sampled_from([TRANSLATE, SPEAK, BOTH]), body=NESTED | st.dictionaries(FIELDS, VALUES))
async def test_no_json_body_makes_the_service_fail(anyone: httpx.AsyncClient, path: str, body: Any) -> None:
    response = await anyone.post(path, content=json.dumps(body), headers=JSON)
    assert response.status_code == 200 or error_of(response)[0] in (400, 413, 422)


@pytest.mark.parametrize("text", ["...", "\u200b", "!?"])
async def test_a_text_of_which_nothing_can_be_spoken_is_refused(text: str) -> None:
    class WordlessTts(FakeTts):
        CHUNK_SAMPLES = 0

    async with rest_client(tts=WordlessTts(1)) as (client, _):
        response = await client.post(SPEAK, json={"text": text, "language": "en"})
    assert error_of(response) == (400, INVALID, "text")
