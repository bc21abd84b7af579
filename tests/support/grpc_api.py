"""The gRPC door on a loopback port, over fake stages, in the loop of the test; a client without stubs."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from queue import Queue
from typing import Any, Literal, TypeVar

import grpc
from google.protobuf import message_factory
from google.protobuf.descriptor_pool import Default
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from google.rpc.status_pb2 import Status

from sokuji.api.grpc.server import GrpcServer
from sokuji.api.service import Service
from sokuji.config import GatewaySettings
from sokuji.proto.common_pb2 import AudioChunk
from sokuji.proto.pipeline_pb2 import Config, ConverseEvent, ConverseRequest
from tests.support.decoders import shared_decoders
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts, ready_pipeline
from tests.support.speech import sample, silence

R = TypeVar("R", bound=Message)
Metadata = Sequence[tuple[str, str]]
CONVERSE = "/sokuji.pipeline.PipelineService/Converse"
STT, TEXT, TTS = "/sokuji.stt.STTService", "/sokuji.translation.TranslationService", "/sokuji.tts.TTSService"
PCM = sample("pt", "ola_mundo") + silence(800)
PAIR: dict[str, Any] = {"source_language": "pt", "target_language": "en"}


def chunk(pcm: bytes = PCM, **fields: Any) -> AudioChunk:
    return AudioChunk(data=pcm, **fields)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def data_of(message: Message | bytes) -> bytes:
    return message if isinstance(message, bytes) else message.SerializeToString()


@dataclass(frozen=True)
class GrpcApi:
    """A server, and a channel to it."""

    service: Service
    server: GrpcServer
    channel: grpc.aio.Channel
    address: str

    async def call(self, path: str, request: Message | bytes, **options: Any) -> Any:
        """The answer of a unary call."""
        call = self.channel.unary_unary(path, data_of, _answer_kind(path).FromString)
        return await call(request, **options)

    def stream(self, path: str, **options: Any) -> Any:
        """A bidirectional call, to be written to and read."""
        return self.channel.stream_stream(path, data_of, _answer_kind(path).FromString)(**options)

    def raw_stream(self, path: str, **options: Any) -> Any:
        """As ``stream``, of bytes."""
        return raw(self.channel, "stream_stream", path)(**options)

    async def answers(self, path: str, *requests: Message | bytes, **options: Any) -> list[Any]:
        """All answers to a stream of requests."""
        call = self.stream(path, **options)
        for request in requests:
            await call.write(request)
        await call.done_writing()
        return await rest_of(call)

    async def session(self, **config: Any) -> Any:
        """A session that is ready."""
        call = self.stream(CONVERSE)
        await call.write(ConverseRequest(config=Config(**config)))
        assert (await call.read()).WhichOneof("event") == "ready"
        return call


def raw(channel: grpc.aio.Channel, kind: Literal["unary_unary", "stream_stream"], path: str) -> Any:
    """A call whose messages are bytes."""
    return getattr(channel, kind)(path)


async def rest_of(call: Any) -> list[Any]:
    """What a call still answers, which must succeed."""
    found = []
    while (answer := await call.read()) is not grpc.aio.EOF:
        found.append(answer)
    assert await call.code() is grpc.StatusCode.OK, await call.details()
    return found


async def until_event(call: Any, kind: str) -> ConverseEvent:
    """The next event of a kind in a session."""
    while True:
        event = await call.read()
        assert event is not grpc.aio.EOF, (await call.code(), await call.details())
        if event.WhichOneof("event") == kind:
            return event  # type: ignore[no-any-return]


def _answer_kind(path: str) -> type[Message]:
    service, _, method = path.removeprefix("/").partition("/")
    found = Default().FindServiceByName(service).methods_by_name[method].output_type
    return message_factory.GetMessageClass(found)


@asynccontextmanager
async def grpc_api(
    stt: FakeStt | None = None,
    translator: FakeTranslator | None = None,
    tts: FakeTts | None = None,
    **settings: Any,
) -> AsyncIterator[GrpcApi]:
    """A server over fakes; ``settings`` are those of the Gateway."""
    address = f"127.0.0.1:{free_port()}"
    settings["grpc"] = {"address": address, **settings.get("grpc", {})}
    pipeline = await ready_pipeline(stt, translator, tts)
    service = Service(pipeline, GatewaySettings.model_validate(settings), decoders=shared_decoders())
    server = GrpcServer(service)
    await server.apply()
    # A channel shares its connection with others of the same address and options.
    options = [("grpc.use_local_subchannel_pool", 1)]
    try:
        async with grpc.aio.insecure_channel(address, options=options) as channel:
            yield GrpcApi(service, server, channel, address)
    finally:
        await server.stop(0)


@contextmanager
def serve_grpc() -> Iterator[str]:
    """The address of a server that runs in a thread, so that commands may have an event loop of their own."""
    started: Queue[tuple[asyncio.AbstractEventLoop, asyncio.Event, str]] = Queue()

    async def serve() -> None:
        stop = asyncio.Event()
        async with grpc_api() as api:
            started.put((asyncio.get_running_loop(), stop, api.address))
            await stop.wait()

    running = threading.Thread(target=lambda: asyncio.run(serve()))
    running.start()
    loop, stop, address = started.get(timeout=30)
    try:
        yield address
    finally:
        loop.call_soon_threadsafe(stop.set)
        running.join()


def error_of(failure: grpc.aio.AioRpcError) -> tuple[str, str | None]:
    """Code and param of an error, from its details."""
    data = dict(failure.trailing_metadata() or ())["grpc-status-details-bin"]
    assert isinstance(data, bytes)
    status = Status.FromString(data)
    assert status.code == failure.code().value[0]
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert info.domain == "sokuji"
    param = info.metadata.get("param")
    bad = error_details_pb2.BadRequest()
    if len(status.details) > 1 and status.details[1].Unpack(bad):
        assert [each.field for each in bad.field_violations] == [param]
    return info.reason, param
