"""Deadlines, retries and fallback: which provider of a stage gets a request, and for how long.

A round tries the candidates in order of preference, those with a closed circuit first. If an attempt fails,
the next candidate is tried at once; if it takes longer than ``fallback_after_s``, it is cancelled and the
next candidate is tried. After the round, candidates that were unavailable, overloaded or slow are retried
with exponential back-off, until the deadline of the stage. A failure of the model itself is not retried.
Stages keep no state between calls, so a retry simply sends the request again.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from sokuji.config import ResilienceSettings
from sokuji.contract import AudioChunk, StageName
from sokuji.errors import (
    DeadlineExceeded,
    NotSupported,
    Overloaded,
    ProviderUnavailable,
    SokujiError,
    UnsupportedLanguage,
)
from sokuji.pipeline import metrics
from sokuji.pipeline.circuit_breaker import FAILURES, CircuitBreaker

T = TypeVar("T")
INITIAL_BACKOFF_S = 0.05
MAX_BACKOFF_S = 1.0
FALLBACK_ERRORS = (*FAILURES, NotSupported, UnsupportedLanguage)
"""Errors after which another candidate is tried. The last two are not failures, but another provider may be
able to serve the request, for example to detect the language of an utterance."""

_ACTIVITY: dict[StageName, str] = {
    "stt": "recognition",
    "translation": "translation",
    "tts": "speech synthesis",
}


@dataclass(frozen=True, slots=True)
class Candidate(Generic[T]):
    """A provider that can answer a request, and one attempt to have it answered."""

    provider: str
    breaker: CircuitBreaker
    attempt: Callable[[], T]


async def call(
    candidates: Sequence[Candidate[Awaitable[T]]],
    rules: ResilienceSettings,
    *,
    deadline_s: float,
    stage: StageName,
) -> T:
    """The first good answer.

    Raises:
        ProviderUnavailable, Overloaded: the last error, when ``deadline_s`` seconds have passed.
        DeadlineExceeded: no answer within ``deadline_s`` seconds for all attempts.
        ProviderFailed, NotSupported, UnsupportedLanguage: the last error, when no candidate is left.
    """
    schedule = _AttemptSchedule(candidates, rules, deadline_s, stage)
    while True:
        candidate, timeout_s = await schedule.next()
        try:
            with candidate.breaker.calling():
                try:
                    async with asyncio.timeout(timeout_s):
                        return await candidate.attempt()
                except TimeoutError:
                    raise _deadline_exceeded(stage, timeout_s) from None
        except FALLBACK_ERRORS as error:
            schedule.failed(candidate, error)


async def stream(
    candidates: Sequence[Candidate[AsyncGenerator[AudioChunk, None]]],
    rules: ResilienceSettings,
    *,
    deadline_s: float,
    stage: StageName,
) -> AsyncGenerator[AudioChunk, None]:
    """Speech to its last chunk, with a deadline of ``deadline_s`` seconds for each chunk.

    If a provider fails on the way, it is retried first, and the audio already delivered is skipped. If it
    does not recover, the next candidate speaks the text from the beginning: repetition is better than loss.

    Raises:
        DeadlineExceeded, ProviderUnavailable, Overloaded, ProviderFailed: as ``call``.
    """
    schedule = _AttemptSchedule(candidates, rules, deadline_s, stage)
    delivered_bytes = dict.fromkeys(candidates, 0)
    while True:
        candidate, timeout_s = await schedule.next()
        try:
            with candidate.breaker.calling() as answer_begun:
                try:
                    chunks = _remaining_chunks(candidate, delivered_bytes[candidate], timeout_s, schedule)
                    async with aclosing(chunks):
                        async for chunk in chunks:
                            answer_begun()
                            delivered_bytes[candidate] += len(chunk.pcm)
                            schedule.prefer(candidate)
                            yield replace(chunk, provider=candidate.provider)
                            schedule.restart_deadline()
                    return
                except TimeoutError:
                    raise _deadline_exceeded(stage, deadline_s) from None
        except FALLBACK_ERRORS as error:
            schedule.failed(candidate, error)


class _AttemptSchedule(Generic[T]):
    """The order and the timeouts of the attempts, until the deadline or until no candidate is left.

    Args:
        candidates: in order of preference.
        rules: ``fallback_after_s`` is the timeout of an attempt that another candidate can follow.
        deadline_s: seconds for all attempts.
        stage: for error messages and metrics.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate[T]],
        rules: ResilienceSettings,
        deadline_s: float,
        stage: StageName,
    ) -> None:
        self._candidates = list(candidates)
        self._rules = rules
        self._stage = stage
        self._deadline_s = deadline_s
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
        candidate = self._round.pop(0)
        remaining_s = self.deadline - asyncio.get_running_loop().time()
        if remaining_s <= 0:
            raise self._last_error or _deadline_exceeded(self._stage, self._deadline_s)
        # A slow attempt is given up only if the circuit of a candidate behind it is no worse.
        if any(each.breaker.admits >= candidate.breaker.admits for each in self._round):
            return candidate, min(self._rules.fallback_after_s, remaining_s)
        return candidate, remaining_s

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


async def _remaining_chunks(
    candidate: Candidate[AsyncGenerator[AudioChunk, None]],
    skip_bytes: int,
    first_timeout_s: float,
    schedule: _AttemptSchedule[AsyncGenerator[AudioChunk, None]],
) -> AsyncGenerator[AudioChunk, None]:
    """The chunks of one attempt after the first ``skip_bytes`` of PCM, up to the last chunk.

    Raises:
        TimeoutError: no chunk within ``first_timeout_s`` seconds, or no chunk to deliver before the deadline
            of ``schedule``.
    """
    until = asyncio.get_running_loop().time() + first_timeout_s
    async with aclosing(candidate.attempt()) as chunks:
        while True:
            async with asyncio.timeout_at(until):
                chunk = await anext(chunks, None)
            if chunk is None:
                return
            skipped = min(skip_bytes, len(chunk.pcm))
            skip_bytes -= skipped
            if skipped < len(chunk.pcm) or chunk.last:
                yield replace(chunk, pcm=chunk.pcm[skipped:])
            if chunk.last:  # An error after the last chunk is no reason to speak the text again.
                return
            until = schedule.deadline


def _deadline_exceeded(stage: StageName, deadline_s: float) -> DeadlineExceeded:
    message = f"{_ACTIVITY[stage]} did not answer within {round(deadline_s, 2):g} s; try again"
    return DeadlineExceeded(message, retry_after_s=1)
