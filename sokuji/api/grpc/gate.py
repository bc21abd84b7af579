"""What every gRPC call passes: its id, its client's key and limits, its metrics, and errors as statuses.

It is the counterpart of the middleware that REST calls pass (``sokuji.api.app``), and as there a method
cannot forget it: nothing is served that is not in the table, and nothing of a request is read before its
client has been let in.
"""

import logging
import time
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any
from urllib.parse import unquote

import grpc
from starlette.requests import HTTPConnection

from sokuji.access.principal import Principal
from sokuji.api.concurrency_limiter import KeyedLimiter
from sokuji.api.errors import unhandled
from sokuji.api.grpc.call import Call, Context
from sokuji.api.grpc.methods import DOOR, Method
from sokuji.api.grpc.statuses import call_status
from sokuji.api.request_ids import new_request_id
from sokuji.api.request_metrics import CLIENT_LEFT
from sokuji.api.service import Service
from sokuji.api.session_connection import ClientDisconnected
from sokuji.config.keys import KeyScope
from sokuji.errors import RateLimited, SokujiError
from sokuji.metrics.requests import record_request
from sokuji.telemetry import call_ids
from sokuji.telemetry.call_ids import REQUEST_ID_HEADER, CallIds

log = logging.getLogger(__name__)

KEY_METADATA = "x-api-key"
"""Has the key of a client that sends no ``authorization``."""
Metadata = tuple[tuple[str, str | bytes], ...]


class Gate(grpc.GenericRpcHandler):
    """See the module.

    Args:
        methods: path -> method.
        host: where the server listens.
        client_calls: calls of one client address at the same time.
    """

    def __init__(self, service: Service, methods: Mapping[str, Method], host: str, client_calls: int) -> None:
        self._service = service
        self._client_calls = client_calls
        self._calls_of = KeyedLimiter(client_calls)
        self._methods = methods
        self._host = host

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """The handler of a call; None: there is no such method, which gRPC answers itself."""
        path = handler_call_details.method
        method = self._methods.get(path)
        return method and grpc.stream_stream_rpc_method_handler(partial(self._serve, path, method))

    async def _serve(self, path: str, method: Method, requests: object, context: Context) -> None:
        metadata = tuple(context.invocation_metadata() or ())
        given = _first(metadata, REQUEST_ID_HEADER.lower()) or ""
        request_id = given if call_ids.is_request_id(given) else new_request_id()
        began, status = time.monotonic(), CLIENT_LEFT
        with call_ids.bound(CallIds(request_id=request_id)):
            try:
                await context.send_initial_metadata(((REQUEST_ID_HEADER.lower(), request_id),))
                await self._admitted(method, metadata, context)
                status = 200
            except ClientDisconnected:
                log.info("%s: the client has left", path)
            except Exception as failure:
                error = _error_of(failure, path, request_id)
                status = error.status
                await _abort(context, error, request_id)
            finally:
                if not method.is_session:
                    record_request(DOOR, path, status, time.monotonic() - began)

    async def _admitted(self, method: Method, metadata: Metadata, context: Context) -> None:
        address = peer_address(context.peer())
        message = f"{self._client_calls} calls of your address are open; end one first"
        with self._calls_of.of(address) as calls, calls.slot_or_raise(RateLimited(message, retry_after_s=1)):
            identify = partial(self._identify, method.scope, metadata, address)
            call = Call(context, self._service, address, identify if method.access == "key" else None)
            async with call.request(is_counted=method.access != "probe" and not method.is_session):
                await method.serve(call)

    def _identify(self, scope_needed: KeyScope | None, metadata: Metadata, address: str) -> Principal:
        headers = [
            (name.encode("latin-1"), value.encode("latin-1", "replace"))
            for name, value in metadata
            if isinstance(value, str)
        ]
        scope = {"type": "http", "headers": headers, "client": (address, 0), "server": (self._host, None)}
        shown = _first(metadata, KEY_METADATA)
        client = self._service.credentials.identify(HTTPConnection(scope), shown)
        client.check_scope(scope_needed)
        return client


def peer_address(peer: str) -> str:
    """The address in what gRPC calls a peer: ``ipv4:127.0.0.1:4711`` or ``ipv6:%5B::1%5D:4711``."""
    return unquote(peer).partition(":")[2].rpartition(":")[0].strip("[]") or "unknown"


def _first(metadata: Iterable[tuple[str, str | bytes]], name: str) -> str | None:
    return next((value for each, value in metadata if each == name and isinstance(value, str)), None)


def _error_of(failure: Exception, path: str, request_id: str) -> SokujiError:
    if isinstance(failure, SokujiError):
        if failure.status >= 500:
            log.warning("%s: %s: %s", path, failure.code, failure.message)
        return failure
    log.error("request %s: %s failed", request_id, path, exc_info=failure)
    return unhandled(failure, request_id)


async def _abort(context: Context, error: SokujiError, request_id: str) -> None:
    told = tuple(context.trailing_metadata() or ())
    code, message, details = call_status(error, request_id)
    try:
        await context.abort(code, message, (*told, *details))
    except grpc.aio.InternalError:
        log.debug("the client had left before the status %s", code.name)
