"""Answers a batch of requests one by one, so that a request that fails harms no other."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from sokuji.errors import ProviderFailed, SokujiError

log = logging.getLogger(__name__)

T = TypeVar("T")
Q = TypeVar("Q")


async def answers(
    what: str, requests: Sequence[Q], answer: Callable[[Q], Awaitable[T]]
) -> list[T | SokujiError]:
    """``answer`` to each request, all at the same time; what it raises is the answer to that request alone.

    Args:
        what: is done, for the message of a failure that is none of our errors.
    """

    async def one(request: Q) -> T | SokujiError:
        try:
            return await answer(request)
        except SokujiError as error:
            return error
        except Exception as error:
            log.exception("%s failed", what)
            return ProviderFailed(f"{what} failed ({type(error).__name__})")

    return list(await asyncio.gather(*(one(request) for request in requests)))
