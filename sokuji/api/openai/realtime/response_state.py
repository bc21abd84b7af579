"""What is known of one response, and how clients read it."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from sokuji.api.errors import error_type
from sokuji.api.openai.realtime.audio_formats import FormatConfig
from sokuji.api.openai.realtime.items import Item
from sokuji.api.openai.realtime.session_config import Modality
from sokuji.api.openai.realtime.usage import response_usage
from sokuji.api.openai.wire import JSONObject, new_id
from sokuji.errors import SokujiError
from sokuji.text.punctuation import is_spaceless

Reason = Literal["turn_detected", "client_cancelled"]
Status = Literal["in_progress", "completed", "cancelled", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseSettings:
    """How a response is given."""

    modality: Modality
    format: FormatConfig
    voice_name: str
    metadata: Mapping[str, str] | None = None
    in_conversation: bool = True
    """False: its item stays out of the conversation."""
    max_output_tokens: int | Literal["inf"] = "inf"


@dataclass(eq=False)
class Response:
    """What is known of one response."""

    settings: ResponseSettings
    id: str = field(default_factory=lambda: new_id("resp"))
    status: Status = "in_progress"
    reason: Reason | None = None
    error: SokujiError | None = None
    item: Item | None = None
    """Its output, once it has any."""
    said: str = ""
    heard_ms: int = 0
    """Audio of the input that it answers."""
    read: str = ""
    """Text of the input that it answers."""
    started: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it is in progress, or over."""
    waiting: deque[Callable[[], None]] = field(default_factory=deque)
    """What happens to it once it is the first."""

    @property
    def is_over(self) -> bool:
        """Whether nothing may be added to it."""
        return self.status != "in_progress"


def as_dict(response: Response, status: Status, conversation_id: str) -> JSONObject:
    """A response as GA clients read it."""
    settings, is_over = response.settings, status != "in_progress"
    return {
        "object": "realtime.response",
        "id": response.id,
        "status": status,
        "status_details": _status_details(response, status) if is_over else None,
        "output": [response.item.as_dict()] if response.item else [],
        "conversation_id": conversation_id if settings.in_conversation else None,
        "output_modalities": [settings.modality],
        "max_output_tokens": settings.max_output_tokens,
        "audio": {"output": {"format": settings.format.as_dict(), "voice": settings.voice_name}},
        "usage": _usage(response) if is_over else None,
        "metadata": dict(settings.metadata) if settings.metadata is not None else None,
    }


def part_of(response: Response) -> JSONObject:
    """The content of its output."""
    if response.settings.modality == "audio":
        return {"type": "audio", "transcript": response.said}
    return {"type": "text", "text": response.said}


def joined(said: str, text: str) -> str:
    """Text behind text, with the space that its script has between words."""
    text = text.strip()
    if not said or not text or said[-1].isspace() or is_spaceless(said[-1]) or is_spaceless(text[0]):
        return said + text
    return f"{said} {text}"


def _status_details(response: Response, status: Status) -> JSONObject:
    details: JSONObject = {"type": status}
    if response.reason is not None:
        details["reason"] = response.reason
    if response.error is not None:
        error = response.error
        details["error"] = {"type": error_type(error), "code": error.code, "message": error.message}
    return details


def _usage(response: Response) -> JSONObject:
    return response_usage(
        heard_ms=response.heard_ms,
        read=response.read,
        said=response.said,
        said_ms=response.item.audio_ms if response.item else 0,
    )
