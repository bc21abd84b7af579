"""What calls refuse: by status, code and field, for any input, and where a limit is reached."""

import asyncio
from contextlib import suppress
from typing import Any

import grpc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sokuji.api.grpc.server import METHODS
from sokuji.api.grpc.statuses import MAX_MESSAGE_BYTES, call_status, status_code
from sokuji.errors import Overloaded, ProviderFailed, ProviderUnavailable, SokujiError, TooLarge
from sokuji.proto.common_pb2 import AudioChunk, Empty
from sokuji.proto.stt_pb2 import TranscribeRequest
from sokuji.proto.translation_pb2 import TranslateBatchRequest, TranslateRequest
from sokuji.proto.tts_pb2 import SynthesizeRequest
from tests.support.fake_stages import FakeTts
from tests.support.grpc_api import CONVERSE, PAIR, STT, TEXT, TTS, chunk, error_of, grpc_api
from tests.support.speech import silence


def with_field(name: str, value: int | str) -> AudioChunk:
    found = chunk()
    setattr(found, name, value)
    return found


def to_speak(**fields: Any) -> SynthesizeRequest:
    return SynthesizeRequest(**{"text": "Hi", **fields})


BAD: list[tuple[str, Any, str, str, str | None]] = [
    (f"{STT}/Transcribe", TranscribeRequest(), "INVALID_ARGUMENT", "invalid_audio", "audio.data"),
    (
        f"{STT}/Transcribe",
        TranscribeRequest(audio=chunk(b"abc")),
        "INVALID_ARGUMENT",
        "invalid_audio",
        "audio.data",
    ),
    *(
        (
            f"{STT}/Transcribe",
            TranscribeRequest(audio=with_field(field, value)),
            "INVALID_ARGUMENT",
            code,
            param,
        )
        for field, value, code, param in (
            ("sample_rate", 7_999, "invalid_request", "audio.sample_rate"),
            ("sample_rate", -1, "invalid_request", "audio.sample_rate"),
            ("channels", 9, "invalid_request", "audio.channels"),
            ("channels", -1, "invalid_request", "audio.channels"),
            ("format", "mp3", "invalid_request", "audio.format"),
        )
    ),
    (
        f"{STT}/Transcribe",
        TranscribeRequest(audio=chunk(b"\0\0\xc0\x7f", format="float32")),
        "INVALID_ARGUMENT",
        "invalid_audio",
        "audio.data",
    ),
    (
        f"{STT}/Transcribe",
        TranscribeRequest(audio=chunk(silence(900))),
        "INVALID_ARGUMENT",
        "no_speech",
        "audio.data",
    ),
    (
        f"{STT}/Transcribe",
        TranscribeRequest(audio=chunk(), language="ja"),
        "INVALID_ARGUMENT",
        "unsupported_language",
        "language",
    ),
    (f"{TEXT}/Translate", TranslateRequest(text=" ", **PAIR), "INVALID_ARGUMENT", "invalid_request", "text"),
    (
        f"{TEXT}/Translate",
        TranslateRequest(text="a" * 5_001, **PAIR),
        "RESOURCE_EXHAUSTED",
        "too_large",
        "text",
    ),
    (
        f"{TEXT}/Translate",
        TranslateRequest(text="a", target_language="en"),
        "INVALID_ARGUMENT",
        "unsupported_language",
        "source_language",
    ),
    (
        f"{TEXT}/Translate",
        TranslateRequest(text="a", source_language="pt", target_language="fr"),
        "INVALID_ARGUMENT",
        "unsupported_language",
        "target_language",
    ),
    (
        f"{TEXT}/Translate",
        TranslateRequest(text="a", context="b", **PAIR),
        "INVALID_ARGUMENT",
        "not_supported",
        "context",
    ),
    (f"{TEXT}/Translate", TranslateRequest(text="a" * 300_000), "RESOURCE_EXHAUSTED", "too_large", None),
    (f"{TEXT}/TranslateBatch", TranslateBatchRequest(**PAIR), "INVALID_ARGUMENT", "invalid_request", "texts"),
    (
        f"{TEXT}/TranslateBatch",
        TranslateBatchRequest(texts=["a"] * 101, **PAIR),
        "INVALID_ARGUMENT",
        "invalid_request",
        "texts",
    ),
    (
        f"{TEXT}/TranslateBatch",
        TranslateBatchRequest(texts=["a", ""], **PAIR),
        "INVALID_ARGUMENT",
        "invalid_request",
        "texts.1",
    ),
    *(
        (f"{TTS}/Synthesize", to_speak(**fields), "INVALID_ARGUMENT", code, param)
        for fields, code, param in (
            ({"text": ""}, "invalid_request", "text"),
            ({"speed": 3.0}, "invalid_request", "speed"),
            ({"speed": float("nan")}, "invalid_request", "speed"),
            ({"pitch": 1.2}, "not_supported", "pitch"),
            ({"voice_id": "nobody"}, "unknown_voice", "voice_id"),
            ({"voice_id": "x" * 201}, "invalid_request", "voice_id"),
            ({"language": "xx"}, "unsupported_language", "language"),
            ({"language": "fr"}, "unsupported_language", "language"),
            ({"parameters": {"emotion": "joy"}}, "invalid_request", "parameters"),
            ({"parameters": {"format": "wav"}}, "invalid_request", "parameters.format"),
            ({"parameters": {"sample_rate": "7999"}}, "invalid_request", "parameters.sample_rate"),
            ({"parameters": {"sample_rate": "²"}}, "invalid_request", "parameters.sample_rate"),
        )
    ),
]


@pytest.mark.parametrize(
    ("path", "request_", "status", "code", "param"), BAD, ids=lambda value: str(value)[:30]
)
async def test_bad_input_is_refused_by_field(
    path: str, request_: Any, status: str, code: str, param: str | None
) -> None:
    async with grpc_api() as api:
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await api.call(path, request_)
    assert (refusal.value.code().name, *error_of(refusal.value)) == (status, code, param)


ANSWERS = (
    grpc.StatusCode.OK,
    grpc.StatusCode.CANCELLED,  # by this client: a watch never ends
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
)
CALLABLE = sorted(path for path in METHODS if "reflection" not in path)


@settings(max_examples=15)
@given(sent=st.lists(st.tuples(st.sampled_from(CALLABLE), st.binary(max_size=60)), min_size=1, max_size=12))
async def test_bytes_of_any_kind_are_answered_and_nothing_fails(sent: list[tuple[str, bytes]]) -> None:
    async with grpc_api() as api, asyncio.timeout(60):
        for path, data in [*sent, (sent[0][0], b"\xff" * 30)]:
            call = api.raw_stream(path)
            await call.write(data)
            await call.done_writing()
            with suppress(grpc.aio.AioRpcError):
                while (await call.read()) is not grpc.aio.EOF and not path.endswith("Watch"):
                    pass
            call.cancel()
            assert await call.code() in ANSWERS, (path, await call.details())
        while api.service.sessions or api.service.requests.in_use:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("path", [path for path in CALLABLE if "Stream" not in path and path != CONVERSE])
@pytest.mark.parametrize("count", [0, 2])
async def test_a_unary_call_takes_one_message(path: str, count: int) -> None:
    async with grpc_api() as api:
        call = api.raw_stream(path)
        for _ in range(count):
            await call.write(b"")
        await call.done_writing()
        with pytest.raises(grpc.aio.AioRpcError, match="request message") as refusal:
            await call.read()
    assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_chunks_of_a_stream_have_one_format() -> None:
    async with grpc_api() as api:
        with pytest.raises(grpc.aio.AioRpcError, match="of the first one") as refusal:
            await api.answers(f"{STT}/TranscribeStream", chunk(), chunk(sample_rate=8_000))
        assert error_of(refusal.value) == ("invalid_request", "sample_rate")
        with pytest.raises(grpc.aio.AioRpcError, match="no audio"):
            await api.answers(f"{STT}/TranscribeStream")
        await api.answers(f"{STT}/TranscribeStream", chunk())


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (Overloaded("full", retry_after_s=1.5), "UNAVAILABLE"),
        (ProviderUnavailable("gone"), "UNAVAILABLE"),
        (ProviderFailed("broken"), "INTERNAL"),
        (TooLarge("é" * 5_000, param="text"), "RESOURCE_EXHAUSTED"),
        (SokujiError("\ud800"), "INTERNAL"),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_an_error_fits_into_the_metadata_of_a_client(failure: SokujiError, status: str) -> None:
    code, message, ((_, details),) = call_status(failure, "id")
    assert (code.name, code) == (status, status_code(failure.status))
    assert len(message.encode()) <= MAX_MESSAGE_BYTES
    assert 3 * len(message.encode()) + 1.4 * len(details) < 8_000


async def test_as_many_requests_are_served_as_at_the_other_doors() -> None:
    tts = FakeTts()
    tts.gate.clear()
    async with grpc_api(tts=tts, limits={"max_concurrent_requests": 1}) as api:
        first = asyncio.create_task(api.call(f"{TTS}/Synthesize", SynthesizeRequest(text="Hi")))
        await tts.arrived.get()
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await api.call(f"{TEXT}/Translate", TranslateRequest(text="um", **PAIR))
        assert error_of(refusal.value) == ("overloaded", None)
        # A stream that waits for its client holds no place.
        idle = api.stream(f"{TEXT}/TranslateStream")
        tts.gate.set()
        await first
        await idle.write(TranslateRequest(text="um", **PAIR))
        assert (await idle.read()).translated_text == "en: um"
        await api.call(f"{TEXT}/Translate", TranslateRequest(text="um", **PAIR))
        idle.cancel()


async def test_one_address_cannot_take_all_calls() -> None:
    limits = {"ws_max_client_connections": 1, "max_concurrent_requests": 2}
    async with grpc_api(limits=limits) as api:
        idle = [api.stream(f"{TEXT}/TranslateStream") for _ in range(3)]
        for call in idle:
            await call.wait_for_connection()
        with pytest.raises(grpc.aio.AioRpcError, match="3 calls of your address") as refusal:
            while True:
                await api.call(f"{STT}/HealthCheck", Empty())
        assert error_of(refusal.value) == ("rate_limited", None)
        idle[0].cancel()
        async with asyncio.timeout(20):
            while True:
                with suppress(grpc.aio.AioRpcError):
                    await api.call(f"{STT}/HealthCheck", Empty())
                    break


@pytest.mark.parametrize("path", [f"{TEXT}/Translate", f"{TEXT}/TranslateStream"])
async def test_messages_of_text_have_the_size_of_other_texts(path: str) -> None:
    async with grpc_api(limits={"max_json_bytes": 2_000}) as api:
        assert len(await api.answers(path, TranslateRequest(text="a" * 1_000, **PAIR))) == 1
        with pytest.raises(grpc.aio.AioRpcError, match="at most 2000 are accepted") as refusal:
            await api.answers(path, TranslateRequest(text="a" * 3_000, **PAIR))
    assert error_of(refusal.value) == ("too_large", None)
