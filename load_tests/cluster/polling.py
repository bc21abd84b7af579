"""Waits for what a cluster has to come to; Ray tells nobody when it has."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import httpx

POLL_S = 0.5


async def until(condition: Callable[[], Awaitable[bool]], within_s: float) -> bool:
    """Return when ``condition`` holds, or after ``within_s``; whether it does.

    While the head is away, and cannot be asked (``httpx.HTTPError``), it does not hold.
    """
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        with suppress(httpx.HTTPError):
            if await condition():
                return True
        await asyncio.sleep(POLL_S)
    return False
