"""A conversation as a call of ``sokuji.pipeline.PipelineService.Converse``; see ``Connection``.

Its events become the frames of the WebSocket, whose decoder then checks them; its end becomes a close code.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import grpc
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from websockets.frames import CloseCode

from sokuji.client.connection import first_event
from sokuji.client.handshake import (
    MAX_MESSAGE_BYTES,
    OPEN_TIMEOUT_S,
    ConnectionLost,
    ServiceUnreachable,
    authorization,
)
from sokuji.client.messages import decode, error_with
from sokuji.client.send_buffer import SendBuffer
from sokuji.errors import InvalidRequest, SokujiError
from sokuji.events import Event, Ready
from sokuji.proto.common_pb2 import Empty
from sokuji.proto.pipeline_pb2 import Config, ConverseEvent, ConverseRequest
from sokuji.protocol import Command, ConfigFields

CONVERSE = "/sokuji.pipeline.PipelineService/Converse"
DRAINING = "draining"
"""Code of the error with which a call ends whose session goes on in another one."""
_OPTIONS = (("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),)
Call = grpc.aio.StreamStreamCall[Message, ConverseEvent]


class GrpcConnection:
    """See ``Connection``."""

    def __init__(
        self, channel: grpc.aio.Channel, call: Call, ready: Ready, events: AsyncIterator[Event]
    ) -> None:
        self.ready = ready
        self.events = events
        self._channel = channel
        self._call = call

    async def send_all(self, buffer: SendBuffer) -> None:
        """See ``Connection``."""
        # It raises InvalidStateError once the call has ended.
        with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            while True:
                await self._call.write(request_of(await buffer.take()))

    async def close(self) -> None:
        """See ``Connection``."""
        self._call.cancel()
        await self._channel.close()


async def open_call(url: str, config: ConfigFields, api_key: str | None) -> GrpcConnection:
    """A conversation at ``grpc://HOST:PORT``, or ``grpcs://`` with TLS, that is ready.

    Args:
        api_key: see ``handshake.authorization``.

    Raises:
        InvalidRequest: ``url`` is no such address.
        ServiceUnreachable: nothing answers there, or a server without this service.
        SokujiError: the service refuses the key or the config; the class says why.
    """
    channel = _channel(url)
    metadata = tuple((name.lower(), value) for name, value in authorization(api_key).items())
    converse = channel.stream_stream(
        CONVERSE,
        request_serializer=ConverseRequest.SerializeToString,
        response_deserializer=ConverseEvent.FromString,
    )
    call: Call = converse(metadata=metadata)
    try:
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            # A service that refuses the client ends the call without waiting for the config.
            with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
                await call.write(_config_request(config))
            events = decode(_frames(call, url))
            ready = await first_event(events)
    except BaseException as failure:
        call.cancel()
        await channel.close()
        if isinstance(failure, TimeoutError):
            raise ServiceUnreachable(f"{url} did not answer within {OPEN_TIMEOUT_S:g} s") from None
        raise
    return GrpcConnection(channel, call, ready, events)


def _channel(url: str) -> grpc.aio.Channel:
    try:
        parts = urlsplit(url)
        valid = parts.hostname and parts.port and not parts.path.strip("/")
    except ValueError:
        valid = False
    if not valid:
        raise InvalidRequest(
            f"{url!r} is no address of gRPC; an example is grpc://127.0.0.1:50051", param="url"
        )
    if parts.scheme == "grpcs":
        return grpc.aio.secure_channel(parts.netloc, grpc.ssl_channel_credentials(), _OPTIONS)
    return grpc.aio.insecure_channel(parts.netloc, _OPTIONS)


def _config_request(config: ConfigFields) -> ConverseRequest:
    fields = {name: value for name, value in config.items() if name not in ("type", "audio_encoding")}
    return ConverseRequest(config=Config(**fields))  # type: ignore[arg-type]


def request_of(content: bytes | Command) -> ConverseRequest:
    """A message of the client: audio, or a command."""
    if isinstance(content, bytes):
        return ConverseRequest(audio=content)
    return ConverseRequest(**{content: Empty()})  # type: ignore[arg-type]


async def _frames(call: Call, url: str) -> AsyncIterator[str | bytes]:
    """The events of a call as frames of a WebSocket, until the call ends.

    Raises:
        ConnectionLost: it has ended; the close code says how.
        SokujiError: the service has refused it; the class says why.
    """
    count = 0
    try:
        async for event in call:
            for frame in frames_of(event):
                count += 1
                yield frame
    except grpc.aio.AioRpcError as ending:
        raise _reason(ending, url, is_open=count > 0) from None
    raise ConnectionLost(
        "the service ended the call before all audio was processed", CloseCode.NORMAL_CLOSURE
    )


def frames_of(event: ConverseEvent) -> list[str | bytes]:
    """What the WebSocket would have sent; nothing of an event that this client does not know."""
    kind = event.WhichOneof("event")
    if kind is None:
        return []
    message = getattr(event, kind)
    fields = {field.name: _value(message, field) for field in message.DESCRIPTOR.fields}
    pcm = fields.pop("pcm", None)
    frame = json.dumps({"type": kind, **fields})
    return [frame] if pcm is None else [frame, pcm]


def _value(message: Message, field: FieldDescriptor) -> Any:
    """What JSON would have: a list, or None where an optional field is not set."""
    if field.is_repeated:
        return list(getattr(message, field.name))
    return None if field.has_presence and not message.HasField(field.name) else getattr(message, field.name)


def _reason(ending: grpc.aio.AioRpcError, url: str, *, is_open: bool) -> SokujiError:
    """Why a call has ended that has not succeeded.

    Args:
        is_open: whether the service had said something before.
    """
    code, said = ending.code(), ending.details() or ""
    if (info := _error_info(ending)) is not None:
        if info.reason == DRAINING:
            return ConnectionLost(said, CloseCode.SERVICE_RESTART)
        return error_with(info.reason, said, info.metadata.get("param"))
    if not is_open and code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNIMPLEMENTED):
        reason = said.partition("\n")[0]
        return ServiceUnreachable(
            f"no service answers gRPC at {url} ({reason}); SOKUJI_GRPC_ADDRESS switches it on in a service"
        )
    too_big = code is grpc.StatusCode.RESOURCE_EXHAUSTED
    closed_with = CloseCode.MESSAGE_TOO_BIG if too_big else CloseCode.ABNORMAL_CLOSURE
    return ConnectionLost(f"the call ended ({code.name.lower()}): {said}", closed_with)


def _error_info(ending: grpc.aio.AioRpcError) -> ErrorInfo | None:
    """The code and the field in the details of a status; None: it has none, so it is not from the service."""
    for name, value in ending.trailing_metadata() or ():
        if name == "grpc-status-details-bin" and isinstance(value, bytes):
            for detail in Status.FromString(value).details:
                info = ErrorInfo()
                if detail.Unpack(info):
                    return info
    return None
