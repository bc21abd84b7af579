"""The input audio buffer: what a client appends, and the items that commits make of it.

With turn detection every segment of the session becomes an item when its speech stops. Without it the client
commits: an item has all segments that began before the commit. ``Boundary`` tells when the session has come
to a commit or clear of the client.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from sokuji import events
from sokuji.api.openai.realtime.items import Items
from sokuji.api.openai.realtime.outbox import Outbox
from sokuji.api.openai.realtime.user_audio import SpokenItem, SpokenSegment
from sokuji.errors import InvalidRequest

MIN_COMMIT_MS = 100


class EmptyCommit(InvalidRequest):
    """There is nothing to commit."""

    code = "input_audio_buffer_commit_empty"


@dataclass(frozen=True, slots=True)
class _Request:
    """A commit or clear that the session has not come to yet."""

    event_id: str | None
    committed: SpokenItem | None = None
    """The item of a commit without turn detection."""
    is_clear: bool = False
    stops_before: int = 0
    """Turns that had ended when it came."""


class InputAudio:
    """Makes items of the speech of one session.

    Args:
        on_commit: called with each item when it becomes part of the conversation.
    """

    def __init__(self, outbox: Outbox, items: Items, on_commit: Callable[[SpokenItem], None]) -> None:
        self._outbox = outbox
        self._items = items
        self._on_commit = on_commit
        self.detects_turns = True
        """As the segments that begin now are told apart."""
        self.prefix_ms = 0
        """Audio before the speech that belongs to a turn."""
        self.received_ms = 0.0
        """Audio that has been appended."""
        self._buffered_from_ms = 0.0
        """Where the audio begins that is neither committed nor cleared."""
        self._turn: SpokenItem | None = None
        """The turn that is being spoken."""
        self._uncommitted: SpokenItem | None = None
        """What has been said since the last commit of the client, without turn detection."""
        self._requests: deque[_Request] = deque()
        self._stops = 0
        self._by_segment: dict[int, SpokenItem] = {}

    @property
    def is_quiet(self) -> bool:
        """Whether nobody speaks, and all that was said is worked off."""
        return not (self._turn or self._uncommitted or self._requests or self._by_segment)

    def append(self, duration_ms: float) -> None:
        """Note audio that is given to the session."""
        self.received_ms += duration_ms

    def commit(self, event_id: str | None, *, detects_turns: bool) -> None:
        """Note that the client commits; the caller flushes the session.

        Args:
            detects_turns: as the session has been configured last.

        Raises:
            EmptyCommit: there is less than ``MIN_COMMIT_MS`` of audio; it stays in the buffer.
        """
        buffered_ms = self.received_ms - self._buffered_from_ms
        if buffered_ms < MIN_COMMIT_MS:
            raise EmptyCommit(
                f"the buffer has {buffered_ms:.0f} ms of audio, and a commit needs {MIN_COMMIT_MS} ms; "
                "append more first",
                param="audio",
            )
        item = None
        if not detects_turns:
            item, self._uncommitted = self._uncommitted or SpokenItem(), None
            self._buffered_from_ms = self.received_ms
            self._put_into_conversation(item)
        self._requests.append(_Request(event_id, item, stops_before=self._stops))

    def clear(self, event_id: str | None) -> None:
        """Note that the client clears the buffer; the caller clears the session."""
        self._requests.append(_Request(event_id, is_clear=True))
        self._buffered_from_ms = self.received_ms

    def begin_mode(self, *, detects_turns: bool, prefix_ms: int) -> None:
        """Tell the segments that begin from now on apart in another way.

        What has been said without turn detection and not been committed becomes an item.
        """
        if self._uncommitted is not None:
            item, self._uncommitted = self._uncommitted, None
            item.is_whole = True
            self._put_into_conversation(item)
        self.detects_turns, self.prefix_ms = detects_turns, prefix_ms

    def item_of(self, segment_id: int | None) -> SpokenItem | None:
        """The item to which a segment belongs; None: it has been cleared, or is unknown."""
        return None if segment_id is None else self._by_segment.get(segment_id)

    def segment(self, segment_id: int) -> SpokenSegment | None:
        """A segment; None as for ``item_of``."""
        item = self._by_segment.get(segment_id)
        return item.segments[segment_id] if item else None

    def start(self, event: events.Speech) -> None:
        """Note that a segment begins."""
        if self.detects_turns:
            item = self._turn = SpokenItem()
            begin_ms = max(self._buffered_from_ms, event.at_ms - self.prefix_ms, 0)
            self._outbox.emit(
                "input_audio_buffer.speech_started", audio_start_ms=int(begin_ms), item_id=item.item.id
            )
        else:
            committed = next((each.committed for each in self._requests if each.committed), None)
            item = committed or self._uncommitted or SpokenItem()
            if committed is None:
                self._uncommitted = item
        item.segments[event.segment_id] = SpokenSegment(event.at_ms)
        self._by_segment[event.segment_id] = item

    def stop(self, event: events.Speech) -> None:
        """Note that a segment ends: with turn detection it is committed."""
        item, segment = self.item_of(event.segment_id), self.segment(event.segment_id)
        if item is None or segment is None:
            return
        segment.stop_ms = event.at_ms
        segment.audio_ms = event.at_ms - segment.start_ms
        if item is self._turn:
            self._turn = None
            self._stops += 1
            self._buffered_from_ms = max(self._buffered_from_ms, event.at_ms)
            item.is_whole = True
            self._outbox.emit(
                "input_audio_buffer.speech_stopped", audio_end_ms=event.at_ms, item_id=item.item.id
            )
            self._put_into_conversation(item)

    def pass_boundary(self) -> SpokenItem | None:
        """Note that the session has come to the oldest commit or clear; returns its item."""
        if not self._requests:
            return None
        request = self._requests.popleft()
        if request.is_clear:
            self._forget(self._turn)
            self._forget(self._uncommitted)
            self._turn = self._uncommitted = None
            self._outbox.emit("input_audio_buffer.cleared")
        elif request.committed is not None:
            request.committed.is_whole = True
        elif self._stops == request.stops_before:
            nothing = EmptyCommit("nothing has been said since the last commit", param="audio")
            self._outbox.fail(nothing, request.event_id)
        return request.committed

    def deliver(self, through_ms: int) -> list[SpokenItem]:
        """Note that everything spoken before a time is worked off; returns the items that this completes."""
        changed: dict[SpokenItem, None] = {}
        for segment_id, item in list(self._by_segment.items()):
            segment = item.segments[segment_id]
            if segment.stop_ms is None or segment.stop_ms > through_ms:
                break
            segment.is_delivered = True
            del self._by_segment[segment_id]
            changed[item] = None
        return list(changed)

    def commit_silence(self, from_ms: int, to_ms: int) -> None:
        """Commit audio in which nobody spoke for too long."""
        item = SpokenItem(is_whole=True)
        self._outbox.emit(
            "input_audio_buffer.timeout_triggered",
            audio_start_ms=from_ms,
            audio_end_ms=to_ms,
            item_id=item.item.id,
        )
        self._buffered_from_ms = max(self._buffered_from_ms, to_ms)
        self._put_into_conversation(item)

    def _forget(self, item: SpokenItem | None) -> None:
        for segment_id in item.segments if item else ():
            self._by_segment.pop(segment_id, None)

    def _put_into_conversation(self, item: SpokenItem) -> None:
        previous = self._items.add(item.item)
        item.is_committed = True
        self._outbox.emit("input_audio_buffer.committed", item_id=item.item.id, previous_item_id=previous)
        for kind in ("conversation.item.added", "conversation.item.done"):
            self._outbox.emit(kind, item=item.item.as_dict(), previous_item_id=previous)
        self._on_commit(item)
