"""Which clauses have been delivered in every target language, and the acknowledgements that follow. Pure."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from sokuji.events import Ack
from sokuji.session.clause import ClausePosition


@dataclass(slots=True)
class _Undelivered:
    position: ClausePosition
    text: str
    end_ms: int | None
    due: float
    targets: set[str]


class DeliveryLedger:
    """The clauses that have not been delivered everywhere yet, oldest first.

    Args:
        through_ms, text: the last acknowledgement of the connection that this session resumes.
    """

    def __init__(self, through_ms: int = 0, text: str = "") -> None:
        self.acknowledged = Ack(through_ms, text)
        """The last acknowledgement."""
        self._undelivered: deque[_Undelivered] = deque()

    @property
    def oldest_due(self) -> float | None:
        """When the oldest of these clauses was spoken (monotonic seconds)."""
        return self._undelivered[0].due if self._undelivered else None

    def due(self, position: ClausePosition) -> float | None:
        """When the clause at a position was spoken (monotonic seconds); None: it is not among them."""
        return next((each.due for each in self._undelivered if each.position == position), None)

    def is_last(self, position: ClausePosition) -> bool:
        """Whether the clause at a position is the last one of its segment."""
        return any(each.position == position and each.end_ms is not None for each in self._undelivered)

    def has_undelivered(self, before: ClausePosition) -> bool:
        """Whether one of these clauses is before a position."""
        return bool(self._undelivered) and self._undelivered[0].position < before

    def commit(
        self, position: ClausePosition, text: str, targets: Iterable[str], due: float, end_ms: int | None
    ) -> None:
        """Add a clause that is on its way to ``targets``.

        Args:
            text: its words, as they stand in the segment's text.
            due: when it was spoken (monotonic seconds).
            end_ms: where the segment ends, for its last clause.
        """
        self._undelivered.append(_Undelivered(position, text, end_ms, due, set(targets)))

    def delivered(self, position: ClausePosition, target: str) -> None:
        """Note that ``target`` has had everything up to ``position``."""
        for clause in self._undelivered:
            if clause.position > position:
                break
            clause.targets.discard(target)

    def settle(self) -> Ack | None:
        """The acknowledgement of what has been delivered since the last one; None: nothing has."""
        before = self.acknowledged
        while self._undelivered and not self._undelivered[0].targets:
            clause = self._undelivered.popleft()
            if clause.end_ms is None:
                text = self.acknowledged.text + clause.text
                self.acknowledged = Ack(self.acknowledged.through_ms, text, clause.position[1] + 1)
            else:
                self.acknowledged = Ack(clause.end_ms)
        return self.acknowledged if self.acknowledged != before else None

    def silence(self, through_ms: int) -> Ack | None:
        """The acknowledgement of silence up to ``through_ms``; None while a clause is on its way."""
        return None if self.acknowledged.text or self._undelivered else self.finish(through_ms)

    def finish(self, through_ms: int) -> Ack | None:
        """The acknowledgement of everything up to ``through_ms``; None if that is nothing new."""
        if through_ms <= self.acknowledged.through_ms:
            return None
        self.acknowledged = Ack(through_ms)
        return self.acknowledged
