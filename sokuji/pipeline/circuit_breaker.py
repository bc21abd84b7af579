"""The circuit breaker in front of a provider: one that keeps failing is left alone for a while.

Pattern: M. T. Nygard, "Release It!", chapter "Stability Patterns". Closed: calls go through, and failures in
a row are counted. Open: the provider is not asked. Half-open: the time is over, one call may try; a good
answer closes the circuit, a failure opens it again. It never keeps a call from its last resort: a provider
that is the only one left is asked whatever the state (``resilience``).
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from sokuji.config import ResilienceSettings
from sokuji.errors import OUTAGES, ProviderFailed, SokujiError

log = logging.getLogger(__name__)

State = Literal["closed", "open", "half_open"]

FAILURES = (ProviderFailed, *OUTAGES)
"""What counts against a provider. A caller's mistake does not: it is an answer."""


class CircuitBreaker:
    """The circuit of one provider.

    Args:
        name: whose it is, for the log; it may become known later.
        rules: read anew at each failure, so that they can change.
        clock: monotonic seconds.
    """

    def __init__(
        self, name: str, rules: Callable[[], ResilienceSettings], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = name
        self._rules, self._clock = rules, clock
        self._failures = 0
        self._open_until: float | None = None
        self._probing = False

    @property
    def state(self) -> State:
        """As it is now."""
        if self._open_until is None:
            return "closed"
        return "open" if self._clock() < self._open_until else "half_open"

    @property
    def admits(self) -> bool:
        """Whether a call that could be answered elsewhere should come here."""
        return self.state == "closed" or (self.state == "half_open" and not self._probing)

    @contextmanager
    def watching(self) -> Iterator[Callable[[], None]]:
        """Around a call: how it ends is what the circuit goes by; one that is cancelled tells nothing.

        Yields:
            What to call when an answer in pieces has begun: its end may be long in coming, and for that time
            no other call could probe.
        """
        probe = self.state == "half_open" and not self._probing
        self._probing |= probe

        def begun() -> None:
            nonlocal probe
            if probe:
                probe = self._probing = False

        try:
            yield begun
        except FAILURES as error:
            self._failed(error)
            raise
        except SokujiError:
            self._succeeded()
            raise
        else:
            self._succeeded()
        finally:
            begun()

    def _failed(self, error: SokujiError) -> None:
        self._failures += 1
        rules = self._rules()
        if self._open_until is None and self._failures < rules.circuit_breaker_threshold:
            return
        if self._open_until is None:
            log.warning(
                "%s: %d failures in a row, the last one %s; others are asked instead, if there are any",
                self.name, self._failures, error.code,
            )  # fmt: skip
        wait_s = max(rules.circuit_breaker_reset_s, error.retry_after_s or 0)
        self._open_until = self._clock() + wait_s

    def _succeeded(self) -> None:
        if self._open_until is not None:
            log.info("%s answers again", self.name)
        self._failures, self._open_until = 0, None
