"""Deadlines and retries around calls to a stage.

Stages keep no state between calls, so a call whose replica was lost is simply made again, on another
replica or on the replacement, until its deadline. A failure of the model itself is not repeated.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar

from sokuji.errors import DeadlineExceeded, Overloaded, ProviderUnavailable, SokujiError

T = TypeVar("T")
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 1.0


async def call(attempt: Callable[[], Awaitable[T]], *, deadline_s: float, what: str) -> T:
    """Await ``attempt()``, again with jittered growing pauses where no replica could take it.

    Raises:
        ProviderUnavailable, Overloaded: still so after ``deadline_s`` seconds, all tries together.
        DeadlineExceeded: no answer within that time.
    """
    pause = FIRST_PAUSE_S
    refusal: SokujiError | None = None
    try:
        async with asyncio.timeout(deadline_s):
            while True:
                try:
                    return await attempt()
                except (ProviderUnavailable, Overloaded) as error:
                    refusal = error
                    await asyncio.sleep(pause * random.uniform(0.5, 1.5))
                    pause = min(2 * pause, LONGEST_PAUSE_S)
    except TimeoutError:
        raise refusal or _late(what, deadline_s) from None


async def stream(
    attempt: Callable[[], AsyncIterator[T]], *, deadline_s: float, what: str
) -> AsyncGenerator[T, None]:
    """Items of ``attempt()``, with ``deadline_s`` seconds for each; a lost stream is begun again and the
    items already delivered are skipped, which is right for streams that are a function of their request.

    Raises:
        DeadlineExceeded: the next item did not come in time.
    """
    delivered = 0
    pause = FIRST_PAUSE_S
    loop = asyncio.get_running_loop()
    give_up = loop.time() + deadline_s
    while True:
        try:
            async with aclosing(_aclosable(attempt())) as items:
                position = 0
                while True:
                    async with asyncio.timeout_at(give_up):
                        item = await anext(items, None)
                    if item is None:
                        return
                    position += 1
                    if position > delivered:
                        delivered = position
                        yield item
                        give_up = loop.time() + deadline_s
        except TimeoutError:
            raise _late(what, deadline_s) from None
        except (ProviderUnavailable, Overloaded):
            if loop.time() + pause > give_up:
                raise
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(2 * pause, LONGEST_PAUSE_S)


async def _aclosable(items: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    try:
        async for item in items:
            yield item
    finally:
        close = getattr(items, "aclose", None)
        if close is not None:
            await close()


def _late(what: str, deadline_s: float) -> DeadlineExceeded:
    return DeadlineExceeded(f"{what} did not answer within {deadline_s:g} s; try again", retry_after_s=1)
