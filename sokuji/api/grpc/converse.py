"""``sokuji.pipeline.PipelineService.Converse``: the session of the bridge's WebSocket, in protobuf.

``ConverseFrames`` has the methods of a WebSocket: what the client sends becomes the frame that it would have
sent there, and the frames for it become events. So a session is the same through both doors.
"""

import json
from typing import Any

from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message as ProtobufMessage
from starlette.types import Message
from starlette.websockets import WebSocketDisconnect

from sokuji import events
from sokuji.api.bridge.websocket import BridgeTransport
from sokuji.api.client_socket import ClientSocket
from sokuji.api.grpc.call import Call, parsed
from sokuji.api.grpc.methods import DOOR, Method
from sokuji.api.grpc.session_call import closing_error, serve_session
from sokuji.api.session_connection import ClientDisconnected
from sokuji.config.keys import KeyScope
from sokuji.errors import SokujiError
from sokuji.proto.common_pb2 import Empty
from sokuji.proto.pipeline_pb2 import Config, ConverseEvent, ConverseRequest

SERVICE = "sokuji.pipeline.PipelineService"
_END = ConverseRequest(end=Empty())
_GONE: Message = {"type": "websocket.disconnect", "code": 1006}


class ConverseFrames:
    """See ``FrameChannel``."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._ended = False
        self._audio: dict[str, Any] | None = None
        """The ``audio`` frame whose samples come next."""

    async def receive(self) -> Message:
        """The next message as a frame; that the client half-closes the stream is its ``end``."""
        try:
            # ClientSocket bounds the time.
            data = await self._call.read(None)
            if data is None and self._ended:
                await self._call.until_gone()
        except ClientDisconnected:
            return _GONE
        message = _END if data is None else parsed(ConverseRequest, data)
        self._ended |= message.HasField("end")
        frame = frame_of(message)
        return {"type": "websocket.receive", "bytes" if isinstance(frame, bytes) else "text": frame}

    async def send_text(self, data: str) -> None:
        """Send a frame as an event."""
        frame = json.loads(data)
        if frame["type"] == "audio":
            self._audio = frame
        else:
            await self._send(event_of(frame))

    async def send_bytes(self, data: bytes) -> None:
        """Send the samples of an ``audio`` frame, with that."""
        frame, self._audio = self._audio, None
        assert frame is not None
        event = event_of(frame)
        event.audio.pcm = data
        await self._send(event)

    async def close(self, code: int = 1000, reason: str | None = None) -> None:
        """Do nothing: the call ends when its handler returns."""

    async def _send(self, event: ConverseEvent) -> None:
        try:
            await self._call.respond(event)
        except ClientDisconnected:
            raise WebSocketDisconnect(1006) from None


def frame_of(message: ConverseRequest) -> str | bytes:
    """What the client would have sent over a WebSocket."""
    kind = message.WhichOneof("message")
    if kind == "audio":
        return message.audio
    fields = {**_fields(message.config), "audio_encoding": "pcm_binary"} if kind == "config" else {}
    return json.dumps({"type": kind, **fields})


def _fields(config: Config) -> dict[str, Any]:
    """The fields that are set."""
    values = {field.name: getattr(config, field.name) for field, _ in config.ListFields()}
    return {
        name: value if isinstance(value, str | int | float) else _collection(value)
        for name, value in values.items()
    }


def _collection(value: Any) -> dict[str, str] | list[str]:
    return dict(value) if hasattr(value, "keys") else list(value)


def event_of(frame: dict[str, Any]) -> ConverseEvent:
    """A frame for the client as an event: its type names the field, whose message has its fields."""
    kind = frame.pop("type")
    event = ConverseEvent()
    message: ProtobufMessage = getattr(event, kind)
    message.SetInParent()
    # A test holds the messages to all fields; a session does not fail for one that is missing.
    ParseDict(frame, message, ignore_unknown_fields=True)
    return event


class ConverseTransport(BridgeTransport):
    """See ``CallTransport``."""

    door = DOOR

    def __init__(self, call: Call) -> None:
        settings = call.service.settings
        frames = ConverseFrames(call)
        socket = ClientSocket(frames, settings.limits, settings.grpc.max_message_length)
        super().__init__(socket, call.service)
        self.closing: SokujiError | None = None

    async def close(self, code: int, error: SokujiError | None) -> None:
        """See ``Transport``."""
        self.closing = closing_error(code, error)
        if error is not None:
            await self.send(events.Failed(error, fatal=True))


async def _serve_converse(call: Call) -> None:
    await serve_session(call, ConverseTransport(call))


METHODS = {f"/{SERVICE}/Converse": Method(_serve_converse, KeyScope.SESSIONS, is_session=True)}
"""Path -> method."""
