"""The last events of a broadcast, for those who join late or come back. Bounded in segments and in bytes."""

from bisect import bisect_right
from collections import deque
from collections.abc import Collection, Iterator
from itertools import islice

from sokuji import events
from sokuji.broadcast.contract import NumberedEvent

MAX_VOICE_BYTES = 2**22
"""Of the voices of all languages: about 80 s of one."""


class History:
    """The entries of the last segments, oldest first.

    Args:
        segments: how many of them are kept.
    """

    def __init__(self, segments: int) -> None:
        self._entries: list[NumberedEvent] = []
        self._segment_ids: deque[int] = deque(maxlen=segments)
        self._voice_bytes = 0
        self.last = 0
        """Number of the newest event; 0: there was none."""

    def __len__(self) -> int:
        """Entries that are kept."""
        return len(self._entries)

    def add(self, entry: NumberedEvent) -> None:
        """Add the newest event. A transcription takes the place of the partial one of its segment."""
        event = entry.event
        self.last = entry.number
        if isinstance(event, events.Transcription):
            self._entries = [each for each in self._entries if not supersedes(event, each.event)]
        elif isinstance(event, events.Audio):
            self._make_room(len(event.pcm))
        if event.segment_id is not None:
            self._keep_segment(event.segment_id)
        self._entries.append(entry)

    def behind(self, number: int, voices: Collection[str]) -> Iterator[NumberedEvent]:
        """What came behind an event, with the voices of some languages."""
        begin = bisect_right(self._entries, number, key=lambda entry: entry.number)
        for entry in islice(self._entries, begin, None):
            if not isinstance(entry.event, events.Audio) or entry.event.target_language in voices:
                yield entry

    def _keep_segment(self, segment_id: int) -> None:
        if segment_id in self._segment_ids:
            return
        oldest = self._segment_ids[0] if len(self._segment_ids) == self._segment_ids.maxlen else None
        self._segment_ids.append(segment_id)
        if oldest is not None:
            self._voice_bytes -= sum(_voice_bytes(each) for each in self._entries if _of(each, oldest))
            self._entries = [each for each in self._entries if not _of(each, oldest)]

    def _make_room(self, size: int) -> None:
        self._voice_bytes += size
        while self._voice_bytes > MAX_VOICE_BYTES:
            at = next((at for at, each in enumerate(self._entries) if _voice_bytes(each)), None)
            if at is None:
                return
            self._voice_bytes -= _voice_bytes(self._entries.pop(at))


def supersedes(new: events.Transcription, old: object) -> bool:
    """Whether a transcription replaces an event that nobody has read yet."""
    return isinstance(old, events.Transcription) and not old.is_final and old.segment_id == new.segment_id


def _of(entry: NumberedEvent, segment_id: int) -> bool:
    return entry.event.segment_id == segment_id


def _voice_bytes(entry: NumberedEvent) -> int:
    return len(entry.event.pcm) if isinstance(entry.event, events.Audio) else 0
