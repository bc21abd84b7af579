"""What the events of all OpenAI doors have in common: their ids, how they are decoded, and errors.

Client events are JSON objects with a ``type``. Unknown fields are ignored, as OpenAI does: clients of the
next version send fields that this one does not know. A known field with a wrong value is an error.
"""

import base64
import binascii
import json
import secrets
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sokuji.api.errors import error_type
from sokuji.errors import InvalidAudio, InvalidRequest, SokujiError, listed

MAX_EVENT_ID_CHARS = 512
JSONObject = dict[str, Any]
E = TypeVar("E", bound="ClientEvent")


class ClientEvent(BaseModel):
    """Base of all client events."""

    model_config = ConfigDict(extra="ignore", strict=True)

    type: str
    event_id: str | None = Field(None, max_length=MAX_EVENT_ID_CHARS)


class InvalidEvent(InvalidRequest):
    """A client event that is refused, and its id, which the error event names."""

    def __init__(self, message: str, *, param: str | None, event_id: str | None) -> None:
        super().__init__(message, param=param)
        self.event_id = event_id


def new_id(kind: Literal["event", "sess", "item", "resp", "conv", "rtc"]) -> str:
    """An id as OpenAI writes it: its kind and 24 random hex digits."""
    return f"{kind}_{secrets.token_hex(12)}"


def decode_event(text: str | bytes, kinds: Mapping[str, type[E]]) -> E:
    """The event of a frame.

    Args:
        text: the frame; a binary frame is refused.
        kinds: ``type`` -> class of the event.

    Raises:
        InvalidEvent: malformed JSON, an unknown type, or a value that is not accepted; names the field.
    """
    if isinstance(text, bytes):
        raise InvalidEvent("a binary frame; events are JSON in text frames", param=None, event_id=None)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidEvent("the event is not valid JSON", param=None, event_id=None) from None
    if not isinstance(data, dict):
        raise InvalidEvent("an event is a JSON object with a type", param="type", event_id=None)
    event_id = data.get("event_id")
    event_id = event_id if isinstance(event_id, str) and len(event_id) <= MAX_EVENT_ID_CHARS else None
    kind = kinds.get(data["type"]) if isinstance(data.get("type"), str) else None
    if kind is None:
        raise InvalidEvent(
            f"unknown event type {str(data.get('type'))[:80]!r}; accepted: {listed(sorted(kinds), most=40)}",
            param="type",
            event_id=event_id,
        )
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part)[:40] for part in fault["loc"][:8]) or None
        raise InvalidEvent(f"{where}: {fault['msg']}", param=where, event_id=event_id) from None


def decode_audio(encoded: str, *, param: str = "audio") -> bytes:
    """The bytes of base64.

    Raises:
        InvalidAudio: not base64.
    """
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidAudio(f"{param} is not valid base64", param=param) from None


def encode_audio(pcm: bytes) -> str:
    """Base64 for an event."""
    return base64.b64encode(pcm).decode("ascii")


def server_event(kind: str, **fields: Any) -> JSONObject:
    """An event of the service, with an id of its own."""
    return {"type": kind, "event_id": new_id("event"), **fields}


def error_event(error: SokujiError, event_id: str | None = None) -> JSONObject:
    """The ``error`` event of a failure.

    Args:
        event_id: of the client event at fault; None: that of an ``InvalidEvent``, or none.
    """
    detail = {"type": error_type(error), **error.as_dict()}
    detail["event_id"] = error.event_id if isinstance(error, InvalidEvent) else event_id
    return server_event("error", error=detail)
