"""Whether the model of a replica answers: from what becomes of its calls. Pure.

A model that gives no good answer for long while calls wait for one hangs or is broken. How long is long
follows from the model: several times what its answers have taken, or its first test inference many times.
"""

import time
from collections.abc import Callable

LEAST_STALL_S = 20.0
"""A model that has no good answer for less time than this does not hang, however fast it usually is."""
ANSWER_FACTOR = 4.0
"""A model hangs when an answer takes this many times as long as its slowest one lately..."""
CHECK_FACTOR = 100.0
"""...or, as long as it has not answered, as its test inference: the longest input takes about that."""
FORGET = 0.9
"""Weight of the slowest answer at each answer after it."""
ABANDONED_S = 5.0
"""A call that its caller gives up after this time speaks against the model; others have other reasons."""
RECENT_S = 30.0
"""A model that has answered within this time needs no test inference."""


class ModelHealth:
    """The calls of one model.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._slowest_s = 0.0
        self._succeeded_at = clock()
        self._failed_since: float | None = None
        """When the first call began that has failed since the last good answer."""
        self._waiting: dict[object, float] = {}
        """Call -> when it began."""

    def loaded(self, check_s: float) -> None:
        """Note a new model, whose test inference took ``check_s``."""
        self._slowest_s = CHECK_FACTOR / ANSWER_FACTOR * check_s
        self._note_answer()

    def began(self, call: object) -> None:
        """Note the beginning of a call."""
        self._waiting[call] = self._clock()

    def ended(self, call: object, *, abandoned: bool = False) -> None:
        """Note the end of a call, whatever became of it."""
        began = self._waiting.pop(call)
        if abandoned and self._clock() - began > ABANDONED_S:
            self._note_failure(began)

    def succeeded(self) -> None:
        """Note a good answer, or a part of one."""
        if self._waiting:
            self._slowest_s = max(FORGET * self._slowest_s, self._clock() - self._waiting_since)
        self._note_answer()

    def failed(self) -> None:
        """Note that the model has failed on a call."""
        self._note_failure(self._waiting_since)

    @property
    def is_idle(self) -> bool:
        """Whether nothing shows that the model works: no call waits, and none has been answered lately."""
        return not self._waiting and self._clock() - self._succeeded_at >= RECENT_S

    @property
    def stalled_s(self) -> float | None:
        """For how long there has been no good answer; None: not for too long."""
        since = self._waiting_since if self._failed_since is None else self._failed_since
        stalled_s = self._clock() - since
        return stalled_s if stalled_s > max(LEAST_STALL_S, ANSWER_FACTOR * self._slowest_s) else None

    @property
    def _waiting_since(self) -> float:
        """Since when the calls that wait have had no good answer; now, if none waits."""
        return max(self._succeeded_at, min(self._waiting.values(), default=self._clock()))

    def _note_answer(self) -> None:
        self._succeeded_at, self._failed_since = self._clock(), None

    def _note_failure(self, since: float) -> None:
        if self._failed_since is None:
            self._failed_since = max(since, self._succeeded_at)
