"""How a lost conversation finds a service again: when to try, for how long, and what ends it."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from typing import Any

from sokuji.client.connection import Connection, open_link
from sokuji.client.handshake import ABNORMAL_CLOSURE, ConnectionLost, ServiceUnreachable
from sokuji.errors import SokujiError

RESUME_WITHIN_S = 30.0
"""A killed replica is back in 4 s; a machine that joins the cluster is not waited for."""
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 5.0

_GOING_AWAY, _RESTART, _OVERLOADED = 1001, 1012, 1013
_RESUMABLE = (_GOING_AWAY, ABNORMAL_CLOSURE, _RESTART)
_STATUS_OF_NOT_YET = (429, 503, 504)

Backoff = Callable[[int], float]
"""Seconds to wait before an attempt, which are counted from 0."""


def jittered(attempt: int, chance: Callable[[], float] = random.random) -> float:
    """Exponential back-off with full jitter: the clients of a service that restarts do not come in a crowd.

    Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """
    return chance() * min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(attempt, 16))


def is_resumable(loss: ConnectionLost) -> bool:
    """Whether a conversation that ended so can go on over another connection."""
    return loss.closed_with in _RESUMABLE


def is_not_yet(refusal: SokujiError) -> bool:
    """Whether a service that refuses so may take the conversation up a little later."""
    if isinstance(refusal, ConnectionLost):
        return is_resumable(refusal) or refusal.closed_with == _OVERLOADED
    return isinstance(refusal, ServiceUnreachable) or refusal.status in _STATUS_OF_NOT_YET


class Reconnection:
    """Tries again, for ``within_s`` seconds without progress in all."""

    def __init__(self, url: str, within_s: float, backoff: Backoff) -> None:
        self._url = url
        self._within_s = within_s
        self._backoff = backoff
        self._attempt = 0
        self._spent_s = 0.0

    def progressed(self) -> None:
        """The conversation goes on: the next loss has nothing to do with the last one."""
        self._attempt, self._spent_s = 0, 0.0

    async def link(self, loss: ConnectionLost, config: Mapping[str, Any]) -> Connection:
        """A new connection after a loss.

        Args:
            config: the ``config`` message that resumes the conversation.

        Raises:
            ConnectionLost: there was none to be had in time.
            SokujiError: the service refuses the config; the class says why.
        """
        if not self._within_s or not is_resumable(loss):
            raise loss
        lost_at, obstacle = time.monotonic() - self._spent_s, ""
        while True:
            pause = self._backoff(self._attempt)
            left_s = self._within_s - (time.monotonic() - lost_at) - pause
            if left_s <= 0:
                raise ConnectionLost(
                    f"{loss.message}; the conversation could not be resumed within {self._within_s:g} s"
                    f"{obstacle and ': ' + obstacle}",
                    loss.closed_with,
                )
            self._attempt += 1
            await asyncio.sleep(pause)
            try:
                async with asyncio.timeout(left_s):
                    link = await open_link(self._url, config)
            except TimeoutError:
                obstacle = obstacle or "the service did not answer"
            except SokujiError as refusal:
                if not is_not_yet(refusal):
                    raise
                obstacle = refusal.message
            else:
                self._spent_s = time.monotonic() - lost_at
                return link
