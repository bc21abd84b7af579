"""The circuit breaker of a provider: a provider that keeps failing gets no calls for a while.

Pattern: M. T. Nygard, "Release It!", chapter "Stability Patterns". Closed: calls go through, and consecutive
failures are counted. Open: other providers are called instead. Half-open: the open time is over and one call
probes the provider; success closes the circuit, a failure opens it again. The breaker only advises
(``admits``): a provider that is the only candidate left is called in any state (``fallback``).
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
"""Errors that count against a provider. A refused request does not: it shows that the provider works."""


class CircuitBreaker:
    """The circuit breaker of one provider.

    Args:
        name: of the provider, for the log; may be set later.
        rules: called at each failure for the settings now in effect.
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
        """The present state."""
        if self._open_until is None:
            return "closed"
        return "open" if self._clock() < self._open_until else "half_open"

    @property
    def admits(self) -> bool:
        """Whether this provider should get a call that another provider could answer."""
        return self.state == "closed" or (self.state == "half_open" and not self._probing)

    @contextmanager
    def calling(self) -> Iterator[Callable[[], None]]:
        """Context of a call, whose outcome changes the state; a cancelled call changes nothing.

        Yields:
            A function to call when a streamed answer has begun: the call then no longer counts as the probe,
            so that another call can probe while the answer is still being streamed.
        """
        is_probe = self.state == "half_open" and not self._probing
        self._probing |= is_probe

        def end_probe() -> None:
            nonlocal is_probe
            if is_probe:
                is_probe = self._probing = False

        try:
            yield end_probe
        except FAILURES as error:
            self._failed(error)
            raise
        except SokujiError:
            self._succeeded()
            raise
        else:
            self._succeeded()
        finally:
            end_probe()

    def _failed(self, error: SokujiError) -> None:
        self._failures += 1
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
