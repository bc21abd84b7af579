"""How a session sheds load: fewer hypotheses about unfinished speech, no speculation, no voice. Pure.

What costs the listener least is given up first: hypotheses become rarer as recognition becomes slower, then
speculation stops, then what would be heard too late is not spoken. Captions and translations are never held
back. A state is left at a lower load than it is entered at (hysteresis), so that it does not flap.

A client that sends faster than speech, such as a file, does not listen as it speaks: nothing comes too late
for it, and all work for it gives way to that for others (``pipeline.caller``).
"""

from collections.abc import Callable
from typing import Literal

from sokuji.config import StreamingSettings

LoadState = Literal["normal", "partials_slowed", "speculation_off"]

INTERVAL_FACTOR = 2.0
"""Hypotheses begin at least this many recognition times apart: half of the recogniser's time stays free."""
SLOWED_FACTOR = 2.0
"""Hypotheses count as slowed when their interval is this many times the configured one..."""
UNNOTICEABLE_S = 0.7
"""...or this, if the configured interval is shorter: nobody sees the difference."""
SPECULATION_OFF_FACTOR = 4.0
"""How much longer the interval is while speculation is off."""
SMOOTHING = 0.3
"""Weight of the newest recognition time in the exponential moving average."""
RELEASE = 0.75
"""Share of a limit below which it no longer counts as exceeded."""


class LoadShedding:
    """The load of one session, from its own recognition times and delays of delivery.

    Args:
        is_live: returns whether the client sends at the pace of speech.
    """

    def __init__(self, settings: StreamingSettings, is_live: Callable[[], bool] = lambda: True) -> None:
        self._is_live = is_live
        self._speculate = settings.speculate
        self._interval_s = settings.partial_interval_ms / 1_000
        self._recognition_s: float | None = None
        self._interim_s: float | None = None
        self._slowed = _Limit(SLOWED_FACTOR * max(self._interval_s, UNNOTICEABLE_S))
        self._slow_recognition = _Limit(settings.max_recognition_s)
        self._late = _Limit(settings.max_lag_s / 2)
        self._late_voice = _Limit(settings.max_voice_lag_s)

    def recognised(self, took_s: float, *, interim: bool) -> None:
        """Note a recognition that took ``took_s`` seconds, time in queues included.

        Interim recognitions are averaged apart, because only they are never repeated with a wider search.
        """
        self._recognition_s = _smoothed(self._recognition_s, took_s)
        self._slow_recognition.update(self._recognition_s)
        if interim:
            self._interim_s = _smoothed(self._interim_s, took_s)
            self._slowed.update(INTERVAL_FACTOR * self._interim_s)

    def delivered(self, lag_ms: int) -> None:
        """Note an utterance that was delivered ``lag_ms`` milliseconds after its end."""
        self._late.update(lag_ms / 1_000)

    def may_hypothesise(self, since_last_s: float) -> bool:
        """Whether another hypothesis may begin ``since_last_s`` seconds after the last one began."""
        interval_s = max(self._interval_s, INTERVAL_FACTOR * (self._interim_s or 0.0))
        return since_last_s >= interval_s * (SPECULATION_OFF_FACTOR if self.state == "speculation_off" else 1)

    @property
    def speculates(self) -> bool:
        """Whether work may begin before the end of an utterance is confirmed."""
        return self._speculate and self.state != "speculation_off"

    def may_speak(self, lag_s: float) -> bool:
        """Whether what was said ``lag_s`` seconds ago is still worth a voice."""
        self._late_voice.update(lag_s if self._is_live() else 0.0)
        return not self._late_voice.exceeded

    @property
    def leaves_out_voice(self) -> bool:
        """Whether the last clause came too late for a voice."""
        return self._late_voice.exceeded

    @property
    def state(self) -> LoadState:
        """The state that clients are told."""
        if self._slow_recognition.exceeded or self._late.exceeded:
            return "speculation_off"
        return "partials_slowed" if self._slowed.exceeded else "normal"


def _smoothed(average: float | None, value: float) -> float:
    return value if average is None else average + SMOOTHING * (value - average)


class _Limit:
    """A limit with hysteresis (a Schmitt trigger)."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self.exceeded = False

    def update(self, value: float) -> None:
        self.exceeded = value > self._limit * (RELEASE if self.exceeded else 1.0)
