"""The items of a conversation: what was said, written and answered, in order.

The oldest are forgotten when there are many: an interpreter needs none of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from sokuji.api.openai.realtime.config_parts import ConfigPart, checked
from sokuji.api.openai.wire import JSONObject, new_id
from sokuji.errors import InvalidRequest, NotSupported

MAX_ITEMS = 500
ROOT = "root"
"""``previous_item_id`` of an item at the beginning."""
Role = Literal["user", "assistant", "system"]
Status = Literal["completed", "incomplete", "in_progress"]
_TEXT_TYPES: Mapping[Role, str] = {"user": "input_text", "system": "input_text", "assistant": "output_text"}


class _TextContent(ConfigPart):
    type: str
    text: str


class _WrittenItem(ConfigPart):
    id: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    type: Literal["message"]
    role: Role
    content: list[dict[str, Any]] = Field(max_length=100)


@dataclass(eq=False)
class Item:
    """A message of the conversation."""

    role: Role
    content: list[JSONObject] = field(default_factory=list)
    status: Status = "completed"
    id: str = field(default_factory=lambda: new_id("item"))
    audio_ms: int = 0
    """Of an assistant's audio that has been sent."""

    @property
    def text(self) -> str:
        """All that is written in it."""
        return " ".join(part["text"] for part in self.content if "text" in part)

    def as_dict(self) -> JSONObject:
        """As GA clients read it."""
        return {
            "id": self.id,
            "object": "realtime.item",
            "type": "message",
            "status": self.status,
            "role": self.role,
            "content": [dict(part) for part in self.content],
        }


class Items:
    """The items of one conversation."""

    def __init__(self) -> None:
        self._items: list[Item] = []

    def add(self, item: Item, after: str | None = None) -> str | None:
        """Add an item.

        Args:
            after: id of the item before it, or ``root``; None: at the end.

        Returns:
            The id of the item before it; None: it is the first.

        Raises:
            InvalidRequest: there is no such item, or one with the id of ``item``.
        """
        if any(each.id == item.id for each in self._items):
            raise InvalidRequest(f"there is an item {item.id[:80]!r} already", param="item.id")
        at = len(self._items) if after is None else 0
        if after not in (None, ROOT):
            at = self._items.index(self.find(str(after), param="previous_item_id")) + 1
        self._items.insert(at, item)
        previous = self._items[at - 1].id if at else None
        del self._items[: max(0, len(self._items) - MAX_ITEMS)]
        return previous

    def find(self, item_id: str, *, param: str = "item_id") -> Item:
        """The item with an id.

        Raises:
            InvalidRequest: there is none.
        """
        found = next((each for each in self._items if each.id == item_id), None)
        if found is None:
            raise InvalidRequest(f"there is no item {item_id[:80]!r} in this conversation", param=param)
        return found

    def has(self, item: Item) -> bool:
        """Whether an item is in the conversation."""
        return any(each is item for each in self._items)

    def delete(self, item_id: str) -> None:
        """Remove an item.

        Raises:
            InvalidRequest: there is none with this id.
        """
        self._items.remove(self.find(item_id))

    def truncate(self, item_id: str, content_index: int, audio_end_ms: int) -> None:
        """Forget what has not been heard of an assistant's audio, and its transcript.

        Raises:
            InvalidRequest: no such item, no such part, or it has less audio.
        """
        item = self.find(item_id)
        if item.role != "assistant":
            raise InvalidRequest("only the audio of an assistant's item can be truncated", param="item_id")
        if content_index >= len(item.content) or item.content[content_index]["type"] != "output_audio":
            raise InvalidRequest("the item has no audio at this index; accepted: 0", param="content_index")
        if audio_end_ms > item.audio_ms:
            raise InvalidRequest(f"the item has {item.audio_ms} ms of audio", param="audio_end_ms")
        item.audio_ms = audio_end_ms
        item.content[content_index]["transcript"] = ""


def written_item(data: Mapping[str, Any], path: str = "item") -> Item:
    """The item that a client has written.

    Args:
        path: where it stands in the event.

    Raises:
        InvalidRequest: a malformed item.
        NotSupported: anything but text: the message says what to do instead.
    """
    if data.get("type") in ("function_call", "function_call_output") or str(data.get("type"))[:3] == "mcp":
        raise NotSupported(f"{path}.type: an interpreter calls no tools", param=f"{path}.type")
    written = checked(_WrittenItem, data, path)
    accepted = _TEXT_TYPES[written.role]
    content: list[JSONObject] = []
    for index, part in enumerate(written.content):
        where = f"{path}.content.{index}"
        if part.get("type") not in (accepted, "text"):
            raise NotSupported(
                f"{where}.type {str(part.get('type'))[:40]!r} is not supported here; accepted: {accepted}; "
                "audio goes to input_audio_buffer.append",
                param=f"{where}.type",
            )
        content.append({"type": accepted, "text": checked(_TextContent, part, where).text})
    return Item(written.role, content, id=written.id or new_id("item"))
