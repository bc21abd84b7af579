"""What the providers that call a service over HTTP have in common: keys, deadlines, bounds, what errors mean.

A provider here makes one attempt. Whether another one follows, or another provider answers instead, is
decided where the deadline of the whole stage is known (``sokuji.pipeline.fallback``). Neither keys nor what
was said reach a log or an error: of a refusal only its status is told.
"""

import asyncio
import json
import os
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

import httpx

from sokuji.config.cloud import CloudSettings
from sokuji.errors import (
    ConfigError,
    DeadlineExceeded,
    Overloaded,
    ProviderFailed,
    ProviderUnavailable,
    SokujiError,
)

MOST_ANSWER_BYTES = 4 * 2**20
"""Of an answer that is read as a whole."""
LONGEST_RETRY_AFTER_S = 600.0


def key(variable: str, *, what: str) -> str:
    """A secret from the environment.

    Args:
        variable: for example ``DEEPL_API_KEY``.
        what: for example "a DeepL API key".

    Raises:
        ConfigError: it is not set, or cannot stand in an HTTP header.
    """
    value = os.environ.get(variable, "").strip()
    if not value:
        raise ConfigError(f"{variable} is not set in the environment: it must hold {what}", param=variable)
    if not (value.isascii() and value.isprintable()):
        raise ConfigError(f"{variable} holds characters that no key has", param=variable)
    return value


@cache
def _trusted() -> ssl.SSLContext:
    """The authorities that certificates may come from: reading them takes some 50 ms, once a process."""
    return httpx.create_ssl_context()


class CloudClient:
    """One service: its address, its key, its connections.

    Args:
        name: the provider, for messages.
        settings: address, time and concurrency.
        headers: sent with each request, the key among them.
        variable: the environment variable that holds the key, for messages.
        reasons: status -> what the service means by it, for messages; for those that are its own.
    """

    def __init__(
        self,
        name: str,
        settings: CloudSettings,
        headers: Mapping[str, str],
        variable: str,
        reasons: Mapping[int, str] | None = None,
    ) -> None:
        self._name, self._variable, self._reasons = name, variable, reasons or {}
        self._timeout_s = settings.timeout_s
        self._places = asyncio.Semaphore(settings.max_concurrency)
        self._client = httpx.AsyncClient(
            base_url=settings.base_url,
            headers=dict(headers),
            timeout=settings.timeout_s,
            verify=_trusted(),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=settings.max_concurrency),
            # An address that moves would be sent the key.
            follow_redirects=False,
        )

    def update(self, settings: CloudSettings) -> None:
        """New requests take over the time and the concurrency."""
        self._timeout_s = settings.timeout_s
        self._places = asyncio.Semaphore(settings.max_concurrency)
        self._client.timeout = httpx.Timeout(settings.timeout_s)

    async def send(self, method: str, path: str, **request: Any) -> bytes:
        """The body of a good answer.

        Args:
            request: ``json``, ``data``, ``files``, ``content``, ``params``, ``headers`` as httpx takes them.

        Raises:
            DeadlineExceeded: no whole answer within ``timeout_s``.
            Overloaded: the service has refused because of its load or of a quota by time (429).
            ProviderUnavailable: it cannot be reached, failed (5xx), or its answer broke off.
            ProviderFailed: it refused the key or the request, or its answer is too long.
        """
        with self._deadline():
            async with asyncio.timeout(self._timeout_s), self._answer(method, path, **request) as answer:
                body = bytearray()
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > MOST_ANSWER_BYTES:
                        raise ProviderFailed(f"{self._name} sent more than {MOST_ANSWER_BYTES:,} bytes")
                return bytes(body)

    async def send_json(self, method: str, path: str, **request: Any) -> Any:
        """The JSON of a good answer; raises what ``send`` does, and ProviderFailed where it is no JSON."""
        body = await self.send(method, path, **request)
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise self.malformed() from None

    async def stream(
        self,
        method: str,
        path: str,
        *,
        look: Callable[[Mapping[str, str]], None] | None = None,
        **request: Any,
    ) -> AsyncGenerator[bytes, None]:
        """The body of a good answer, piece by piece; closing the iterator ends the request.

        Args:
            look: sees the headers before the body is read, and raises what is wrong with them.
            request: as for ``send``.

        Raises:
            DeadlineExceeded, Overloaded, ProviderUnavailable, ProviderFailed: as ``send``, but that
                ``timeout_s`` holds for each piece.
        """
        with self._deadline():
            async with self._answer(method, path, **request) as answer:
                if look:
                    look(answer.headers)
                pieces = answer.aiter_bytes()
                while (piece := await self._next(pieces)) is not None:
                    yield piece

    def malformed(self) -> ProviderFailed:
        """The error for an answer that is not what the service's documentation says."""
        return ProviderFailed(f"{self._name} sent an answer that cannot be read")

    async def aclose(self) -> None:
        """End all connections."""
        await self._client.aclose()

    async def _next(self, pieces: AsyncIterator[bytes]) -> bytes | None:
        async with asyncio.timeout(self._timeout_s):
            return await anext(pieces, None)

    @asynccontextmanager
    async def _answer(self, method: str, path: str, **request: Any) -> AsyncIterator[httpx.Response]:
        async with self._places:
            if self._client.is_closed:
                raise ProviderUnavailable(f"{self._name} is not loaded any more", retry_after_s=1)
            with self._failures():
                wanted = self._client.build_request(method, path, **request)
                async with asyncio.timeout(self._timeout_s):
                    answer = await self._client.send(wanted, stream=True)
                try:
                    if not answer.is_success:
                        raise self._refusal(answer)
                    yield answer
                finally:
                    await answer.aclose()

    @contextmanager
    def _deadline(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            raise self._late() from None

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except httpx.TimeoutException:
            raise self._late() from None
        except httpx.DecodingError:
            raise self.malformed() from None
        except httpx.HTTPError as error:
            fault = f"{self._name} cannot be reached, or broke off ({type(error).__name__})"
            raise ProviderUnavailable(fault, retry_after_s=1) from None

    def _late(self) -> DeadlineExceeded:
        return DeadlineExceeded(f"{self._name} did not answer within {self._timeout_s:g} s", retry_after_s=1)

    def _refusal(self, answer: httpx.Response) -> SokujiError:
        status, wait_s = answer.status_code, retry_after(answer.headers.get("Retry-After"))
        if status in (401, 403):
            return ProviderFailed(f"{self._name} refuses the key in {self._variable} ({status})")
        if status == 429:
            return Overloaded(f"{self._name} takes no more requests for now (429)", retry_after_s=wait_s or 1)
        if status >= 500:
            return ProviderUnavailable(f"{self._name} has failed ({status})", retry_after_s=wait_s or 1)
        reason = f": {self._reasons[status]}" if status in self._reasons else ""
        return ProviderFailed(f"{self._name} refuses the request ({status}{reason})")


def retry_after(value: str | None) -> float | None:
    """Seconds that a ``Retry-After`` header asks for, ten minutes at most; None: it says nothing.

    Either seconds or a date: RFC 9110, section 10.2.3.
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except ValueError:
            return None
    # Not a number is refused by the comparison as well.
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_S) if seconds == seconds else None
