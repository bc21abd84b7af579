"""Which candidate gets the next attempt at a request, when, and for how long."""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from sokuji.config import ResilienceSettings
from sokuji.contract import ACTIVITIES, StageName
from sokuji.errors import DeadlineExceeded, Overloaded, ProviderUnavailable, SokujiError
from sokuji.metrics import stages as metrics
from sokuji.pipeline.circuit_breaker import CircuitBreaker

T = TypeVar("T")
INITIAL_BACKOFF_S = 0.05
MAX_BACKOFF_S = 1.0


@dataclass(frozen=True, slots=True)
class Candidate(Generic[T]):
    """A provider that can answer a request, and one attempt to have it answered."""

    provider: str
    breaker: CircuitBreaker
    attempt: Callable[[], T]
    urgent: bool = True
    """Whether somebody waits for the answer."""


class AttemptSchedule(Generic[T]):
    """The order and the timeouts of the attempts, until the deadline or until no candidate is left.

    Args:
        candidates: in order of preference.
        rules: ``fallback_after_s`` is the timeout of an attempt that another candidate can follow.
        deadline_s: seconds for all attempts.
        stage: for error messages and metrics.
        parts: factor of both times.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate[T]],
        rules: ResilienceSettings,
        deadline_s: float,
        stage: StageName,
        parts: int = 1,
    ) -> None:
        self._candidates = list(candidates)
        self._preferred = self._candidates[0]
        self._fallback_after_s = parts * rules.fallback_after_s
        self._stage = stage
        self._deadline_s = parts * deadline_s
        self._round: list[Candidate[T]] = []
        """Candidates that are still to be tried in the present round."""
        self._last_error: SokujiError | None = None
        self._backoff_s = INITIAL_BACKOFF_S
        self.restart_deadline()

    def restart_deadline(self) -> None:
        """Set ``deadline`` (seconds of the loop's clock) anew from now."""
        self.deadline = asyncio.get_running_loop().time() + self._deadline_s

    async def next(self) -> tuple[Candidate[T], float]:
        """The candidate to try now, and its timeout in seconds; between two rounds this waits.

        Raises:
            SokujiError: the deadline is over; the last error of a candidate, or ``DeadlineExceeded``.
        """
        if not self._round:
            await self._begin_round()
        await self._weigh_return()
        candidate = self._round.pop(0)
        remaining_s = self.deadline - asyncio.get_running_loop().time()
        if remaining_s <= 0:
            raise self._last_error or deadline_exceeded(self._stage, self._deadline_s)
        # A slow attempt is given up only if the circuit of a candidate behind it is no worse.
        if any(each.breaker.admits >= candidate.breaker.admits for each in self._round):
            return candidate, min(self._fallback_after_s, remaining_s)
        return candidate, remaining_s

    def answered(self, candidate: Candidate[T]) -> None:
        """Note a good answer: it is a fallback if another candidate is preferred."""
        if candidate is not self._preferred:
            metrics.record_fallback(self._stage, candidate.provider)

    def failed(self, candidate: Candidate[T], error: SokujiError) -> None:
        """Note the failure of an attempt: the candidate is retried only if a retry may succeed.

        Raises:
            SokujiError: ``error``, if no candidate is left.
        """
        self._last_error = error
        metrics.record_failure(self._stage, candidate.provider, error.code)
        if not isinstance(error, ProviderUnavailable | Overloaded):
            self._candidates.remove(candidate)
            # A slow candidate is retried last: it may be the only one left when the others have failed.
            if self._candidates and isinstance(error, DeadlineExceeded):
                self._candidates.append(candidate)
        if not self._candidates:
            raise error

    def prefer(self, candidate: Candidate[T]) -> None:
        """Try this candidate first in the next round, which begins with the next attempt."""
        self._candidates.remove(candidate)
        self._candidates.insert(0, candidate)
        self._round = []

    async def _begin_round(self) -> None:
        if self._last_error is not None:
            loop = asyncio.get_running_loop()
            if loop.time() + self._backoff_s > self.deadline:
                raise self._last_error
            await asyncio.sleep(self._backoff_s * random.uniform(0.5, 1.5))
            self._backoff_s = min(2 * self._backoff_s, MAX_BACKOFF_S)
        # Stable: the order of preference holds among candidates that admit calls, and among the others.
        self._round = sorted(self._candidates, key=lambda candidate: not candidate.breaker.admits)

    async def _weigh_return(self) -> None:
        """Decide between the preferred provider, if it is gone, and the next one: by which will answer first.

        The next one is tried, unless the preferred one is expected back before it would have answered. It is
        waited for until then.
        """
        preferred = self._candidates[0]
        others = [each for each in self._round if each is not preferred]
        answering = [each for each in others if each.breaker.admits]
        if not preferred.breaker.outage.is_on or not answering:
            return
        back_s, answer_s = preferred.breaker.outage.expected_s, answering[0].breaker.answer_s
        if answer_s is not None and back_s < answer_s and await self._is_back(preferred, back_s):
            self._round = [preferred, *others]
        elif preferred in self._round:
            self._round = [*others, preferred]

    async def _is_back(self, candidate: Candidate[T], within_s: float) -> bool:
        """Wait for a provider that is gone; whether it is back in time."""
        remaining_s = self.deadline - asyncio.get_running_loop().time()
        with suppress(TimeoutError):
            async with asyncio.timeout(min(within_s, remaining_s)):
                await candidate.breaker.outage.until_over()
        return not candidate.breaker.outage.is_on


def deadline_exceeded(stage: StageName, deadline_s: float) -> DeadlineExceeded:
    """The error when a stage has not answered within its deadline."""
    message = f"{ACTIVITIES[stage]} did not answer within {round(deadline_s, 2):g} s; try again"
    return DeadlineExceeded(message, retry_after_s=1)
