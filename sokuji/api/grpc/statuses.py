"""Errors as gRPC has them: a status code, a message, and ``google.rpc`` details with code and param.

The details stand in the trailing metadata, where gRPC's libraries look for them.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RequestInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc import StatusCode

from sokuji.errors import SokujiError

DOMAIN = "sokuji"
"""Of ``ErrorInfo``: whose reasons they are."""
DETAILS = "grpc-status-details-bin"
MAX_MESSAGE_BYTES = 1_000
"""Of a message in UTF-8: clients accept 8 KiB of metadata, and it stands there three times, once escaped."""

_CODES: Mapping[int, StatusCode] = MappingProxyType(
    {
        401: StatusCode.UNAUTHENTICATED,
        403: StatusCode.PERMISSION_DENIED,
        404: StatusCode.NOT_FOUND,
        409: StatusCode.ABORTED,
        413: StatusCode.RESOURCE_EXHAUSTED,
        429: StatusCode.RESOURCE_EXHAUSTED,
        503: StatusCode.UNAVAILABLE,
        504: StatusCode.DEADLINE_EXCEEDED,
    }
)


class CallStatus(NamedTuple):
    """How a call ends that has failed."""

    code: StatusCode
    message: str
    trailing_metadata: tuple[tuple[str, str | bytes], ...]


def status_code(http_status: int) -> StatusCode:
    """The status code for an error of this status over HTTP."""
    other = StatusCode.INVALID_ARGUMENT if 400 <= http_status < 500 else StatusCode.INTERNAL
    return _CODES.get(http_status, other)


def call_status(error: SokujiError, request_id: str | None) -> CallStatus:
    """How a call ends with an error.

    Args:
        request_id: of the call, which stands in the logs.
    """
    code, message = status_code(error.status), _cut(error.message)
    param = {} if error.param is None else {"param": _cut(error.param)}
    status = Status(code=code.value[0], message=message)
    status.details.add().Pack(ErrorInfo(reason=error.code, domain=DOMAIN, metadata=param))
    if param and error.status < 500:
        violation = BadRequest.FieldViolation(field=param["param"], description=message, reason=error.code)
        status.details.add().Pack(BadRequest(field_violations=[violation]))
    if error.retry_after_s is not None:
        delay = Duration()
        delay.FromMilliseconds(round(1_000 * error.retry_after_s))
        status.details.add().Pack(RetryInfo(retry_delay=delay))
    if request_id is not None:
        status.details.add().Pack(RequestInfo(request_id=request_id))
    return CallStatus(code, message, ((DETAILS, status.SerializeToString()),))


def _cut(text: str) -> str:
    """The beginning of a text that fits; lone surrogates, which have no UTF-8, are replaced."""
    return text.encode(errors="replace")[:MAX_MESSAGE_BYTES].decode(errors="ignore")
