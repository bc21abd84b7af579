"""The server events of a realtime session that wait to be sent, in the order in which they happened."""

from collections import deque
from collections.abc import Callable
from typing import Any

from sokuji.api.openai.wire import JSONObject, error_event, server_event
from sokuji.errors import SokujiError


class Outbox:
    """Server events, oldest first.

    Args:
        translate: returns the events of the client's dialect for one of GA's.
    """

    def __init__(self, translate: Callable[[JSONObject], list[JSONObject]] = lambda event: [event]) -> None:
        self.translate = translate
        self._events: deque[JSONObject] = deque()

    def __bool__(self) -> bool:
        """Whether an event waits."""
        return bool(self._events)

    def emit(self, kind: str, **fields: Any) -> None:
        """Add an event."""
        self._add(server_event(kind, **fields))

    def fail(self, error: SokujiError, event_id: str | None = None) -> None:
        """Add an ``error``; see ``error_event``."""
        self._add(error_event(error, event_id))

    def next(self) -> JSONObject:
        """Take the oldest event."""
        return self._events.popleft()

    def _add(self, event: JSONObject) -> None:
        self._events += self.translate(event)
