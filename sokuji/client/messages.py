"""What the service says on the WebSocket, as events: the mirror of ``sokuji.api.bridge.messages``.

A frame of an unknown type is skipped, so that this client also works with services that say more than it
understands; a frame of a known type that lacks a field is an error.
"""

import base64
import binascii
import io
import json
import wave
from collections.abc import AsyncIterator, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sokuji import errors, events
from sokuji.errors import SokujiError

_ERRORS: dict[str, type[SokujiError]] = {
    kind.code: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, SokujiError)
}
_EVENTS: dict[str, TypeAdapter[Any]] = {
    name: TypeAdapter(kind)
    for name, kind in {
        "ready": events.Ready,
        "speech": events.Speech,
        "transcription": events.Transcription,
        "translation": events.TranslationText,
        "audio": events.Audio,
        "ack": events.Ack,
        "status": events.Status,
        "draining": events.Draining,
        "done": events.Done,
    }.items()
}


class ProtocolViolation(SokujiError):
    """The service sent what no service of this API may send."""

    code = "protocol_violation"


async def decode(messages: AsyncIterator[str | bytes]) -> AsyncIterator[events.Event]:
    """The events that a stream of text and binary messages tells of.

    Raises:
        ProtocolViolation: a message that makes no sense.
    """
    async for message in messages:
        if isinstance(message, bytes):
            raise ProtocolViolation(f"a binary message of {len(message)} bytes came without its audio event")
        frame = _json_object(message)
        if frame["type"] == "audio":
            frame["pcm"] = _wav_pcm(frame["data"]) if "data" in frame else await _binary(messages)
        if frame["type"] == "error":
            yield events.Failed(error_of(frame), bool(frame.get("fatal")), frame.get("segment_id"))
        elif frame["type"] in _EVENTS:
            yield _event(frame)


def error_of(fields: Mapping[str, Any]) -> SokujiError:
    """The error that an ``error`` object of the wire contract stands for."""
    kind = _ERRORS.get(str(fields.get("code")), SokujiError)
    return kind(str(fields.get("message", "unknown error")), param=fields.get("param"))


def _json_object(text: str) -> dict[str, Any]:
    try:
        frame = json.loads(text)
    except ValueError:
        frame = None
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        raise ProtocolViolation("a message came that is no JSON object with a type; is this a Sokuji Bridge?")
    return frame


async def _binary(messages: AsyncIterator[str | bytes]) -> bytes:
    """With ``pcm_binary`` the sound itself is the message behind its event."""
    message = await anext(messages, None)
    if not isinstance(message, bytes):
        raise ProtocolViolation("an audio event came without its binary message")
    return message


def _event(frame: Mapping[str, Any]) -> events.Event:
    try:
        event: events.Event = _EVENTS[frame["type"]].validate_python(frame)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(str(part) for part in fault["loc"])
        raise ProtocolViolation(f"{frame['type']} event: {name}: {fault['msg']}") from None
    return event


def _wav_pcm(data: str) -> bytes:
    try:
        with wave.open(io.BytesIO(base64.b64decode(data, validate=True))) as reader:
            pcm: bytes = reader.readframes(reader.getnframes())
    except (binascii.Error, wave.Error, EOFError, TypeError) as error:
        raise ProtocolViolation(f"audio event: data is no WAV file in base64 ({error})") from None
    return pcm
