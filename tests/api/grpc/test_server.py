"""The server: each knob changes what it does, also while it runs; health, and reflection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest

from sokuji.api.grpc.server import METHODS, GrpcServer
from sokuji.api.service import Service
from sokuji.config import GatewaySettings
from sokuji.config.grpc import GrpcSettings
from sokuji.errors import ConfigError
from sokuji.proto.common_pb2 import Empty
from sokuji.proto.translation_pb2 import TranslateRequest
from sokuji.proto.tts_pb2 import SynthesizeRequest
from tests.support.fake_stages import FakeStt, FakeTts, ready_pipeline
from tests.support.grpc_api import GrpcApi, error_of, free_port, grpc_api, raw
from tests.support.knobs import Knobs

TRANSLATE = "/sokuji.translation.TranslationService/Translate"
SYNTHESIZE = "/sokuji.tts.TTSService/Synthesize"
CHECK, WATCH = "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"
REFLECT = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS, PING, GOAWAY, ACK = 4, 6, 7, 1


def request(text: str = "olá") -> TranslateRequest:
    return TranslateRequest(text=text, source_language="pt", target_language="en")


def frame(kind: int, flags: int = 0, payload: bytes = b"") -> bytes:
    """A frame of a connection (RFC 9113, section 4.1)."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags, 0, 0, 0, 0]) + payload


class Http2Connection:
    """A connection that shows what the server does with pings. It answers no ping by itself."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def next(self, kind: int, *, is_ack: bool = False) -> bytes:
        """The payload of the next frame of a kind; acknowledges the settings of the server.

        Raises:
            IncompleteReadError: the server has closed the connection.
        """
        while True:
            head = await self._reader.readexactly(9)
            payload = await self._reader.readexactly(int.from_bytes(head[:3], "big"))
            if head[3] == SETTINGS and not head[4] & ACK:
                self.writer.write(frame(SETTINGS, ACK))
            if head[3] == kind and bool(head[4] & ACK) == is_ack:
                return payload

    def ping(self) -> None:
        self.writer.write(frame(PING, payload=b"12345678"))

    async def pings_accepted(self, most: int) -> int:
        """How many pings in a row are answered before the server closes the connection, up to ``most``."""
        for number in range(most):
            self.ping()
            try:
                await self.next(PING, is_ack=True)
            except (asyncio.IncompleteReadError, ConnectionError):
                return number
        return most


async def until_unavailable(channel: grpc.aio.Channel) -> None:
    """Call until nobody answers any more; a call at the very moment may be cancelled."""
    code = grpc.StatusCode.OK
    while code is not grpc.StatusCode.UNAVAILABLE:
        assert code in (grpc.StatusCode.OK, grpc.StatusCode.CANCELLED)
        call = raw(channel, "unary_unary", TRANSLATE)(request().SerializeToString(), timeout=10)
        code = await call.code()


@asynccontextmanager
async def raw_connection(api: GrpcApi) -> AsyncIterator[Http2Connection]:
    host, _, port = api.address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(PREFACE + frame(SETTINGS))
    try:
        async with asyncio.timeout(60):
            connection = Http2Connection(reader, writer)
            await connection.next(SETTINGS)
            yield connection
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


@pytest.mark.knob("gateway.grpc.max_message_length")
async def test_longer_messages_are_refused_in_both_directions(knob: Knobs) -> None:
    limits = {"max_json_bytes": 2**20, "max_text_chars": 100_000}
    for length in (4_000, 80_000):
        async with grpc_api(grpc={"max_message_length": length}, limits=limits) as api:
            async with asyncio.timeout(30):
                codes = []
                for size in (1_000, 30_000):
                    try:
                        await api.call(TRANSLATE, request("a" * size))
                        codes.append("OK")
                    except grpc.aio.AioRpcError as refusal:
                        codes.append(refusal.code().name)
                knob.observe("gateway.grpc.max_message_length", api.service.settings.grpc, tuple(codes))
                assert codes == (["OK", "OK"] if length > 30_000 else ["OK", "RESOURCE_EXHAUSTED"])
                await api.call(TRANSLATE, request())


async def test_an_answer_that_is_too_long_is_refused_with_what_to_do() -> None:
    async with grpc_api(grpc={"max_message_length": 4_000}) as api:
        with pytest.raises(grpc.aio.AioRpcError, match="use the streaming call") as refusal:
            await api.call(SYNTHESIZE, SynthesizeRequest(text="x"))
        assert error_of(refusal.value) == ("too_large", None)
        await api.call(TRANSLATE, request())


@pytest.mark.knob("gateway.grpc.keepalive_permit", "gateway.grpc.http2_max_pings")
async def test_pings_that_come_too_soon_close_the_connection(knob: Knobs) -> None:
    spare = set()
    for permit, most in ((True, 2), (True, 4), (False, 2)):
        knobs = {"http2_max_pings": most, "keepalive_permit": permit, "keepalive_time": 3_600}
        async with grpc_api(grpc=knobs) as api:
            async with raw_connection(api) as connection:
                accepted = await connection.pings_accepted(20)
            knob.observe("gateway.grpc.http2_max_pings", api.service.settings.grpc, (permit, accepted))
            spare.add(accepted - most)
            await api.call(TRANSLATE, request())
    # The first is none too many, and the last may be answered before the connection is closed.
    assert spare < {1, 2}
    for permit in (True, False):
        # Slower than half of ``keepalive_time``: too many only where no call permits them.
        async with grpc_api(
            grpc={"keepalive_time": 1, "keepalive_permit": permit, "http2_max_pings": 1}
        ) as api:
            async with raw_connection(api) as connection:
                found = 0
                for _ in range(4):
                    await asyncio.sleep(0.55)
                    found += await connection.pings_accepted(1)
            knob.observe("gateway.grpc.keepalive_permit", api.service.settings.grpc, found)
            assert (found == 4) is permit


@pytest.mark.knob("gateway.grpc.keepalive_time")
async def test_an_idle_client_is_sent_pings_after_the_time(knob: Knobs) -> None:
    for time_s in (1, 3_600):
        async with grpc_api(grpc={"keepalive_time": time_s}) as api, raw_connection(api) as connection:
            try:
                async with asyncio.timeout(5 if time_s == 1 else 2):
                    came = bool(await connection.next(PING))
            except TimeoutError:
                came = False
            knob.observe("gateway.grpc.keepalive_time", api.service.settings.grpc, came)


@pytest.mark.knob("gateway.grpc.keepalive_timeout")
async def test_a_client_that_answers_no_ping_is_closed_after_the_timeout(knob: Knobs) -> None:
    for timeout_s in (1, 3_600):
        knobs = {"keepalive_time": 1, "keepalive_timeout": timeout_s}
        async with grpc_api(grpc=knobs) as api, raw_connection(api) as connection:
            await connection.next(PING)
            try:
                async with asyncio.timeout(5 if timeout_s == 1 else 2):
                    closed = b"ping_timeout" in await connection.next(GOAWAY)
            except TimeoutError:
                closed = False
            knob.observe("gateway.grpc.keepalive_timeout", api.service.settings.grpc, closed)


async def test_a_changed_setting_holds_for_new_connections_and_open_sessions_go_on() -> None:
    async with grpc_api() as api:
        session = await api.session(source_language="pt", target_language="en")
        api.service.apply(GatewaySettings(grpc=GrpcSettings(address=api.address, max_message_length=2_000)))
        await api.server.apply()
        await session.done_writing()
        kinds = [(await session.read()).WhichOneof("event")]
        while kinds[-1] != "done":
            kinds.append((await session.read()).WhichOneof("event"))
        async with grpc.aio.insecure_channel(
            api.address, options=[("grpc.use_local_subchannel_pool", 1)]
        ) as channel:
            fresh = GrpcApi(api.service, api.server, channel, api.address)
            with pytest.raises(grpc.aio.AioRpcError, match="larger than max"):
                await fresh.call(TRANSLATE, request("a" * 3_000))
        moved = f"127.0.0.1:{free_port()}"
        api.service.apply(GatewaySettings(grpc=GrpcSettings(address=moved)))
        await api.server.apply()
        async with grpc.aio.insecure_channel(moved) as channel:
            await GrpcApi(api.service, api.server, channel, moved).call(TRANSLATE, request("a" * 3_000))
        api.service.apply(GatewaySettings())
        await api.server.apply()
        async with grpc.aio.insecure_channel(moved) as channel:
            await until_unavailable(channel)


async def test_an_address_that_cannot_be_listened_on_is_refused_and_the_former_one_stays() -> None:
    async with grpc_api() as api:
        api.service.apply(
            GatewaySettings(grpc=GrpcSettings(address="192.0.2.1:50051"), access={"keyless": True})
        )
        with pytest.raises(ConfigError, match=r"grpc.address: cannot listen on 192.0.2.1:50051"):
            await api.server.apply()
        await api.call(TRANSLATE, request())


@pytest.mark.parametrize(
    "address",
    ["50051", ":50051", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:x", "::1:50051", "host:1"],
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="IP:PORT"):
        GrpcSettings(address=address)


@pytest.mark.parametrize("address", ["0.0.0.0:50051", "[::]:50051", "10.0.0.5:50051"])
def test_others_are_served_with_keys_only_or_if_they_may_go_without(address: str) -> None:
    with pytest.raises(ValueError, match="grpc.address has no effect|loopback"):
        GatewaySettings.model_validate({"grpc": {"address": address}})
    GatewaySettings.model_validate({"grpc": {"address": address}, "access": {"keyless": True}})
    for own in ("127.0.0.1:50051", "[::1]:50051", "localhost:50051"):
        GatewaySettings.model_validate({"grpc": {"address": own}})


async def test_reflection_tells_everything_that_is_served() -> None:
    """What ``grpcurl list`` and ``describe`` ask for."""
    async with grpc_api() as api:
        (listed,) = await api.answers(REFLECT, ServerReflectionRequest(list_services="*"))
        services = {each.name for each in listed.list_services_response.service}
        paths = set()
        for name in services:
            (found,) = await api.answers(REFLECT, ServerReflectionRequest(file_containing_symbol=name))
            for data in found.file_descriptor_response.file_descriptor_proto:
                file = FileDescriptorProto.FromString(data)
                paths |= {
                    f"/{file.package}.{service.name}/{method.name}"
                    for service in file.service
                    for method in service.method
                    if f"{file.package}.{service.name}" == name
                }
        v1 = REFLECT.replace("v1alpha", "v1")
        # gRPC's package has the messages of the former name alone; on the wire they are the same.
        call: Any = api.channel.stream_stream(
            v1, ServerReflectionRequest.SerializeToString, lambda data: data
        )()
        await call.write(ServerReflectionRequest(list_services="*"))
        assert await call.read() == listed.SerializeToString()
        call.cancel()
        assert {path for path in METHODS if path != v1} <= paths


async def test_health_follows_the_stages_and_the_end_of_the_replica() -> None:
    stt = FakeStt()
    async with grpc_api(stt) as api:
        names = ["", "sokuji.stt.STTService", "sokuji.translation.TranslationService"]
        names += ["sokuji.tts.TTSService", "sokuji.pipeline.PipelineService"]

        async def serving() -> list[bool]:
            found = [await api.call(CHECK, HealthCheckRequest(service=name)) for name in names]
            return [each.status == HealthCheckResponse.SERVING for each in found]

        assert await serving() == [True] * 5
        watch = api.stream(WATCH)
        await watch.write(HealthCheckRequest())
        await watch.done_writing()
        assert (await watch.read()).status == HealthCheckResponse.SERVING
        api.service.drain()
        assert (await watch.read()).status == HealthCheckResponse.NOT_SERVING
        watch.cancel()
        assert await serving() == [False] * 5
        health = await api.call("/sokuji.stt.STTService/HealthCheck", Empty())
        assert (health.healthy, health.status, health.provider_name) == (False, "ready", "fake")
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await api.call(CHECK, HealthCheckRequest(service="nothing"))
        assert refusal.value.code() is grpc.StatusCode.NOT_FOUND
        watch = api.stream(WATCH)
        await watch.write(HealthCheckRequest(service="nothing"))
        await watch.done_writing()
        assert (await watch.read()).status == HealthCheckResponse.SERVICE_UNKNOWN
        watch.cancel()


async def test_a_stopped_server_accepts_nothing_and_lets_calls_end() -> None:
    tts = FakeTts()
    tts.gate.clear()
    async with grpc_api(tts=tts) as api:
        speaking = asyncio.create_task(api.call(SYNTHESIZE, SynthesizeRequest(text="Hello")))
        await tts.arrived.get()
        stopping = [asyncio.create_task(api.server.stop(30)) for _ in range(2)]
        await until_unavailable(api.channel)
        assert not any(task.done() for task in stopping)
        tts.gate.set()
        assert (await speaking).duration_ms == 200
        await asyncio.gather(*stopping)


async def test_replicas_of_a_machine_share_the_port_and_the_clients() -> None:
    """One replica goes away, and the other serves all."""
    seen: list[FakeTts] = [FakeTts(), FakeTts()]
    async with grpc_api(tts=seen[0]) as api:
        other = Service(await ready_pipeline(tts=seen[1]), api.service.settings)
        server = GrpcServer(other)
        await server.apply()
        async with asyncio.timeout(30):
            while not all(tts.requests for tts in seen):
                await _speak_once(api.address)
        await server.stop(0)
        before = len(seen[1].requests)
        for _ in range(10):
            await _speak_once(api.address)
        assert len(seen[1].requests) == before


async def _speak_once(address: str) -> None:
    async with grpc.aio.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        await raw(channel, "unary_unary", SYNTHESIZE)(SynthesizeRequest(text="Hi").SerializeToString())
