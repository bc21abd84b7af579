"""A response whose body is sent while it is made.

Until its first part is there, an error is answered with its own status, as for any other call. After that the
connection breaks off where the body cannot go on, so that no client takes a part of it for all of it. If the
client leaves, or takes nothing for a while, the production is cancelled.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from sokuji.errors import SokujiError

log = logging.getLogger(__name__)


class ProducedResponse(StreamingResponse):
    """Sends what a generator yields.

    Args:
        parts: of the body, none of them empty; closed in any case.
        stall_s: seconds within which the client must take each part.
    """

    def __init__(self, parts: AsyncGenerator[bytes, None], media_type: str, *, stall_s: float) -> None:
        super().__init__(parts, media_type=media_type)
        self._parts = parts
        self._stall_s = stall_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response, as long as the client is there.

        Raises:
            SokujiError: before anything has been sent.
        """
        sending = asyncio.ensure_future(self._send(send))
        leaving = asyncio.ensure_future(_disconnected(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)

    async def _send(self, send: Send) -> None:
        async with aclosing(self._parts) as parts:
            first = await anext(parts)
            start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            # A server breaks the connection off if it is left without the end of the body.
            try:
                await send(start)
                await self._send_part(send, first)
                async for part in parts:
                    await self._send_part(send, part)
            except SokujiError as error:
                log.warning("a response broke off: %s: %s", error.code, error.message)
                return
            except TimeoutError:
                log.warning("a response broke off: its client took nothing for %g s", self._stall_s)
                return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_part(self, send: Send, part: bytes) -> None:
        async with asyncio.timeout(self._stall_s):
            await send({"type": "http.response.body", "body": part, "more_body": True})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
