"""HTTP client of the providers that call a service: API keys, deadlines, size limits, and errors.

A provider makes one attempt for each call. Retries and the fallback to another provider are decided in
``sokuji.pipeline.fallback``, where the deadline of the whole stage is known. Neither API keys nor spoken
words reach a log or an error message: of a refusal only its status code is reported.
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
from sokuji.contract import ANONYMOUS, StageRequest
from sokuji.errors import (
    ConfigError,
    DeadlineExceeded,
    Overloaded,
    ProviderFailed,
    ProviderUnavailable,
    SokujiError,
)
from sokuji.providers.request_slots import RequestSlots
from sokuji.telemetry.tracing import call_span, outgoing_headers

MAX_RESPONSE_BYTES = 4 * 2**20
"""Limit for a response that is read as a whole."""
MAX_RETRY_AFTER_S = 600.0


def api_key(variable: str, *, what: str) -> str:
    """An API key from the environment.

    Args:
        variable: for example ``DEEPL_API_KEY``.
        what: for the error message, for example "a DeepL API key".

    Raises:
        ConfigError: it is not set, or cannot stand in an HTTP header.
    """
    value = os.environ.get(variable, "").strip()
    if not value:
        raise ConfigError(f"{variable} is not set in the environment: it must hold {what}", param=variable)
    if not (value.isascii() and value.isprintable()):
        raise ConfigError(f"{variable} contains characters that are not allowed in a key", param=variable)
    return value


@cache
def _ssl_context() -> ssl.SSLContext:
    """The trusted certificate authorities; loading them takes about 50 ms, so it is done once a process."""
    return httpx.create_ssl_context()


class CloudClient:
    """Client of one service.

    Args:
        name: name of the service, for messages.
        settings: address, timeout and concurrency.
        headers: sent with each request, the API key among them.
        variable: the environment variable that holds the key, for messages.
        reasons: status code -> what the service means by it, for messages; only for status codes whose
            meaning is specific to the service.
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
        self._slots = RequestSlots(settings.max_concurrency)
        self._client = httpx.AsyncClient(
            base_url=settings.base_url,
            headers=dict(headers),
            timeout=settings.timeout_s,
            verify=_ssl_context(),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=settings.max_concurrency),
            # The target of a redirect would be sent the key.
            follow_redirects=False,
        )

    def update(self, settings: CloudSettings) -> None:
        """Apply new values of timeout and concurrency to requests that start from now on."""
        self._timeout_s = settings.timeout_s
        self._slots.resize(settings.max_concurrency)
        self._client.timeout = httpx.Timeout(settings.timeout_s)

    async def send(self, method: str, path: str, origin: StageRequest = ANONYMOUS, **request: Any) -> bytes:
        """Send a request and return the body of a successful response.

        Args:
            origin: the stage's request that needs it, by which the order is decided where others wait.
            request: ``json``, ``data``, ``files``, ``content``, ``params``, ``headers`` as in httpx.

        Raises:
            DeadlineExceeded: the response was not complete within ``timeout_s``, waiting for a slot included.
            Overloaded: the service refused the request because of its load or of a rate limit (429).
            ProviderUnavailable: the service cannot be reached, failed (5xx) or broke the connection.
            ProviderFailed: the service refused the key or the request, or its response is too long.
        """
        with self._deadline():
            async with (
                asyncio.timeout(self._timeout_s),
                self._slots.hold(origin),
                self._response(method, path, **request) as response,
            ):
                body = bytearray()
                async for data in response.aiter_bytes():
                    body += data
                    if len(body) > MAX_RESPONSE_BYTES:
                        raise ProviderFailed(f"{self._name} sent more than {MAX_RESPONSE_BYTES:,} bytes")
                return bytes(body)

    async def send_json(
        self, method: str, path: str, origin: StageRequest = ANONYMOUS, **request: Any
    ) -> Any:
        """As ``send``, but return the decoded JSON of the body.

        Raises:
            ProviderFailed: also if the body is not JSON.
        """
        body = await self.send(method, path, origin, **request)
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise self.malformed_response() from None

    async def stream(
        self,
        method: str,
        path: str,
        origin: StageRequest = ANONYMOUS,
        *,
        check_headers: Callable[[Mapping[str, str]], None] | None = None,
        **request: Any,
    ) -> AsyncGenerator[bytes, None]:
        """Send a request and yield the body of a successful response as it arrives.

        Closing the iterator ends the request.

        Args:
            origin: as for ``send``.
            check_headers: called with the response's headers before the body is read; raises an error to
                reject the response.
            request: as for ``send``.

        Raises:
            DeadlineExceeded, Overloaded, ProviderUnavailable, ProviderFailed: as ``send``, except that
                ``timeout_s`` limits the wait for each part of the body and the length is not limited.
        """
        with self._deadline():
            async with (
                self._slots.hold(origin),
                self._response(method, path, **request) as response,
            ):
                if check_headers:
                    check_headers(response.headers)
                body = response.aiter_bytes()
                while (data := await self._next(body)) is not None:
                    yield data

    def malformed_response(self) -> ProviderFailed:
        """The error for a response that does not match the service's documentation."""
        return ProviderFailed(f"{self._name} sent an invalid response")

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def _next(self, body: AsyncIterator[bytes]) -> bytes | None:
        async with asyncio.timeout(self._timeout_s):
            return await anext(body, None)

    @asynccontextmanager
    async def _response(self, method: str, path: str, **request: Any) -> AsyncIterator[httpx.Response]:
        if self._client.is_closed:
            raise ProviderUnavailable(f"{self._name} is not loaded any more", retry_after_s=1)
        with (
            call_span(f"{method} {self._name}", {"service": self._name}) as span,
            self._translate_errors(),
        ):
            built = self._client.build_request(method, path, **request)
            with span.active():
                built.headers.update(outgoing_headers())
            async with asyncio.timeout(self._timeout_s):
                response = await self._client.send(built, stream=True)
            span.note({"status": response.status_code})
            try:
                if not response.is_success:
                    raise self._refusal(response)
                yield response
            finally:
                await response.aclose()

    @contextmanager
    def _deadline(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            raise self._deadline_exceeded() from None

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except httpx.TimeoutException:
            raise self._deadline_exceeded() from None
        except httpx.DecodingError:
            raise self.malformed_response() from None
        except httpx.HTTPError as error:
            message = f"{self._name} cannot be reached, or closed the connection ({type(error).__name__})"
            raise ProviderUnavailable(message, retry_after_s=1) from None

    def _deadline_exceeded(self) -> DeadlineExceeded:
        return DeadlineExceeded(f"{self._name} did not answer within {self._timeout_s:g} s", retry_after_s=1)

    def _refusal(self, response: httpx.Response) -> SokujiError:
        status, wait_s = response.status_code, parse_retry_after(response.headers.get("Retry-After"))
        if status in (401, 403):
            return ProviderFailed(f"{self._name} refuses the key in {self._variable} ({status})")
        if status == 429:
            return Overloaded(
                f"{self._name} refuses further requests for now (429)", retry_after_s=wait_s or 1
            )
        if status >= 500:
            return ProviderUnavailable(f"{self._name} has failed ({status})", retry_after_s=wait_s or 1)
        reason = f": {self._reasons[status]}" if status in self._reasons else ""
        return ProviderFailed(f"{self._name} refuses the request ({status}{reason})")


def parse_retry_after(value: str | None) -> float | None:
    """Seconds that a ``Retry-After`` header asks to wait, at most ``MAX_RETRY_AFTER_S``; None if there are
    none.

    The header holds seconds or a date (RFC 9110, section 10.2.3).
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
    # The comparison is false for NaN.
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S) if seconds == seconds else None
