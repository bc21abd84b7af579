"""Exponential moving averages over time: of a level that changes in steps, and of values that come now and
then."""

import math


class LevelAverage:
    """The average of a level over the last ``window_s`` (time constant).

    Args:
        now: when it begins, in seconds on any clock.
        initial: what the average is then; the level is 0.
    """

    def __init__(self, window_s: float, now: float, initial: float = 0.0) -> None:
        self._window_s = window_s
        self._level = 0.0
        self._average = initial
        self._at = now

    def set(self, level: float, now: float) -> None:
        """Change the level."""
        self._average, self._at = self.at(now), now
        self._level = level

    def at(self, now: float) -> float:
        """The average at ``now``, which is not before the last change."""
        return self._level + (self._average - self._level) * math.exp((self._at - now) / self._window_s)


class ValueAverage:
    """The average of the values of the last ``window_s``; it fades when none come."""

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._sum = 0.0
        self._weight = 0.0
        self._at = 0.0

    def add(self, value: float, now: float) -> None:
        """Note a value."""
        kept = self._kept(now)
        self._sum, self._weight, self._at = self._sum * kept + value, self._weight * kept + 1, now

    def at(self, now: float) -> float:
        """The average, which halves with every 0.7 ``window_s`` without a value; 0 before the first."""
        return self._sum / self._weight * self._kept(now) if self._weight else 0.0

    def _kept(self, now: float) -> float:
        return math.exp((self._at - now) / self._window_s) if self._weight else 0.0
