"""The messages of a listener's WebSocket (docs/broadcast.md): one comes in, events go out.

Events have the frames of the bridge API, and the number of the event where a listener can go on behind it.
"""

import re
from dataclasses import asdict
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sokuji import __version__, events, languages
from sokuji.api.bridge.messages import encode_event
from sokuji.broadcast.mailbox import Letter
from sokuji.errors import InvalidRequest
from sokuji.events import ListenerEvent
from sokuji.protocol import LISTENER_EVENT_TYPES, AudioEncoding, OutputMode

_BROADCAST_ID = re.compile(r"[\w-]{22}", re.ASCII)


class ListenMessage(BaseModel):
    """Chooses what to listen to."""

    model_config = ConfigDict(extra="forbid", strict=True)

    type: Literal["listen"]
    broadcast: str = Field(max_length=64)
    language: str = Field(max_length=64)
    output: OutputMode = "audio"
    audio_encoding: AudioEncoding = "pcm_binary"
    after: int | None = Field(None, ge=0)

    @property
    def target(self) -> str:
        """The canonical code of the language.

        Raises:
            UnsupportedLanguage: it is none.
        """
        return languages.parse(self.language, "language")


def decode_listen(frame: str | bytes) -> ListenMessage:
    """Decode a listener's frame.

    Raises:
        InvalidRequest: it is no ``listen`` message, or a value of it is not accepted.
    """
    if isinstance(frame, bytes):
        raise InvalidRequest("a listener sends no audio; send a listen message", param="type")
    try:
        message = ListenMessage.model_validate_json(frame)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        name = str(fault["loc"][0])[:40] if fault["loc"] else "type"
        if fault["type"] == "extra_forbidden":
            accepted = ", ".join(ListenMessage.model_fields)
            raise InvalidRequest(
                f"{name!r} is no field of listen; accepted: {accepted}", param=name
            ) from None
        raise InvalidRequest(f"{name}: {fault['msg']}", param=name) from None
    if not _BROADCAST_ID.fullmatch(message.broadcast):
        raise InvalidRequest(
            "broadcast must be that of the speaker's ready event: 22 characters", param="broadcast"
        )
    return message


def encode_letter(letter: Letter[ListenerEvent], encoding: AudioEncoding) -> list[dict[str, Any] | bytes]:
    """The frames of an event, in order."""
    event = letter.event
    if isinstance(
        event, events.ListeningOffer | events.Joined | events.BroadcastChanged | events.VoiceSkipped
    ):
        frame = {"type": LISTENER_EVENT_TYPES[type(event)], **asdict(event)}
        return [{**frame, "version": __version__} if isinstance(event, events.Joined) else frame]
    frames = encode_event(event, encoding)
    if letter.number is not None and isinstance(frames[0], dict):
        frames[0]["event"] = letter.number
    return frames
