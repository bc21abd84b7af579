"""The circuit breaker of a provider: a provider that keeps failing gets no calls for a while.

Pattern: M. T. Nygard, "Release It!", chapter "Stability Patterns". Closed: calls go through, and consecutive
failures are counted. Open: other providers are called instead. Half-open: the open time is over and one call
probes the provider; success closes the circuit, a failure opens it again. It is half-open before that time
if the provider was gone and describes itself again. The breaker only advises (``admits``): a provider that is
the only candidate left is called in any state (``fallback``).

It also knows what to expect of the provider: how long an answer takes, and when it will be back.
"""

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from sokuji.config import ResilienceSettings
from sokuji.errors import (
    OUTAGES,
    DeadlineExceeded,
    Overloaded,
    ProviderFailed,
    ReplicaLost,
    SokujiError,
)
from sokuji.pipeline.outage import Outage

log = logging.getLogger(__name__)

State = Literal["closed", "open", "half_open"]

NEWEST_WEIGHT = 0.3
"""Weight of the last answer in the mean time of an answer."""
FAILURES = (ProviderFailed, *OUTAGES)
"""Errors that count against a provider. A refused request does not: it shows that the provider works."""


class CircuitBreaker:
    """The circuit breaker of one provider.

    Args:
        name: of the provider, for the log; may be set later.
        rules: called at each failure for the settings now in effect.
        clock: monotonic seconds.
        replicas: returns how many replicas the provider is known to have; without the only one it is gone.
    """

    def __init__(
        self,
        name: str,
        rules: Callable[[], ResilienceSettings],
        clock: Callable[[], float] = time.monotonic,
        replicas: Callable[[], int] = lambda: 1,
    ) -> None:
        self.name = name
        self._rules, self._clock, self._replicas = rules, clock, replicas
        self._failures = 0
        self._open_until: float | None = None
        self._refused_until = -math.inf
        """Until when the provider has asked not to be called."""
        self._probing = False
        self._missed = False
        """Whether the last description failed."""
        self.outage = Outage(clock)
        """Of the provider's process."""
        self.answer_s: float | None = None
        """Mean time of an answer, of speech to its first sound; None: there has been none yet."""

    @property
    def state(self) -> State:
        """The present state."""
        if self._open_until is None:
            return "closed"
        return "open" if self._clock() < self._open_until else "half_open"

    @property
    def admits(self) -> bool:
        """Whether this provider should get a call that another provider could answer."""
        return self.state == "closed" or (self.state == "half_open" and not self._probing)

    @contextmanager
    def calling(self, *, urgent: bool = True) -> Iterator[Callable[[], None]]:
        """Context of a call, whose outcome changes the state; a cancelled call changes nothing.

        Args:
            urgent: otherwise the call gives way to others, and the time that it takes says nothing.

        Yields:
            A function to call when a streamed answer has begun: the call then no longer counts as the probe,
            so that another call can probe while the answer is still being streamed.
        """
        call = _Call(self._clock(), urgent, self.state == "half_open" and not self._probing)
        self._probing |= call.is_probe
        try:
            yield lambda: self._answered(call)
        except FAILURES as error:
            if urgent or not isinstance(error, DeadlineExceeded):
                self._failed(error)
            raise
        except SokujiError:
            self._succeeded()
            raise
        else:
            self._answered(call)
            self._succeeded()
        finally:
            self._end_probe(call)

    def described(self) -> None:
        """Note that the provider has described itself: if it was gone, it is worth a call."""
        if not (self.outage.is_on or self._missed):
            return
        self.outage.end()
        self._missed = False
        if self._open_until is not None:
            self._open_until = min(self._open_until, max(self._clock(), self._refused_until))

    def missed(self) -> None:
        """Note that the provider has not described itself. If it fails calls too, it is gone."""
        self._missed = True
        if self._failures:
            self.outage.begin()

    def _answered(self, call: "_Call") -> None:
        self._end_probe(call)
        if call.urgent and not call.is_answered:
            took_s = self._clock() - call.began
            mean_s = took_s if self.answer_s is None else self.answer_s
            self.answer_s = mean_s + NEWEST_WEIGHT * (took_s - mean_s)
        call.is_answered = True

    def _end_probe(self, call: "_Call") -> None:
        if call.is_probe:
            call.is_probe = self._probing = False

    def _failed(self, error: SokujiError) -> None:
        self._failures += 1
        if self._missed or (isinstance(error, ReplicaLost) and self._replicas() <= 1):
            self.outage.begin()
        if isinstance(error, Overloaded):
            self._refused_until = self._clock() + (error.retry_after_s or 0)
        rules = self._rules()
        if self._open_until is None and self._failures < rules.circuit_breaker_threshold:
            return
        if self._open_until is None:
            log.warning(
                "%s: %d failures in a row, the last one %s; other providers are called instead, if any",
                self.name, self._failures, error.code,
            )  # fmt: skip
        wait_s = max(rules.circuit_breaker_reset_s, error.retry_after_s or 0)
        self._open_until = self._clock() + wait_s

    def _succeeded(self) -> None:
        if self._open_until is not None:
            log.info("%s answers again", self.name)
        self._failures, self._open_until = 0, None
        self._missed = False
        self.outage.end()


@dataclass(slots=True)
class _Call:
    """A call in progress."""

    began: float
    urgent: bool
    is_probe: bool
    is_answered: bool = False
