"""Keys, limits, ids and metrics at the gRPC door: those of the other doors."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import grpc
import pytest

from sokuji.access.new_key import NewKey, make_key
from sokuji.api.grpc.gate import peer_address
from sokuji.api.grpc.server import METHODS
from sokuji.config import AccessSettings, GatewaySettings
from sokuji.config.keys import KeyLimits, KeyScope
from sokuji.contract import TranslatedText, TranslationRequest
from sokuji.errors import SokujiError
from sokuji.metrics.registry import REGISTRY
from sokuji.proto.common_pb2 import AudioChunk
from sokuji.proto.pipeline_pb2 import Config, ConverseRequest
from sokuji.proto.stt_pb2 import TranscribeRequest
from sokuji.proto.translation_pb2 import TranslateRequest
from tests.support.fake_stages import FakeTranslator
from tests.support.grpc_api import CONVERSE, GrpcApi, error_of, free_port, grpc_api, raw, until_event
from tests.support.log_lines import all_lines
from tests.support.speech import sample, silence

TRANSLATE = "/sokuji.translation.TranslationService/Translate"
TRANSCRIBE = "/sokuji.stt.STTService/Transcribe"
TEXT = TranslateRequest(text="popocatepetl", source_language="pt", target_language="en")
SPEECH = sample("pt", "ola_mundo") + silence(1_000)
KEY = make_key("all", KeyScope)
OTHERS = {scope: make_key("others", set(KeyScope) - {scope}) for scope in KeyScope}
ACCESS = {"keys": [each.key.model_dump(mode="json") for each in (KEY, *OTHERS.values())]}
GUARDED = sorted(path for path, method in METHODS.items() if method.access == "key")
OPEN = sorted(METHODS.keys() - set(GUARDED))


def bearer(key: str) -> list[tuple[str, str]]:
    return [("authorization", f"Bearer {key}")]


def demanding(key: NewKey) -> dict[str, Any]:
    return {"keys": [key.key.model_dump(mode="json")]}


async def refused(
    api: GrpcApi, path: str, metadata: Sequence[tuple[str, str]]
) -> tuple[str, str, str | None] | None:
    """Status, code and param of a call before anything of it was sent; None: it is let in."""
    call = api.raw_stream(path, metadata=metadata)
    try:
        async with asyncio.timeout(10):
            await call.wait_for_connection()
            await call.done_writing()
            await call.read()
    except grpc.aio.AioRpcError as refusal:
        code, param = error_of(refusal)
        return (refusal.code().name, code, param) if param == "Authorization" else None
    call.cancel()
    return None


def test_only_probes_and_reflection_need_no_key() -> None:
    assert {path.rpartition("/")[2] for path in OPEN} == {
        "HealthCheck", "Check", "Watch", "ServerReflectionInfo",
    }  # fmt: skip
    without_scope = {path.rpartition("/")[2] for path in GUARDED if METHODS[path].scope is None}
    assert without_scope == {"GetSupportedLanguages", "GetVoices"}


async def test_every_call_needs_a_key_of_its_scope() -> None:
    async with grpc_api(access=ACCESS) as api:
        for path in GUARDED:
            for metadata in ([], bearer("sokuji_00000000_" + "A" * 43), [("x-api-key", "wrong")]):
                assert await refused(api, path, metadata) == (
                    "UNAUTHENTICATED", "invalid_api_key", "Authorization",
                ), path  # fmt: skip
            scope = METHODS[path].scope
            if scope is not None:
                assert await refused(api, path, bearer(OTHERS[scope].value)) == (
                    "PERMISSION_DENIED", "forbidden", "Authorization",
                ), path  # fmt: skip
            for metadata in (bearer(KEY.value), [("x-api-key", KEY.value)]):
                assert await refused(api, path, metadata) is None, path
        for path in OPEN:
            assert await refused(api, path, []) is None


async def test_a_key_is_checked_before_a_message_is_read() -> None:
    async with grpc_api(access=ACCESS) as api:
        call = api.raw_stream(TRANSCRIBE)
        await call.wait_for_connection()
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await call.read()
    assert refusal.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_without_keys_only_this_machine_is_served() -> None:
    async with grpc_api(access={"keyless": True}) as api:
        address = f"0.0.0.0:{free_port()}"
        settings = {"access": {"keyless": True}, "grpc": {"address": address}}
        api.service.apply(GatewaySettings.model_validate(settings))
        await api.server.apply()
        async with grpc.aio.insecure_channel(address.replace("0.0.0.0", "127.0.0.1")) as channel:
            others = replace(api, channel=channel)
            await others.call(TRANSLATE, TEXT)
            # The settings refuse this; a door that is open in spite of it lets nobody in.
            api.service.credentials.apply(AccessSettings())
            with pytest.raises(grpc.aio.AioRpcError) as refusal:
                await others.call(TRANSLATE, TEXT)
    assert error_of(refusal.value) == ("forbidden", "access.keys_file")


async def test_what_a_key_uses_is_charged_and_refused_beyond_its_limits() -> None:
    of_texts = make_key("a", KeyScope, KeyLimits(characters_per_day=2 * len(TEXT.text)))
    async with grpc_api(access=demanding(of_texts)) as api:
        call = raw(api.channel, "unary_unary", TRANSLATE)(
            TEXT.SerializeToString(), metadata=bearer(of_texts.value)
        )
        await call
        told = dict(await call.trailing_metadata())
        assert told["x-ratelimit-limit-characters"] == str(2 * len(TEXT.text))
        await api.call(TRANSLATE, TEXT, metadata=bearer(of_texts.value))
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await api.call(TRANSLATE, TEXT, metadata=bearer(of_texts.value))
        assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert error_of(refusal.value)[0] == "usage_exceeded"
    of_audio = make_key("b", KeyScope, KeyLimits(audio_minutes_per_day=0.05, sessions=1))
    async with grpc_api(access=demanding(of_audio)) as api:
        recording = TranscribeRequest(audio=AudioChunk(data=SPEECH * 2))
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await api.call(TRANSCRIBE, recording, metadata=bearer(of_audio.value))
        assert error_of(refusal.value)[0] == "usage_exceeded"
        session = api.stream(CONVERSE, metadata=bearer(of_audio.value))
        config = Config(source_language="pt", target_language="en")
        await session.write(ConverseRequest(config=config))
        await until_event(session, "ready")
        second = api.stream(CONVERSE, metadata=bearer(of_audio.value))
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await until_event(second, "done")
        assert error_of(refusal.value)[0] == "too_many_sessions"
        for _ in range(3):
            await session.write(ConverseRequest(audio=SPEECH))
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await until_event(session, "nothing")
        assert error_of(refusal.value)[0] == "usage_exceeded"


async def test_calls_of_an_address_are_counted_but_for_probes() -> None:
    async with grpc_api(limits={"requests_per_minute": 2}) as api:
        for path in ("/grpc.health.v1.Health/Check", "/sokuji.stt.STTService/HealthCheck"):
            for _ in range(3):
                await api.call(path, b"")
        for _ in range(2):
            await api.call(TRANSLATE, TEXT)
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await api.call(TRANSLATE, TEXT)
        assert error_of(refusal.value) == ("rate_limited", None)
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await until_event(api.stream(CONVERSE), "ready")
        assert error_of(refusal.value) == ("rate_limited", None)


async def test_each_message_of_a_stream_is_a_request() -> None:
    path = f"{TRANSLATE}Stream"
    async with grpc_api(limits={"requests_per_minute": 2}) as api:
        call = api.stream(path)
        for _ in range(3):
            await call.write(TEXT)
        assert [(await call.read()).original_text for _ in range(2)] == [TEXT.text] * 2
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await call.read()
        assert error_of(refusal.value) == ("rate_limited", None)
    async with grpc_api(access=demanding(KEY)) as api:
        call = api.stream(path, metadata=bearer(KEY.value))
        await call.write(TEXT)
        await call.read()
        others = AccessSettings(keys=(OTHERS[KeyScope.TEXTS].key,))
        api.service.credentials.apply(others)
        await call.write(TEXT)
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await call.read()
        assert error_of(refusal.value) == ("invalid_api_key", "Authorization")


@pytest.mark.parametrize("given", ["mine.1:a-B_c", None, "with space", "x" * 129])
async def test_every_call_has_an_id(given: str | None) -> None:
    metadata = [("x-request-id", given)] if given else []
    async with grpc_api() as api:
        for request in (TEXT, TranslateRequest()):
            call = raw(api.channel, "unary_unary", TRANSLATE)(request.SerializeToString(), metadata=metadata)
            await call.code()
            answered = dict(await call.initial_metadata())["x-request-id"]
            assert answered == given if given == "mine.1:a-B_c" else len(answered) == 32


def counted(**labels: str) -> float:
    return REGISTRY.get_sample_value("sokuji_http_requests_total", {"door": "grpc", **labels}) or 0


async def test_calls_and_sessions_are_measured_as_this_doors() -> None:
    before = {status: counted(route=TRANSLATE, status=status) for status in ("200", "422")}
    opened = REGISTRY.get_sample_value("sokuji_sessions_opened_total", {"door": "grpc"}) or 0
    async with grpc_api() as api:
        await api.call(TRANSLATE, TEXT)
        with pytest.raises(grpc.aio.AioRpcError):
            await api.call(TRANSLATE, TranslateRequest(text="a", source_language="pt", target_language="fr"))
        (await api.session(source_language="pt", target_language="en")).cancel()
    assert {status: counted(route=TRANSLATE, status=status) - count for status, count in before.items()} == {
        "200": 1,
        "422": 1,
    }
    assert REGISTRY.get_sample_value("sokuji_sessions_opened_total", {"door": "grpc"}) == opened + 1


class QuotingTranslator(FakeTranslator):
    async def translate(self, requests: Sequence[TranslationRequest]) -> list[TranslatedText | SokujiError]:
        raise ValueError(f"cannot tokenise {requests[0].text!r}")


async def test_no_log_line_has_words_and_an_unexpected_failure_has_an_id() -> None:
    with all_lines() as lines:
        async with grpc_api(translator=QuotingTranslator()) as api:
            with pytest.raises(grpc.aio.AioRpcError) as failure:
                await api.call(TRANSLATE, TEXT, metadata=[("x-request-id", "mine")])
    assert failure.value.code() is grpc.StatusCode.INTERNAL
    assert failure.value.details() == "the service failed; its log has request mine"
    assert any("request mine" in line for line in lines)
    assert "popocatepetl" not in "\n".join(lines)


@pytest.mark.parametrize(
    ("peer", "address"),
    [("ipv4:127.0.0.1:4711", "127.0.0.1"), ("ipv6:%5B::1%5D:4711", "::1"), ("unix:", "unknown")],
)
def test_the_address_of_a_client_is_that_of_its_peer(peer: str, address: str) -> None:
    assert peer_address(peer) == address
