"""Decodes the messages of the service into events; ``sokuji.api.bridge.messages`` encodes them.

Frames of an unknown type and unknown fields are skipped, so that this client works with newer services. A
frame of a known type with a missing field or a value of the wrong type is a ``ProtocolViolation``.
"""

import base64
import io
import json
import wave
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sokuji import errors, events
from sokuji.client.validation import InvalidField, build
from sokuji.errors import SokujiError
from sokuji.protocol import EVENT_TYPES, LISTENER_EVENT_TYPES

_ERROR_CLASSES: dict[str, type[SokujiError]] = {
    kind.code: kind
    for kind in vars(errors).values()
    # A class without a code of its own is a special case that clients need not know.
    if isinstance(kind, type) and issubclass(kind, SokujiError) and "code" in vars(kind)
}
_EVENT_CLASSES = {name: kind for kind, name in EVENT_TYPES.items() if kind is not events.Failed}
_LISTENER_EVENT_CLASSES = {
    name: kind for kind, name in LISTENER_EVENT_TYPES.items() if kind is not events.Failed
}
E = TypeVar("E", bound=events.Event | events.ListenerEvent)


class ProtocolViolation(SokujiError):
    """The service sent a message that the protocol does not allow."""

    code = "protocol_violation"


@dataclass(frozen=True, slots=True, kw_only=True)
class _ErrorFrame:
    message: str
    code: str = SokujiError.code
    param: str | None = None
    fatal: bool = False
    segment_id: int | None = None
    target_language: str | None = None
    retry_after_s: float | None = None


async def decode(messages: AsyncIterator[str | bytes]) -> AsyncIterator[events.Event]:
    """The events in a stream of text and binary messages.

    Raises:
        ProtocolViolation: a message is malformed.
    """
    async for frame in _frames(messages):
        event = _event(frame, _EVENT_CLASSES)
        if event is not None:
            yield event


async def decode_broadcast(
    messages: AsyncIterator[str | bytes],
) -> AsyncIterator[tuple[int | None, events.ListenerEvent]]:
    """As ``decode``, of a listener's connection: each event with its number, if it has one."""
    async for frame in _frames(messages):
        event = _event(frame, _LISTENER_EVENT_CLASSES)
        number = frame.get("event")
        if event is not None:
            yield number if isinstance(number, int) else None, event


async def _frames(messages: AsyncIterator[str | bytes]) -> AsyncIterator[dict[str, Any]]:
    """The JSON objects in a stream of messages, with the samples of those that have some as ``pcm``."""
    async for message in messages:
        if isinstance(message, bytes):
            raise ProtocolViolation(f"a binary message of {len(message)} bytes came without its audio event")
        frame = _json_object(message)
        if frame["type"] == EVENT_TYPES[events.Audio]:
            frame["pcm"] = _wav_pcm(frame["data"]) if "data" in frame else await _binary(messages)
        yield frame


def _json_object(text: str) -> dict[str, Any]:
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        frame = None
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        raise ProtocolViolation("a message came that is no JSON object with a type; is this a Sokuji Bridge?")
    return frame


async def _binary(messages: AsyncIterator[str | bytes]) -> bytes:
    """The message after an ``audio`` frame without ``data``: its PCM."""
    message = await anext(messages, None)
    if not isinstance(message, bytes):
        raise ProtocolViolation("an audio event came without its binary message")
    return message


def _event(frame: dict[str, Any], classes: Mapping[str, type[E]]) -> E | events.Failed | None:
    """The event of a frame; None: its type is unknown."""
    kind = frame["type"]
    try:
        if kind == EVENT_TYPES[events.Failed]:
            return _failed(build(_ErrorFrame, frame))
        return build(classes[kind], frame) if kind in classes else None
    except InvalidField as error:
        raise ProtocolViolation(f"{kind} event: {error}") from None


def _failed(frame: _ErrorFrame) -> events.Failed:
    error = error_with(frame.code, frame.message, frame.param, frame.retry_after_s)
    return events.Failed(error, frame.fatal, frame.segment_id, frame.target_language)


def error_with(code: str, message: str, param: str | None, retry_after_s: float | None = None) -> SokujiError:
    """The error of this code; ``SokujiError`` itself where this client does not know it."""
    return _ERROR_CLASSES.get(code, SokujiError)(message, param=param, retry_after_s=retry_after_s)


def refusal_of(body: bytes) -> SokujiError | None:
    """The error in the body of an HTTP response; None: it is none of this service."""
    try:
        frame = build(_ErrorFrame, json.loads(body)["error"])
    except (ValueError, RecursionError, LookupError, TypeError, InvalidField):
        return None
    kind = _ERROR_CLASSES.get(frame.code)
    return kind(frame.message, param=frame.param) if kind else None


def _wav_pcm(data: object) -> bytes:
    try:
        if not isinstance(data, str):
            raise TypeError(f"expected str, got {type(data).__name__}")
        with wave.open(io.BytesIO(base64.b64decode(data, validate=True))) as reader:
            pcm: bytes = reader.readframes(reader.getnframes())
    except (ValueError, wave.Error, EOFError, TypeError) as error:
        raise ProtocolViolation(f"audio event: data is no WAV file in base64 ({error})") from None
    return pcm
