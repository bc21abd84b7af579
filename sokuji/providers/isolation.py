"""Processes a batch of requests independently, so that a request that fails does not affect the others."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from sokuji.errors import ProviderFailed, SokujiError

Request = TypeVar("Request")
Response = TypeVar("Response")

_log = logging.getLogger(__name__)


async def process_each(
    operation: str, requests: Sequence[Request], process: Callable[[Request], Awaitable[Response]]
) -> list[Response | SokujiError]:
    """Run ``process`` on all requests concurrently; the result of a request that fails is its error.

    Args:
        operation: name of the operation, such as "recognition". It is used in the log and in the
            ``ProviderFailed`` that replaces an exception which is no ``SokujiError``.
    """

    async def process_one(request: Request) -> Response | SokujiError:
        try:
            return await process(request)
        except SokujiError as error:
            return error
        except Exception as error:
            _log.exception("%s failed", operation)
            return ProviderFailed(f"{operation} failed ({type(error).__name__})")

    return list(await asyncio.gather(*(process_one(request) for request in requests)))
