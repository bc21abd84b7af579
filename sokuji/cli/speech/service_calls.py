"""REST calls to a running service: what is no conversation.

A service that is full for a moment is called again after the time that it names, so that a long list goes on.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from sokuji.client.handshake import ServiceUnreachable, authorization, endpoint, unreachable
from sokuji.client.messages import refusal_of
from sokuji.errors import InvalidRequest, SokujiError

ATTEMPTS = 5
TIMEOUT_S = 600.0
_CONNECT_S = 10.0
_MAX_WAIT_S = 60.0
_FULL = (429, 503)


class ServiceCalls:
    """Calls of one service."""

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self._url = url
        self._http = http

    async def post(self, path: str, **content: Any) -> httpx.Response:
        """The answer to a request, whose ``content`` is as for ``httpx``.

        Raises:
            ServiceUnreachable: nothing answers there, or a server without this call.
            SokujiError: the service refuses the request; the class says why.
        """
        return await self._call("POST", path, content)

    async def get(self, address: str) -> httpx.Response:
        """The answer at a path or an address that the service has named; errors as ``post``."""
        return await self._call("GET", address, {})

    async def _call(self, method: str, path: str, content: Mapping[str, Any]) -> httpx.Response:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                response = await self._http.request(method, path, **content)
            except httpx.TransportError as error:
                raise unreachable(self._url, error) from None
            if response.is_success:
                return response
            wait_s = _retry_after_s(response)
            if response.status_code not in _FULL or wait_s is None or attempt == ATTEMPTS:
                break
            await asyncio.sleep(wait_s)
        raise self._refusal(response)

    def _refusal(self, response: httpx.Response) -> SokujiError:
        if (error := refusal_of(response.content)) is not None:
            return error
        try:
            # LibreTranslate's errors are a sentence.
            said = response.json()["error"]
        except (ValueError, LookupError, TypeError):
            said = None
        if isinstance(said, str) and response.is_client_error:
            return InvalidRequest(said)
        return ServiceUnreachable(
            f"{self._url} answered with HTTP status {response.status_code}; is it a Sokuji Bridge?"
        )


def _retry_after_s(response: httpx.Response) -> float | None:
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdecimal() and float(value) <= _MAX_WAIT_S else None


@asynccontextmanager
async def service_calls(url: str, api_key: str | None) -> AsyncIterator[ServiceCalls]:
    """The calls of the service at ``url``.

    Args:
        api_key: None: that of the environment, if there is one.
    """
    timeout = httpx.Timeout(TIMEOUT_S, connect=_CONNECT_S)
    base = endpoint(url, "", "http")
    async with httpx.AsyncClient(base_url=base, headers=authorization(api_key), timeout=timeout) as http:
        yield ServiceCalls(url, http)
