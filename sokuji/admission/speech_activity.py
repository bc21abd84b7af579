"""How much of the time one session speaks: what it needs now, and what it may be expected to need.

A session that has just been let in has needed nothing yet, but is expected to speak like the others. The
difference is its *lead*: what has to be kept free for it. It goes as the session speaks and its speech shows
in the load of the providers, or as the session proves to be silent.
"""

import time
from collections.abc import Callable

from sokuji.moving_average import LevelAverage

EXPECTED_WINDOW_S = 60.0
"""How fast the expectation follows what a session does."""
RECENT_WINDOW_S = 20.0
"""Slower than ``BUSY_WINDOW_S``: the speech of a session stops to count as its lead after it has begun to
count as load, not before."""
LEAST_EXPECTED = 0.05
"""A session that has been silent for long is expected to speak for this share of the time."""


class SpeechActivity:
    """The speech of one session. ``end`` it when the session is over.

    Args:
        typical: share of the time that sessions speak.
        on_change: called when the session has begun or ended to speak, has settled, or is over.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        typical: float = 0.0,
        on_change: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        now = clock()
        self._clock = clock
        self._on_change = on_change
        self._expected = LevelAverage(EXPECTED_WINDOW_S, now, typical)
        self._recent = LevelAverage(RECENT_WINDOW_S, now)
        self._speaking_since: float | None = None
        self._unsettled_s = 0.0
        self.began = now
        """When it was let in."""
        self.ended = False
        """Whether the session is over."""
        self.was_heard = False
        """Whether speech of it has been recognised."""
        self._settled_s = 0.0

    @property
    def expected(self) -> float:
        """Share of the time that it is expected to speak: 0 to 1."""
        return max(LEAST_EXPECTED, self._expected.at(self._clock()))

    @property
    def lead(self) -> float:
        """What of ``expected`` does not show in the load of the providers yet."""
        return max(0.0, self.expected - self._recent.at(self._clock()))

    def speaking(self, speaks: bool) -> None:
        """Note that somebody begins or stops to speak."""
        now = self._clock()
        if self._speaking_since is not None:
            self._unsettled_s += now - self._speaking_since
        self._speaking_since = now if speaks else None
        for average in (self._expected, self._recent):
            average.set(float(speaks), now)
        self._on_change()

    def settle(self) -> None:
        """Note that all speech that has ended is recognised."""
        if self._unsettled_s:
            self.was_heard = True
            self._settled_s += self._unsettled_s
            self._unsettled_s = 0.0
            self._on_change()

    def take_settled(self) -> float:
        """Seconds of speech that have been recognised since the last call."""
        settled_s, self._settled_s = self._settled_s, 0.0
        return settled_s

    def end(self) -> None:
        """Note that the session is over."""
        if not self.ended:
            self.ended = True
            self._on_change()
