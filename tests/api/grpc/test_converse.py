"""The session over gRPC: the WebSocket's messages and events, its ends, and clients that stall or leave."""

import asyncio
from typing import Any, get_args

import grpc
import pytest

from sokuji import events
from sokuji.api.bridge.config_message import ConfigMessage
from sokuji.api.bridge.messages import encode_event
from sokuji.api.grpc.converse import event_of, frame_of
from sokuji.config import Limits
from sokuji.errors import ProviderFailed, UnknownVoice
from sokuji.events import Event
from sokuji.metrics.registry import REGISTRY
from sokuji.proto.common_pb2 import Empty
from sokuji.proto.pipeline_pb2 import Config, ConverseEvent, ConverseRequest
from tests.support.fake_stages import FakeTranslator, FakeTts
from tests.support.grpc_api import CONVERSE, GrpcApi, error_of, grpc_api, rest_of, until_event
from tests.support.speech import sample, silence

PAIR: dict[str, Any] = {"source_language": "pt", "target_language": "en"}
SPEECH = sample("pt", "ola_mundo") + silence(1_000)
FRAME = 3_200
SAMPLES: list[Event] = [
    events.Ready(
        session_id="0" * 32,
        source_language="auto",
        target_languages=("en", "pt"),
        input_sample_rate=16_000,
        output_sample_rate=None,
        broadcast="code",
    ),
    events.Speech(state="started", at_ms=2**40, segment_id=1),
    events.Transcription(
        segment_id=1,
        text="olá",
        language="pt",
        is_final=False,
        confidence=None,
        start_ms=0,
        end_ms=900,
        stable_chars=2,
        provider="p",
        snr_db=12.5,
    ),
    events.TranslationText(
        segment_id=1,
        clause=0,
        text="hello",
        source_language="pt",
        target_language="en",
        is_final=True,
        provider=None,
        score=0.5,
    ),
    events.PartialTranslation(
        segment_id=1,
        clause=1,
        text="and",
        stable_chars=3,
        source_language="pt",
        target_language="en",
        provider="p",
    ),
    events.Audio(
        segment_id=1, clause=0, chunk=2, target_language="en", pcm=b"\1\0", sample_rate=22_050, last=True
    ),
    events.Ack(900, "olá", 1),
    events.Status(load="normal", lag_ms=5, voice_left_out=True),
    events.Draining(10_000),
    events.Failed(
        UnknownVoice("no such voice", param="voice_id", retry_after_s=1.5), segment_id=3, target_language="en"
    ),
    events.Attendance(listeners=3, languages=("en", "pt")),
    events.Done(),
]


def audio(pcm: bytes) -> ConverseRequest:
    return ConverseRequest(audio=pcm)


async def say(call: Any, pcm: bytes = SPEECH) -> None:
    for start in range(0, len(pcm), FRAME):
        await call.write(audio(pcm[start : start + FRAME]))


def test_every_event_of_the_websocket_has_all_its_fields_over_grpc() -> None:
    kinds = {kind for kind in get_args(Event) if kind is not events.Boundary}
    assert {type(event) for event in SAMPLES} == kinds
    for event in SAMPLES:
        frame = encode_event(event, "pcm_binary")[0]
        assert isinstance(frame, dict)
        message = event_of(dict(frame))
        kind = message.WhichOneof("event")
        assert kind == frame.pop("type")
        found = getattr(message, kind)
        for name, value in frame.items():
            if value is None:
                assert not found.HasField(name)
            else:
                got = getattr(found, name)
                assert (list(got) if isinstance(value, list | tuple) else got) == (
                    list(value) if isinstance(value, list | tuple) else value
                ), name
    (oneof,) = ConverseEvent.DESCRIPTOR.oneofs
    assert len(oneof.fields) == len(SAMPLES)


def test_every_setting_of_the_websocket_can_be_set_over_grpc() -> None:
    settings = ConfigMessage.model_fields.keys() - {"type", "audio_encoding"}
    assert {field.name for field in Config.DESCRIPTOR.fields} == settings
    full = Config(
        source_languages=["pt", "en"],
        target_languages=["en", "es"],
        sample_rate=8_000,
        speed=1.25,
        glossary={"fatura": "bill"},
        partials=False,
        resume_from_ms=0,
    )
    message = ConfigMessage.model_validate_json(frame_of(ConverseRequest(config=full)))
    assert message.audio_encoding == "pcm_binary"
    assert (message.source_languages, message.target_languages) == (["pt", "en"], ["en", "es"])
    assert (message.sample_rate, message.speed, message.glossary) == (8_000, 1.25, {"fatura": "bill"})
    assert message.model_fields_set >= {"partials", "resume_from_ms"}
    assert frame_of(audio(b"\1\2")) == b"\1\2"


@pytest.mark.parametrize("ending", ["end", "half-close", "both"])
async def test_speech_comes_back_as_captions_and_a_voice(ending: str) -> None:
    async with grpc_api() as api:
        call = await api.session(**PAIR, partials=True)
        await say(call)
        if ending != "half-close":
            await call.write(ConverseRequest(end=Empty()))
        if ending != "end":
            await call.done_writing()
        found = await rest_of(call)
        kinds = [event.WhichOneof("event") for event in found]
        assert (kinds[-1], "error" in kinds) == ("done", False)
        assert {"speech", "transcription", "translation", "audio", "ack"} <= set(kinds)
        (translation,) = [each.translation for each in found if each.HasField("translation")]
        assert translation.text.startswith("en: utterance")
        spoken = [each.audio for each in found if each.HasField("audio")]
        assert (spoken[0].format, spoken[0].sample_rate, spoken[-1].last) == ("pcm_s16le", 22_050, True)
        assert sum(len(each.pcm) for each in spoken) == 2 * 2 * FakeTts.CHUNK_SAMPLES
        assert not api.service.sessions


async def test_commands_and_later_settings_take_effect() -> None:
    async with grpc_api() as api:
        call = await api.session(**PAIR)
        await say(call, SPEECH[: len(SPEECH) - 32_000])
        await call.write(ConverseRequest(flush=Empty()))
        await until_event(call, "audio")
        await call.write(ConverseRequest(cancel=Empty()))
        await call.write(ConverseRequest(config=Config(source_language="en", target_language="pt")))
        assert (await until_event(call, "ready")).ready.target_languages == ["pt"]
        call.cancel()


async def test_a_bad_message_is_an_event_and_the_session_goes_on() -> None:
    async with grpc_api() as api:
        call = api.stream(CONVERSE)
        for bad, param in (
            (audio(b"\0\0"), "type"),
            (ConverseRequest(), "type"),
            (ConverseRequest(config=Config(**{**PAIR, "voice_id": "nobody"})), "voice_id"),
            (ConverseRequest(config=Config(**PAIR, sample_rate=1)), "sample_rate"),
            (ConverseRequest(config=Config(**PAIR, output="smoke")), "output"),
            (ConverseRequest(config=Config(source_language="pt")), "target_language"),
        ):
            await call.write(bad)
            error = (await until_event(call, "error")).error
            assert (error.param, error.fatal) == (param, False)
        await call.write(ConverseRequest(config=Config(**PAIR)))
        await until_event(call, "ready")
        await call.done_writing()
        assert (await rest_of(call))[-1].WhichOneof("event") == "done"


async def test_a_segment_that_fails_is_an_event() -> None:
    async with grpc_api(translator=FakeTranslator(*[ProviderFailed("broken")] * 9)) as api:
        call = await api.session(**PAIR)
        await say(call)
        error = (await until_event(call, "error")).error
        assert (error.code, error.fatal, error.HasField("segment_id")) == ("provider_failed", False, True)
        call.cancel()


async def fails_with(call: Any, status: str, code: str) -> None:
    """Read to the end of a call, which fails."""
    with pytest.raises(grpc.aio.AioRpcError) as failure:
        await rest_of(call)
        raise AssertionError("the call has succeeded")
    assert (failure.value.code().name, error_of(failure.value)[0]) == (status, code)


async def test_a_call_ends_with_the_error_that_closes_the_session() -> None:
    limits = {"config_timeout_s": 0.2, "ws_max_connections": 1}
    async with grpc_api(limits=limits) as api:
        await fails_with(api.stream(CONVERSE), "INVALID_ARGUMENT", "invalid_request")
        first = await api.session(**PAIR)
        await fails_with(api.stream(CONVERSE), "UNAVAILABLE", "overloaded")
        first.cancel()
        await _until_free(api)
        half_closed = api.stream(CONVERSE)
        await half_closed.done_writing()
        await fails_with(half_closed, "INVALID_ARGUMENT", "invalid_request")
    async with grpc_api(limits={"idle_timeout_s": 0.2}) as api:
        await fails_with(await api.session(**PAIR), "INVALID_ARGUMENT", "invalid_request")
    async with grpc_api(limits={"max_session_s": 1}) as api:
        call = await api.session(**PAIR)
        await call.write(audio(silence(2_000)))
        await fails_with(call, "RESOURCE_EXHAUSTED", "too_large")


async def test_a_session_is_drained_and_resumed_on_another_call() -> None:
    async with grpc_api() as api:
        call = await api.session(**PAIR)
        api.service.drain()
        assert (await until_event(call, "draining")).draining.reconnect_within_ms > 0
        await fails_with(call, "UNAVAILABLE", "draining")
        await fails_with(api.stream(CONVERSE), "UNAVAILABLE", "overloaded")
        api.service.sessions.stop_draining()
        session_id = "0123456789abcdef" * 2
        first = await api.session(**PAIR, session_id=session_id, resume_from_ms=60_000)
        second = await api.session(**PAIR, session_id=session_id, resume_from_ms=60_000)
        await fails_with(first, "ABORTED", "replaced")
        second.cancel()
        await _until_free(api)


async def _until_free(api: GrpcApi) -> None:
    async with asyncio.timeout(20):
        while api.service.sessions:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("ending", ["cancel", "deadline", "connection"])
async def test_a_client_that_leaves_ends_its_session(ending: str) -> None:
    async with grpc_api() as api:
        options = {"timeout": 1} if ending == "deadline" else {}
        call = api.stream(CONVERSE, **options)
        await call.write(ConverseRequest(config=Config(**PAIR)))
        await until_event(call, "ready")
        await say(call, SPEECH[:64_000])
        if ending == "cancel":
            call.cancel()
        elif ending == "connection":
            await api.channel.close()
        else:
            with pytest.raises(grpc.aio.AioRpcError) as failure:
                await rest_of(call)
            assert failure.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        await _until_free(api)


def sent_bytes() -> float:
    """Of voices, by all sessions of this door so far."""
    name = "sokuji_session_sent_audio_seconds_total"
    return 2 * 22_050 * (REGISTRY.get_sample_value(name, {"door": "grpc"}) or 0)


async def test_a_client_that_never_reads_is_closed_and_holds_up_nobody() -> None:
    before, tts = sent_bytes(), FakeTts(4_000)
    async with grpc_api(tts=tts, limits=Limits(idle_timeout_s=2)) as api:
        deaf = api.stream(CONVERSE)
        await deaf.write(ConverseRequest(config=Config(**PAIR)))
        await say(deaf)
        other = await api.session(**PAIR, output="captions")
        await say(other)
        await until_event(other, "translation")
        other.cancel()
        await _until_free(api)
    offered = 4_000 * 2 * FakeTts.CHUNK_SAMPLES
    # gRPC's client announces a window of 4 MiB for a stream.
    assert sent_bytes() - before < 2**23 < offered / 2


async def test_a_message_over_the_limit_ends_the_call_and_no_other() -> None:
    async with grpc_api(grpc={"max_message_length": 50_000}) as api:
        call, other = await api.session(**PAIR), await api.session(**PAIR)
        await call.write(audio(silence(2_000)))
        with pytest.raises(grpc.aio.AioRpcError) as failure:
            await rest_of(call)
        assert failure.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        await other.done_writing()
        assert (await rest_of(other))[-1].WhichOneof("event") == "done"
