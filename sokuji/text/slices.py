"""Divides long computations on an event loop into slices, between which other tasks run."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

T = TypeVar("T")

SLICE_S = 0.002
"""Several calls may compute at the same time, and live speech waits for a slice of each."""


async def in_slices(items: Iterable[T]) -> AsyncIterator[T]:
    """``items``, whose computation and use by the caller is interrupted every ``SLICE_S`` seconds.

    An item that takes longer is not interrupted. Nothing is interrupted if all takes less.
    """
    until = time.monotonic() + SLICE_S
    for item in items:
        yield item
        if time.monotonic() > until:
            await asyncio.sleep(0)
            until = time.monotonic() + SLICE_S
