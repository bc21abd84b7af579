"""The client events of a realtime session.

Their sessions, items and responses are checked by the modules that own them (``session_config``, ``items``,
``response_requests``), because each dialect writes them in its own way.
"""

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import Field

from sokuji.api.openai.wire import ClientEvent, JSONObject

MAX_ID_CHARS = 512


class SessionUpdate(ClientEvent):
    """Changes the fields of the session that it has."""

    session: JSONObject


class AudioAppend(ClientEvent):
    """Audio in the input format of the session, as base64."""

    audio: str


class AudioCommit(ClientEvent):
    """Ends the utterance: what has been appended becomes an item."""


class AudioClear(ClientEvent):
    """Drops what has been appended and not committed."""


class OutputAudioClear(ClientEvent):
    """Stops the audio that is played; for WebRTC."""


class ItemCreate(ClientEvent):
    """Adds an item to the conversation."""

    item: JSONObject
    previous_item_id: str | None = Field(None, max_length=MAX_ID_CHARS)


class ItemRetrieve(ClientEvent):
    """Asks for an item."""

    item_id: str = Field(max_length=MAX_ID_CHARS)


class ItemDelete(ItemRetrieve):
    """Removes an item from the conversation."""


class ItemTruncate(ItemRetrieve):
    """Says how much of an item's audio has been played."""

    content_index: int = Field(ge=0)
    audio_end_ms: int = Field(ge=0)


class ResponseCreate(ClientEvent):
    """Asks for a response to what has been said and written."""

    response: JSONObject = Field(default_factory=dict)


class ResponseCancel(ClientEvent):
    """Stops a response; None: the one in progress."""

    response_id: str | None = Field(None, max_length=MAX_ID_CHARS)


CLIENT_EVENTS: Mapping[str, type[ClientEvent]] = MappingProxyType(
    {
        "session.update": SessionUpdate,
        "transcription_session.update": SessionUpdate,
        "input_audio_buffer.append": AudioAppend,
        "input_audio_buffer.commit": AudioCommit,
        "input_audio_buffer.clear": AudioClear,
        "output_audio_buffer.clear": OutputAudioClear,
        "conversation.item.create": ItemCreate,
        "conversation.item.retrieve": ItemRetrieve,
        "conversation.item.delete": ItemDelete,
        "conversation.item.truncate": ItemTruncate,
        "response.create": ResponseCreate,
        "response.cancel": ResponseCancel,
    }
)
"""``type`` -> class."""
