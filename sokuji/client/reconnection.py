"""Opens a new connection after a loss: when to retry, for how long, and which errors end the attempts."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from websockets.frames import CloseCode

from sokuji.client.handshake import ConnectionLost, ServiceUnreachable
from sokuji.errors import SokujiError, UsageExceeded

MessageT = TypeVar("MessageT")
ConnectionT = TypeVar("ConnectionT")
RESUME_WITHIN_S = 30.0
"""Enough for a killed replica, which is back in 4 s; not for a new machine of an autoscaled cluster."""
BASE_DELAY_S = 0.25
MAX_DELAY_S = 5.0

_RESUMABLE_CODES = (CloseCode.GOING_AWAY, CloseCode.ABNORMAL_CLOSURE, CloseCode.SERVICE_RESTART)
_RETRYABLE_STATUSES = (429, 503, 504)

Backoff = Callable[[int], float]
"""Seconds to wait before an attempt; the first attempt has number 0."""


def jittered_backoff(attempt: int, chance: Callable[[], float] = random.random) -> float:
    """Exponential back-off with full jitter, which spreads the clients of a service that restarts.

    Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """
    return chance() * min(MAX_DELAY_S, BASE_DELAY_S * 2.0 ** min(attempt, 16))


def is_resumable(loss: ConnectionLost) -> bool:
    """Whether the conversation can continue over another connection."""
    return loss.closed_with in _RESUMABLE_CODES


def is_retryable(refusal: SokujiError) -> bool:
    """Whether a service that refused a connection with this error may accept one later."""
    if isinstance(refusal, ConnectionLost):
        return is_resumable(refusal) or refusal.closed_with == CloseCode.TRY_AGAIN_LATER
    if isinstance(refusal, UsageExceeded):  # which it is for hours
        return False
    return isinstance(refusal, ServiceUnreachable) or refusal.status in _RETRYABLE_STATUSES


class Reconnection(Generic[MessageT, ConnectionT]):
    """Connects again after a loss, for at most ``within_s`` seconds between two signs of progress.

    Args:
        open_connection: opens one that begins with a message; raises ``SokujiError`` where that fails.
    """

    def __init__(
        self,
        open_connection: Callable[[MessageT], Awaitable[ConnectionT]],
        within_s: float,
        backoff: Backoff,
    ) -> None:
        self._open_connection = open_connection
        self._within_s = within_s
        self._backoff = backoff
        self._attempt = 0
        self._spent_s = 0.0

    def reset(self) -> None:
        """The service made progress: the next loss has the full time and the shortest delay again."""
        self._attempt, self._spent_s = 0, 0.0

    async def connect(self, loss: ConnectionLost, message: MessageT) -> ConnectionT:
        """A new connection after ``loss``.

        Args:
            message: with which it begins.

        Raises:
            ConnectionLost: ``loss`` cannot be resumed, or the time is over.
            SokujiError: the service refuses the message; the class says why.
        """
        if not self._within_s or not is_resumable(loss):
            raise loss
        lost_at, obstacle, asked_s = time.monotonic() - self._spent_s, "", 0.0
        while True:
            # What the service asks for, and then not all clients at once.
            delay = asked_s + self._backoff(self._attempt)
            left_s = self._within_s - (time.monotonic() - lost_at) - delay
            if left_s <= 0:
                raise self._given_up(loss, obstacle)
            self._attempt += 1
            await asyncio.sleep(delay)
            try:
                async with asyncio.timeout(left_s):
                    connection = await self._open_connection(message)
            except TimeoutError:
                obstacle = obstacle or "the service did not answer"
            except SokujiError as refusal:
                if not is_retryable(refusal):
                    raise
                obstacle = refusal.message
                asked_s = min(refusal.retry_after_s or 0.0, MAX_DELAY_S)
            else:
                self._spent_s = time.monotonic() - lost_at
                return connection

    def _given_up(self, loss: ConnectionLost, obstacle: str) -> ConnectionLost:
        return ConnectionLost(
            f"{loss.message}; the conversation could not be resumed within {self._within_s:g} s"
            f"{obstacle and ': ' + obstacle}",
            loss.closed_with,
        )
