"""The client over gRPC: the same conversation, refusals by their class, and resumption."""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import get_args

import pytest

from sokuji import events
from sokuji.api.bridge.messages import encode_event
from sokuji.api.grpc.converse import event_of
from sokuji.api.grpc.server import GrpcServer
from sokuji.client import Config, ConnectionLost, ServiceUnreachable, connect
from sokuji.client.grpc_connection import frames_of, request_of
from sokuji.client.messages import decode
from sokuji.errors import InvalidRequest, Overloaded, Unauthenticated, UnknownVoice
from sokuji.events import Event
from sokuji.protocol import Command
from tests.api.grpc.test_access import KEY, demanding
from tests.api.grpc.test_converse import SAMPLES
from tests.support.grpc_api import GrpcApi, free_port, grpc_api
from tests.support.speech import sample, silence

SPEECH = sample("pt", "ola_mundo") + silence(1_000)
ENGLISH = Config(source_language="pt", target_language="en")

pytestmark = pytest.mark.slow


async def frames(pcm: bytes = SPEECH) -> AsyncIterator[bytes]:
    for start in range(0, len(pcm), 3_200):
        yield pcm[start : start + 3_200]
        await asyncio.sleep(0)


def url_of(api: GrpcApi) -> str:
    return f"grpc://{api.address}"


async def heard_by(url: str, config: Config = ENGLISH, api_key: str | None = None) -> list[Event]:
    async with connect(url, config, api_key=api_key, resume_within_s=0) as conversation:
        return [event async for event in conversation.converse(frames())]


async def test_a_conversation_has_captions_and_a_voice() -> None:
    async with grpc_api() as api:
        found = await heard_by(url_of(api))
    assert isinstance(found[-1], events.Done)
    (translation,) = [event for event in found if isinstance(event, events.TranslationText)]
    assert translation.text.startswith("en: utterance")
    assert sum(len(event.pcm) for event in found if isinstance(event, events.Audio)) == 8_820


async def test_every_event_arrives_as_it_was_sent() -> None:
    async def sent() -> AsyncIterator[str | bytes]:
        for event in SAMPLES:
            frame, *pcm = encode_event(event, "pcm_binary")
            assert isinstance(frame, dict)
            message = event_of(dict(frame))
            if pcm:
                assert isinstance(pcm[0], bytes)
                message.audio.pcm = pcm[0]
            for each in frames_of(message):
                yield each

    received = [event async for event in decode(sent())]
    comparable = [event for event in received if not isinstance(event, events.Failed)]
    assert comparable == [event for event in SAMPLES if not isinstance(event, events.Failed)]
    (failed,) = [event for event in received if isinstance(event, events.Failed)]
    assert (type(failed.error), failed.error.param, failed.segment_id) == (UnknownVoice, "voice_id", 3)


def test_every_message_of_the_client_has_its_field() -> None:
    assert request_of(b"\1\0").audio == b"\1\0"
    for command in get_args(Command):
        assert request_of(command).WhichOneof("message") == command


async def test_refusals_are_raised_by_their_class() -> None:
    async with grpc_api(access=demanding(KEY)) as api:
        with pytest.raises(Unauthenticated, match="needs an API key"):
            await heard_by(url_of(api))
        assert isinstance((await heard_by(url_of(api), api_key=KEY.value))[-1], events.Done)
        with pytest.raises(UnknownVoice):
            await heard_by(url_of(api), Config(target_language="en", voice_id="nobody"), KEY.value)
        api.service.drain()
        with pytest.raises(Overloaded, match="shutting down"):
            await heard_by(url_of(api), api_key=KEY.value)


@pytest.mark.parametrize(
    "url", ["grpc://", "grpc://127.0.0.1", "grpc://127.0.0.1:x", "grpc://127.0.0.1:1/path"]
)
async def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest, match="grpc://127.0.0.1:50051"):
        await heard_by(url)


async def test_a_service_that_is_not_there_is_named() -> None:
    with pytest.raises(ServiceUnreachable, match="SOKUJI_GRPC_ADDRESS"):
        await heard_by(f"grpc://127.0.0.1:{free_port()}")


async def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sokuji.client.grpc_connection", None)
    with pytest.raises(InvalidRequest, match=r"install sokuji-bridge\[grpc\]"):
        await heard_by("grpc://127.0.0.1:50051")


@pytest.mark.parametrize("ending", ["drain", "stop"])
async def test_a_conversation_that_loses_its_gateway_is_resumed(ending: str) -> None:
    interrupted = asyncio.Event()

    async def half_before() -> AsyncIterator[bytes]:
        async for frame in frames():
            yield frame
        await interrupted.wait()
        async for frame in frames():
            yield frame

    async with grpc_api() as api:
        server = api.server
        async with connect(url_of(api), ENGLISH, backoff=lambda attempt: 0.05) as conversation:
            heard, texts = conversation.converse(half_before()), []
            async for event in heard:
                if isinstance(event, events.TranslationText):
                    texts.append(event.text)
                    break
            if ending == "drain":
                api.service.drain()
                async with asyncio.timeout(20):
                    await api.service.until_empty()
                api.service.sessions.stop_draining()
            else:
                await server.stop(0)
                server = GrpcServer(api.service)
                await server.apply()
            interrupted.set()
            async for event in heard:
                if isinstance(event, events.TranslationText):
                    texts.append(event.text)
            assert isinstance(event, events.Done)
            assert conversation.resumptions == 1
            assert len(texts) == 2
        await server.stop(0)


async def test_a_message_that_is_too_large_ends_the_conversation() -> None:
    async with grpc_api(grpc={"max_message_length": 1_024}) as api:
        with pytest.raises(ConnectionLost) as loss:
            await heard_by(url_of(api))
    assert loss.value.closed_with == 1009
