"""Drops what a session brings again after it has been resumed on another connection."""

from collections import deque

from sokuji.client.deduplication import Deduplicator
from sokuji.events import Ack, Audio, Event, Failed, HeardEvent, Transcription, TranslationText

KEPT_ACKS = 8
"""The client may have missed the last ones, and then resumes from one before them."""


class Repeats:
    """The events of all connections of one session become those of one conversation."""

    def __init__(self) -> None:
        self._deduplicator = Deduplicator()
        self._acks: deque[Ack] = deque()
        """The last ones: it is not known yet whether the client has them."""

    def process(self, event: Event) -> HeardEvent | None:
        """The event as listeners should see it; None: it is not for them, or they have it."""
        if isinstance(event, Ack):
            self._acks.append(event)
            if len(self._acks) > KEPT_ACKS:
                self._deduplicator.process(self._acks.popleft())
            return None
        processed = self._deduplicator.process(event)
        if isinstance(processed, Transcription | TranslationText | Audio):
            return processed
        if isinstance(processed, Failed) and processed.segment_id is not None:
            return processed
        return None

    def resume(self, at: Ack) -> None:
        """The next events come from the audio behind an ack, which the client has had."""
        position = at.through_ms, at.text
        if any((each.through_ms, each.text) == position for each in self._acks):
            while True:
                ack = self._acks.popleft()
                self._deduplicator.process(ack)
                if (ack.through_ms, ack.text) == position:
                    break
        self._acks.clear()
        self._deduplicator.resume()
