"""One call of a client: its messages, bounded in time and size, whatever the kind of the call.

Nothing of a request is read before its client has been let in: gRPC would read the message of a unary call
before that, so the server takes all calls as streams, which look the same to a client (``gate``).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import grpc
from google.protobuf.message import DecodeError, Message

from sokuji.access.principal import Principal
from sokuji.api.service import Service
from sokuji.api.session_connection import ClientDisconnected
from sokuji.errors import InvalidRequest, SokujiError, TooLarge

Q = TypeVar("Q", bound=Message)
T = TypeVar("T")
Context = grpc.aio.ServicerContext[bytes, bytes]


class Call:
    """See the module.

    Args:
        address: the client's.
        identify: finds out who calls, or raises ``SokujiError``; None: the call is open to all.
    """

    def __init__(
        self, context: Context, service: Service, address: str, identify: Callable[[], Principal] | None
    ) -> None:
        self.service = service
        self._context = context
        self._address = address
        self._identify = identify
        self._client: Principal | None = None
        self._gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def client(self) -> Principal:
        """Who calls; only where the call needs a client."""
        assert self._client is not None
        return self._client

    @asynccontextmanager
    async def request(self, *, is_counted: bool = True) -> AsyncIterator[None]:
        """Serve one request of the call's client, who is charged for it at its end.

        Args:
            is_counted: whether it counts for the limits of requests.

        Raises:
            Unauthenticated, Forbidden, RateLimited: it is refused.
        """
        client = self._client = self._identify() if self._identify else None
        failed = False
        try:
            if is_counted:
                await self._count(client)
            yield
        except Exception as failure:
            failed = not isinstance(failure, SokujiError) or failure.status >= 500
            raise
        finally:
            if client is not None:
                await client.settle(failed=failed)

    async def _count(self, client: Principal | None) -> None:
        allowance = await self.service.admit(self._address)
        if client is None:
            return
        try:
            await client.admit_request(allowance)
        finally:
            told = [item for each in client.allowances for item in each.headers.items()]
            self._context.set_trailing_metadata(tuple(told))

    def leave(self) -> None:
        """Note that the client has gone: what waits for it ends with ``ClientDisconnected``."""
        if not self._gone.done():
            self._gone.set_result(None)

    async def until_gone(self) -> None:
        """Wait until the client has gone.

        Raises:
            ClientDisconnected: it has.
        """
        await asyncio.shield(self._gone)
        raise ClientDisconnected

    async def only(self, kind: type[Q], max_bytes: int | None = None) -> Q:
        """The one message of a unary call.

        Args:
            max_bytes: None: those of any message.

        Raises:
            InvalidRequest: there is none or another one, it is malformed, or it does not come in time.
            TooLarge: it has more bytes.
        """
        limits = self.service.settings.limits
        data = await self.read(limits.max_body_s)
        if data is None:
            raise InvalidRequest("the call has no request message; send one")
        message = parsed(kind, data, max_bytes)
        if await self.read(limits.body_timeout_s) is not None:
            raise InvalidRequest("the call takes one request message, and more came; use the streaming call")
        return message

    async def each(self, kind: type[Q], max_bytes: int | None = None) -> AsyncIterator[Q]:
        """The messages of a stream until the client half-closes it.

        Args:
            max_bytes: as for ``only``.

        Raises:
            InvalidRequest: one is malformed, or none has come for ``idle_timeout_s``.
            TooLarge: one has more bytes.
        """
        while (data := await self.read(self.service.settings.limits.idle_timeout_s)) is not None:
            yield parsed(kind, data, max_bytes)

    async def read(self, timeout_s: float | None) -> bytes | None:
        """The next message; None: the client has half-closed the stream.

        Raises:
            InvalidRequest: none has come in this time.
            ClientDisconnected: see ``leave``.
        """
        try:
            found: Any = await self._or_gone(self._context.read(), timeout_s)
        except TimeoutError:
            raise InvalidRequest(f"no message was received for {timeout_s:g} s") from None
        return None if found is grpc.aio.EOF else bytes(found)

    async def respond(self, message: Message) -> None:
        """Send a message, and wait until the client's side has room for it.

        Raises:
            TooLarge: it is larger than ``grpc.max_message_length``.
            InvalidRequest: the client has taken nothing for ``idle_timeout_s``.
            ClientDisconnected: see ``leave``.
        """
        settings = self.service.settings
        size, timeout_s = message.ByteSize(), settings.limits.idle_timeout_s
        if size > settings.grpc.max_message_length:
            raise TooLarge(
                f"the answer has {size} bytes, more than grpc.max_message_length "
                f"({settings.grpc.max_message_length}); use the streaming call, or ask for less"
            )
        try:
            await self._or_gone(self._context.write(message.SerializeToString()), timeout_s)
        except TimeoutError:
            raise InvalidRequest(f"the client has read nothing for {timeout_s:g} s") from None

    async def _or_gone(self, operation: Awaitable[T], timeout_s: float | None) -> T:
        task: asyncio.Future[T] = asyncio.ensure_future(operation)
        ends: list[asyncio.Future[T] | asyncio.Future[None]] = [task, self._gone]
        try:
            await asyncio.wait(ends, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
        except (grpc.aio.BaseError, grpc.aio.InternalError, grpc.aio.UsageError):
            raise ClientDisconnected from None
        finally:
            task.cancel()
        if self._gone.done():
            raise ClientDisconnected
        raise TimeoutError


def parsed(kind: type[Q], data: bytes, max_bytes: int | None = None) -> Q:
    """A message in its wire format.

    Raises:
        InvalidRequest: it is none of this kind.
        TooLarge: it has more bytes.
    """
    if max_bytes is not None and len(data) > max_bytes:
        raise TooLarge(f"a message of {len(data)} bytes; at most {max_bytes} are accepted")
    try:
        return kind.FromString(data)
    except DecodeError:
        raise InvalidRequest(f"the message is no {kind.DESCRIPTOR.full_name} of protobuf") from None
