"""``/v1/audio/speech`` as clients of OpenAI call it: formats, streams, voices, speeds, errors."""

import asyncio
import base64
import io
import wave
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from typing import Any

import av
import httpx
import numpy as np
import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sokuji.api.openai.rest.speech_audio import FileWriter
from sokuji.config import GatewaySettings, Limits, OpenAISettings
from sokuji.contract import AudioChunk, SynthesisRequest, Voice
from sokuji.errors import ProviderFailed, SokujiError
from tests.support.fake_stages import VOICES, FakeTts
from tests.support.openai_api import client_of, events_of, http_client, openai_api
from tests.support.tones import to_pcm, tone

FORMATS = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg; codecs=opus",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
HELLO = {"model": "tts-1", "input": "Hello.", "voice": "alloy"}
RATE = 24_000


def decoded(data: bytes, audio_format: str) -> tuple[int, NDArray[np.float64]]:
    """Rate and samples, full scale being 1."""
    raw: dict[str, Any] = {"format": "s16le", "options": {"ar": str(RATE)}} if audio_format == "pcm" else {}
    with av.open(io.BytesIO(data), **raw) as container:
        stream = container.streams.audio[0]
        samples = np.concatenate([frame.to_ndarray().reshape(-1) for frame in container.decode(stream)])
        scale = 32_768 if samples.dtype == np.int16 else 1
        return stream.codec_context.sample_rate, samples.astype(float) / scale


class SentenceTts(FakeTts):
    """Speaks a second for each word of the script; before each second it waits until it is allowed to."""

    def __init__(self, *seconds: float | SokujiError) -> None:
        super().__init__()
        self.seconds = seconds
        self.allowed = asyncio.Semaphore(0)
        self.begun = 0
        self.closed = asyncio.Event()

    async def synthesize(self, request: SynthesisRequest) -> AsyncGenerator[AudioChunk, None]:
        self.requests.append(request)
        try:
            for number, seconds in enumerate(self.seconds, 1):
                await self.allowed.acquire()
                self.begun = number
                if isinstance(seconds, SokujiError):
                    raise seconds
                yield AudioChunk(to_pcm(tone(22_050, seconds)), 22_050, number == len(self.seconds))
        finally:
            self.closed.set()


async def posted(base_url: str, **fields: Any) -> httpx.Response:
    async with http_client(base_url) as http:
        return await http.post("audio/speech", json={**HELLO, **fields})


@pytest.fixture
async def base_url() -> AsyncIterator[str]:
    async with openai_api(tts=FakeTts(7, 7)) as url:
        yield url


@pytest.mark.parametrize("audio_format", FORMATS)
async def test_each_format_is_a_file_at_24_khz_of_the_length_of_the_speech(
    base_url: str, audio_format: Any
) -> None:
    async with client_of(base_url) as client:
        answer = await client.audio.speech.create(
            input="Hello.", model="tts-1", voice="alloy", response_format=audio_format
        )
    assert answer.response.headers["content-type"] == FORMATS[audio_format]
    rate, samples = decoded(answer.content, audio_format)
    assert rate == (48_000 if audio_format == "opus" else RATE)
    assert len(samples) / rate == pytest.approx(0.7, abs=0.09)
    assert samples.max() > FakeTts.LEVEL / 32_768 / 2


async def test_mp3_is_the_default_and_the_synchronous_client_writes_a_file(
    base_url: str, tmp_path: Any
) -> None:
    def speak() -> None:
        with (
            openai.OpenAI(base_url=base_url, api_key="any", max_retries=0) as client,
            client.audio.speech.with_streaming_response.create(
                input="Hello.", model="tts-1", voice={"id": "joe"}
            ) as answer,
        ):
            answer.stream_to_file(tmp_path / "hello.mp3")

    await asyncio.to_thread(speak)
    with av.open(str(tmp_path / "hello.mp3")) as container:
        assert container.streams.audio[0].codec_context.name.startswith("mp3")


@pytest.mark.parametrize("audio_format", FORMATS)
async def test_the_first_bytes_come_before_the_text_is_spoken_to_its_end(audio_format: Any) -> None:
    tts = SentenceTts(0.5, 0.5, 0.5)
    async with openai_api(tts=tts) as url, client_of(url) as client:
        tts.allowed.release()
        async with client.audio.speech.with_streaming_response.create(
            input="One. Two. Three.", model="tts-1", voice="alloy", response_format=audio_format
        ) as answer:
            parts = aiter(answer.iter_bytes())
            first = await anext(parts)
            assert tts.begun == 1
            assert len(first) > 0
            tts.allowed.release()
            tts.allowed.release()
            file = first + b"".join([part async for part in parts])
    rate, samples = decoded(file, audio_format)
    assert len(samples) / rate == pytest.approx(1.5, abs=0.09)
    # It plays to its last word: the level is that of the speech until shortly before the end.
    assert np.abs(samples[round(1.4 * rate) : round(1.45 * rate)]).max() > 0.1


async def test_a_streamed_wav_has_one_header_which_names_no_length(base_url: str) -> None:
    file = (await posted(base_url, response_format="wav")).content
    assert file[:8] == b"RIFF\xff\xff\xff\xff"
    assert file.count(b"RIFF") == file.count(b"WAVEfmt ") == file.count(b"data") == 1
    with wave.open(io.BytesIO(file)) as reader:
        assert (reader.getframerate(), reader.getnchannels(), reader.getsampwidth()) == (RATE, 1, 2)
        assert len(reader.readframes(10**9)) == pytest.approx(2 * 0.7 * RATE, abs=4)


@pytest.mark.parametrize("speed", [0.25, 0.5, 1.7, 4.0])
@pytest.mark.parametrize("speeds", [(0.25, 4.0), (0.7, 1.2), (1.0, 1.0)])
async def test_every_speed_is_spoken_also_where_the_voice_cannot(
    speed: float, speeds: tuple[float, float]
) -> None:
    """A fake speaks at one speed, so that the length shows how much is stretched."""
    tts = FakeTts(20)
    tts.info = replace(tts.info, speeds=speeds)
    async with openai_api(tts=tts) as url:
        pcm = (await posted(url, response_format="pcm", speed=speed)).content
    (request,) = tts.requests
    assert request.speed == min(max(speed, speeds[0]), speeds[1])
    assert len(pcm) / 2 / RATE == pytest.approx(2.0 * request.speed / speed, abs=0.001)


async def test_events_carry_the_same_file_and_then_the_usage(base_url: str) -> None:
    plain = await posted(base_url, response_format="wav")
    streamed = await posted(base_url, response_format="wav", stream_format="sse")
    assert streamed.headers["content-type"].startswith("text/event-stream")
    *deltas, done = events_of(streamed)
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    assert b"".join(base64.b64decode(event["audio"]) for event in deltas) == plain.content
    assert done == {
        "type": "speech.audio.done",
        "usage": {"input_tokens": 6, "output_tokens": 14, "total_tokens": 20},
    }


async def test_an_error_before_the_first_sound_has_a_status() -> None:
    for stream_format in ("audio", "sse"):
        broken = SentenceTts(ProviderFailed("broken"))
        broken.allowed.release()
        async with openai_api(tts=broken) as url:
            failed = await posted(url, stream_format=stream_format)
        assert (failed.status_code, failed.json()["error"]["code"]) == (502, "provider_failed")
        async with openai_api(tts=FakeTts(0)) as url:
            nothing = await posted(url, stream_format=stream_format, input="...")
        assert (nothing.status_code, nothing.json()["error"]["param"]) == (400, "input")


@pytest.mark.parametrize("audio_format", FORMATS)
async def test_audio_that_cannot_go_on_breaks_off(audio_format: str) -> None:
    tts = SentenceTts(0.5, ProviderFailed("broken"))
    tts.allowed.release()
    tts.allowed.release()
    async with openai_api(tts=tts) as url:
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
            await posted(url, response_format=audio_format)


async def test_events_that_cannot_go_on_end_with_an_error() -> None:
    tts = SentenceTts(0.5, ProviderFailed("broken"))
    tts.allowed.release()
    tts.allowed.release()
    async with openai_api(tts=tts) as url:
        answer = await posted(url, stream_format="sse")
    assert answer.status_code == 200
    *_, last = events_of(answer)
    assert last["type"] == "error"
    assert last["error"] == {
        "type": "server_error",
        "code": "provider_failed",
        "message": "broken",
        "param": None,
    }


@pytest.mark.parametrize("stream_format", ["audio", "sse"])
async def test_a_client_that_leaves_stops_the_synthesis(stream_format: Any) -> None:
    tts = SentenceTts(0.5, 0.5, 0.5)
    tts.allowed.release()
    one_at_a_time = GatewaySettings(limits=Limits(max_concurrent_requests=1))
    async with openai_api(tts=tts, settings=one_at_a_time) as url, client_of(url) as client:
        async with client.audio.speech.with_streaming_response.create(
            input="One. Two.", model="tts-1", voice="alloy", stream_format=stream_format
        ) as answer:
            parts = aiter(answer.iter_bytes())
            await anext(parts)
            busy = await posted(url)
            assert (busy.status_code, busy.headers["retry-after-ms"]) == (503, "1000")
        await tts.closed.wait()
        assert tts.begun == 1


@pytest.mark.parametrize(
    ("fields", "voice", "language"),
    [
        ({"voice": "onyx"}, "joe", "en"),
        ({"voice": "default", "input": "Bom dia, como vai você?"}, "dora", "pt"),
        ({"voice": "nova", "input": "Buenos días, ¿cómo está usted?"}, "dora", "es"),
        ({"voice": {"id": "dora"}, "input": "Good morning."}, "dora", "pt"),
        ({"voice": "dora", "language": "es-MX", "input": "No."}, "dora", "es"),
        ({"voice": "marin", "input": "Hi"}, "joe", "en"),
    ],
)
async def test_the_voice_is_one_of_the_language_of_the_text(
    fields: dict[str, Any], voice: str, language: str
) -> None:
    tts = FakeTts()
    async with openai_api(tts=tts) as url:
        assert (await posted(url, **fields)).status_code == 200
    (request,) = tts.requests
    assert (request.voice, request.language) == (voice, language)


async def test_a_text_that_is_too_short_to_tell_is_in_the_language_that_is_set() -> None:
    spoken = []
    for target in ("en", "pt"):
        tts = FakeTts()
        configured = GatewaySettings(openai=OpenAISettings(target_language=target))
        async with openai_api(tts=tts, settings=configured) as url:
            await posted(url, input="123")
        spoken.append(tts.requests[0].language)
    assert spoken == ["en", "pt"]


REFUSED: list[tuple[dict[str, Any], int, str, str | None, str]] = [
    ({"input": ""}, 400, "invalid_request", "input", "blank"),
    ({"input": " \n"}, 400, "invalid_request", "input", "blank"),
    ({"input": None}, 400, "invalid_request", "input", "string"),
    ({"input": "a" * 5_001}, 413, "too_large", "input", "5000"),
    ({"input": "Привет, как дела?"}, 422, "no_voice", "input", "Cyrillic"),
    ({"model": "nobody"}, 404, "model_not_found", "model", "fake/mouth"),
    ({"model": "whisper-1"}, 400, "invalid_request", "model", "fake/mouth"),
    ({"voice": "nobody"}, 422, "unknown_voice", "voice", "alloy"),
    ({"voice": "dora", "language": "en"}, 422, "unknown_voice", "voice", "joe"),
    ({"voice": {"name": "joe"}}, 400, "invalid_request", "voice", "object with the id"),
    ({"voice": 7}, 400, "invalid_request", "voice", "name"),
    ({"voice": ""}, 400, "invalid_request", "voice", "at least 1"),
    ({"language": "fr"}, 422, "unsupported_language", "language", "pt"),
    ({"language": "klingon"}, 422, "unsupported_language", "language", "pt"),
    ({"response_format": "ogg"}, 400, "invalid_request", "response_format", "'opus'"),
    ({"speed": 0.2}, 400, "invalid_request", "speed", "0.25"),
    ({"speed": 4.1}, 400, "invalid_request", "speed", "4"),
    ({"speed": "fast"}, 400, "invalid_request", "speed", "number"),
    ({"stream_format": "websocket"}, 400, "invalid_request", "stream_format", "sse"),
    ({"instructions": "Whisper.", "model": "gpt-4o-mini-tts"}, 400, "not_supported", "instructions", "voice"),
    ({"colour": "red"}, 400, "invalid_request", "colour", "response_format"),
]


@pytest.mark.parametrize(("fields", "status", "code", "param", "says"), REFUSED)
async def test_what_is_not_accepted_is_refused_by_name(
    base_url: str, fields: dict[str, Any], status: int, code: str, param: str | None, says: str
) -> None:
    answer = await posted(base_url, **fields)
    error = answer.json()["error"]
    assert set(error) == {"type", "code", "message", "param"}
    assert (answer.status_code, error["code"], error["param"]) == (status, code, param)
    assert says in error["message"]


async def test_broken_json_is_refused(base_url: str) -> None:
    async with http_client(base_url) as http:
        for body in (b"{", b"[]", b"\xff"):
            answer = await http.post(
                "audio/speech", content=body, headers={"Content-Type": "application/json"}
            )
            assert answer.status_code == 400
            assert answer.json()["error"]["type"] == "invalid_request_error"


async def test_a_body_has_the_limit_of_json(base_url: str) -> None:
    answer = await posted(base_url, input="a" * 300_000)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


async def test_instructions_of_models_that_ignore_them_are_ignored_as_by_openai(base_url: str) -> None:
    assert (await posted(base_url, instructions="Whisper.")).status_code == 200
    assert (await posted(base_url, instructions=None, model="gpt-4o-mini-tts")).status_code == 200


async def test_the_voices_of_a_model_that_is_named_are_those_that_speak() -> None:
    tts = FakeTts()
    other = Voice(id="zoe", name="Zoe", language="en-GB", languages=("en",), gender="female")
    tts.info = replace(tts.info, voices=(other, *VOICES))
    async with openai_api(tts=tts) as url:
        assert (await posted(url, model="fake/mouth", voice="coral")).status_code == 200
    assert tts.requests[0].voice == "zoe"


@settings(max_examples=20, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 4_000), max_size=6),
    audio_format=st.sampled_from(["wav", "pcm", "flac"]),
    tempo=st.sampled_from([1.0, 0.5, 2.0]),
)
def test_the_file_does_not_depend_on_how_the_speech_was_divided(
    cuts: list[int], audio_format: Any, tempo: float
) -> None:
    pcm = to_pcm(tone(RATE, 4_000 / RATE))

    def written(borders: list[int]) -> bytes:
        writer = FileWriter(audio_format, tempo)
        ends = [*sorted(borders), 4_000]
        parts = [pcm[2 * a : 2 * b] for a, b in zip([0, *ends], ends, strict=False)]
        return b"".join(map(writer.add, parts)) + writer.end()

    assert decoded(written(cuts), audio_format)[1].tolist() == decoded(written([]), audio_format)[1].tolist()
