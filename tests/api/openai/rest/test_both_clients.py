"""The synchronous and the asynchronous client of OpenAI: every call, every format, every kind of error."""

import asyncio
import warnings
from collections.abc import AsyncIterator
from operator import attrgetter
from typing import Any, Literal

import httpx
import openai
import pytest
from openai.types.audio import Transcription, TranscriptionVerbose, Translation, TranslationVerbose

from sokuji.config import GatewaySettings, Limits
from sokuji.errors import ProviderFailed
from tests.api.openai.rest.recordings import TWO_UTTERANCES
from tests.support.fake_stages import FakeStt, FakeTts
from tests.support.openai_api import client_of, openai_api

Kind = Literal["sync", "async"]
pytestmark = [
    pytest.mark.parametrize("kind", ["sync", "async"]),
    pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning"),
]
RECORDING = {"file": TWO_UTTERANCES, "model": "whisper-1"}
HELLO = {"input": "Hello.", "model": "tts-1", "voice": "alloy"}
TRANSCRIBE, TRANSLATE = "audio.transcriptions.create", "audio.translations.create"
SPEAK = "audio.speech.create"


async def called(kind: Kind, base_url: str, call: str, **fields: Any) -> Any:
    """The answer to a call; a stream is read to its end."""

    def synchronously() -> Any:
        with (
            warnings.catch_warnings(),
            openai.OpenAI(base_url=base_url, api_key="any", max_retries=0) as client,
        ):
            answer = attrgetter(call)(client)(**fields)
            return list(answer) if fields.get("stream") else answer

    if kind == "sync":
        return await asyncio.to_thread(synchronously)
    async with client_of(base_url) as client:
        answer = await attrgetter(call)(client)(**fields)
        return [event async for event in answer] if fields.get("stream") else answer


@pytest.fixture
async def base_url() -> AsyncIterator[str]:
    async with openai_api() as url:
        yield url


async def test_recordings_in_every_format(base_url: str, kind: Kind) -> None:
    for call, plain, verbose in (
        (TRANSCRIBE, Transcription, TranscriptionVerbose),
        (TRANSLATE, Translation, TranslationVerbose),
    ):
        assert isinstance(await called(kind, base_url, call, **RECORDING), plain)
        for response_format, kind_of_answer in (("json", plain), ("verbose_json", verbose)):
            answer = await called(kind, base_url, call, **RECORDING, response_format=response_format)
            assert isinstance(answer, kind_of_answer)
            assert "utterance" in answer.text
        for response_format in ("text", "srt", "vtt"):
            text = await called(kind, base_url, call, **RECORDING, response_format=response_format)
            assert isinstance(text, str)
            assert "utterance" in text


async def test_a_stream_of_a_transcription(base_url: str, kind: Kind) -> None:
    *deltas, done = await called(kind, base_url, TRANSCRIBE, **RECORDING, stream=True)
    assert "".join(event.delta for event in deltas) == done.text


async def test_speech_in_every_format(base_url: str, kind: Kind) -> None:
    begins = {
        "mp3": b"ID3",
        "opus": b"OggS",
        "aac": b"\xff\xf1",
        "flac": b"fLaC",
        "wav": b"RIFF",
        "pcm": b"",
    }
    for response_format, head in begins.items():
        answer = await called(kind, base_url, SPEAK, **HELLO, response_format=response_format)
        assert answer.content.startswith(head)
        assert len(answer.content) > 500
    events = (await called(kind, base_url, SPEAK, **HELLO, stream_format="sse")).text
    assert events.rstrip().rpartition("data: ")[2].startswith('{"type": "speech.audio.done"')


TOO_LARGE = openai.APIStatusError
"""OpenAI has no class for 413."""
ERRORS: list[tuple[str, dict[str, Any], type[openai.APIStatusError], str, str | None]] = [
    (SPEAK, {**HELLO, "speed": 9}, openai.BadRequestError, "invalid_request", "speed"),
    (TRANSCRIBE, {**RECORDING, "temperature": 0.7}, openai.BadRequestError, "not_supported", "temperature"),
    (TRANSLATE, {**RECORDING, "file": ("a", b"x")}, openai.BadRequestError, "invalid_audio", "file"),
    (TRANSLATE, {**RECORDING, "model": "no"}, openai.NotFoundError, "model_not_found", "model"),
    ("models.retrieve", {"model": "no/body"}, openai.NotFoundError, "model_not_found", "model"),
    (SPEAK, {**HELLO, "input": "a" * 9_000}, TOO_LARGE, "too_large", "input"),
    (SPEAK, {**HELLO, "voice": "nobody"}, openai.UnprocessableEntityError, "unknown_voice", "voice"),
    (
        TRANSCRIBE,
        {**RECORDING, "language": "de"},
        openai.UnprocessableEntityError,
        "unsupported_language",
        "language",
    ),
]


@pytest.mark.parametrize(("call", "fields", "expected", "code", "param"), ERRORS)
async def test_errors_of_the_client(
    base_url: str, kind: Kind, call: str, fields: dict[str, Any], expected: Any, code: str, param: str
) -> None:
    with pytest.raises(expected) as failure:
        await called(kind, base_url, call, **fields)
    error = failure.value
    assert (error.code, error.param, error.type) == (code, param, "invalid_request_error")


async def test_errors_of_the_service(kind: Kind) -> None:
    async with openai_api(FakeStt(ProviderFailed("broken"))) as url:
        with pytest.raises(openai.InternalServerError) as failure:
            await called(kind, url, TRANSCRIBE, **RECORDING)
    assert (failure.value.status_code, failure.value.type) == (502, "server_error")
    limits = Limits(requests_per_minute=1)
    async with openai_api(settings=GatewaySettings(limits=limits)) as url:
        await called(kind, url, "models.list")
        with pytest.raises(openai.RateLimitError) as refused:
            await called(kind, url, SPEAK, **HELLO)
    assert (refused.value.type, refused.value.code) == ("rate_limit_error", "rate_limited")


async def test_audio_that_breaks_off_is_a_lost_connection(kind: Kind) -> None:
    async with openai_api(tts=FakeTts(ProviderFailed("broken"))) as url:
        with pytest.raises((httpx.RemoteProtocolError, openai.APIConnectionError)):
            await called(kind, url, SPEAK, **HELLO, response_format="wav")
