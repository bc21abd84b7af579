"""How one session behaves under load: how often it recognises unfinished speech, whether it speculates. Pure.

What a session does twice or too early is given up first, in the order of its use: hypotheses about unfinished
speech become rarer as recognition becomes slower, then speculation stops. Recognition and delivery of speech
that is over are never held back. A state is left at a lower load than it is entered with, so that it does not
flap.
"""

from typing import Literal

from sokuji.config import StreamingSettings

State = Literal["normal", "partials_slowed", "speculation_off"]

SHARE = 2.0
"""Interim recognitions begin at least this many recognition times apart: half of the time is left."""
SLOWED = 2.0
"""They count as slowed when the time between them is this many times the configured one..."""
OFTEN_S = 0.2
"""...or this, if less is configured: nobody sees the difference."""
RARER = 4.0
"""How much longer the time between them is while nothing is speculated."""
WEIGHT = 0.3
"""Of the newest recognition in the smoothed time (exponential moving average)."""
RELEASE = 0.75
"""Share of a limit below which it no longer counts as exceeded."""


class LoadShedding:
    """The load that one session sees."""

    def __init__(self, settings: StreamingSettings) -> None:
        self._speculate = settings.speculate
        self._interval_s = settings.partial_interval_ms / 1_000
        self._recognition_s: float | None = None
        self._interim_s: float | None = None
        self._slowed = _Limit(SLOWED * max(self._interval_s, OFTEN_S))
        self._slow_recognition = _Limit(settings.max_recognition_s)
        self._late = _Limit(settings.max_lag_s / 2)

    def recognised(self, took_s: float, *, interim: bool) -> None:
        """The recogniser has answered after so many seconds, waiting in its queue included.

        Interim recognitions have a pace of their own: others may take several searches.
        """
        self._recognition_s = _smoothed(self._recognition_s, took_s)
        self._slow_recognition.feel(self._recognition_s)
        if interim:
            self._interim_s = _smoothed(self._interim_s, took_s)
            self._slowed.feel(SHARE * self._interim_s)

    def delivered(self, lag_ms: int) -> None:
        """An utterance has been delivered so many milliseconds after its end."""
        self._late.feel(lag_ms / 1_000)

    def may_hypothesise(self, since_last_s: float) -> bool:
        """Whether unfinished speech may be recognised, so many seconds after that was last begun."""
        interval_s = max(self._interval_s, SHARE * (self._interim_s or 0.0))
        return since_last_s >= interval_s * (RARER if self.state == "speculation_off" else 1.0)

    @property
    def speculates(self) -> bool:
        """Whether work may begin before it is sure that the speech is over."""
        return self._speculate and self.state != "speculation_off"

    @property
    def state(self) -> State:
        """What clients are told."""
        if self._slow_recognition.exceeded or self._late.exceeded:
            return "speculation_off"
        return "partials_slowed" if self._slowed.exceeded else "normal"


def _smoothed(before: float | None, value: float) -> float:
    return value if before is None else before + WEIGHT * (value - before)


class _Limit:
    """A limit with hysteresis (a Schmitt trigger)."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self.exceeded = False

    def feel(self, value: float) -> None:
        self.exceeded = value > self._limit * (RELEASE if self.exceeded else 1.0)
