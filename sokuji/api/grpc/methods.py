"""What a method of the gRPC services is to the server: what a client needs for it, and what serves it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

from google.protobuf.message import Message

from sokuji.api.grpc.call import Call
from sokuji.config.keys import KeyScope
from sokuji.proto.common_pb2 import Empty

Q = TypeVar("Q", bound=Message)
DOOR = "grpc"
"""Of this door in metrics."""
Serve = Callable[[Call], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Method:
    """See the module."""

    serve: Serve
    scope: KeyScope | None = None
    """What a key must be for; None: any key will do."""
    access: Literal["key", "public", "probe"] = "key"
    """``public``: needs no key. ``probe``: is not counted either, as a refusal would look like a failure."""
    is_session: bool = False
    """Admits its client itself, as a session."""


def unary(kind: type[Q], answer: Callable[[Call, Q], Awaitable[Message]]) -> Serve:
    """Serves a call with one message of at most ``max_json_bytes``, and one answer."""

    async def serve(call: Call) -> None:
        request = await call.only(kind, call.service.settings.limits.max_json_bytes)
        await call.respond(await answer(call, request))

    return serve


def streaming(kind: type[Q], answers: Callable[[Call, Q], AsyncIterator[Message]]) -> Serve:
    """Serves a stream of such messages, each of which has any number of answers, in order.

    Each is a request of its own: it counts, and so does that its client's key has been revoked.
    """

    async def answer_all(call: Call, request: Q) -> None:
        async for answer in answers(call, request):
            await call.respond(answer)

    async def serve(call: Call) -> None:
        requests = call.each(kind, call.service.settings.limits.max_json_bytes)
        # The first is that of the call.
        async for request in requests:
            await answer_all(call, request)
            break
        async for request in requests:
            async with call.request():
                await answer_all(call, request)

    return serve


def report(answer: Callable[[Call], Message]) -> Serve:
    """Serves a call without arguments, whose answer is at hand."""

    async def answer_now(call: Call, request: Empty) -> Message:
        return answer(call)

    return unary(Empty, answer_now)
