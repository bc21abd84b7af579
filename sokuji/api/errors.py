"""Every failure of a REST call in one shape: ``{"error": {"code", "message", "param"}}``.

Clients of OpenAI's paths also read a ``type``, which the others do not have. Those of LibreTranslate's paths
read the message as the ``error``.

An error of the client is a 4xx that names the field and the accepted values. An exception that no handler
knows is a 500 with the id of its log entry, or a 503 where the machine lacks what it gets back by itself.
"""

import errno
import json
import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sokuji.api.doors import door_of
from sokuji.api.path_prefix import route_path
from sokuji.errors import DeadlineExceeded, InvalidRequest, Overloaded, SokujiError, TooLarge, Unauthenticated
from sokuji.telemetry import call_ids

log = logging.getLogger(__name__)

EXHAUSTED = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""Errors of a machine that has no disk space, descriptors or memory left."""
RETRY_EXHAUSTED_S = 10.0


class ErrorDetail(BaseModel):
    """The cause of a failure."""

    code: str = Field(examples=["invalid_request"])
    message: str = Field(description="One sentence for a person; names the accepted values.")
    param: str | None = Field(description="The field at fault, dotted where it is nested.")


class ErrorBody(BaseModel):
    """The response body of every request that failed."""

    error: ErrorDetail


_DESCRIPTIONS = {
    400: "Malformed request, or audio that cannot be decoded",
    401: "An API key or client secret that is not accepted, or none",
    403: "A key that is for other uses, a page of another origin, or a host that is not served",
    404: "A model that is not served",
    408: "A body that stalls or comes too slowly",
    413: "Too many bytes, seconds or characters",
    422: "No speech in the recording, or a language, pair or voice that is not served",
    429: "Too many requests, or more audio or characters than the key may use; see Retry-After",
    500: "An error of the service; the message has the id of its log entry",
    502: "A model failed",
    503: "Overloaded or still starting; see Retry-After",
    504: "A model did not answer in time",
}


def _described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": ErrorBody, "description": _DESCRIPTIONS[status]} for status in statuses}


FAILURE_RESPONSES = _described(401, 403, 429, 500, 503)
"""How any call may fail, for the OpenAPI document."""
BODY_FAILURE_RESPONSES = _described(400, 404, 408, 413, 422)
"""How calls with a body of OpenAI's own may fail in addition."""
MODEL_FAILURE_RESPONSES = _described(400, 408, 413, 422, 502, 504)
"""How calls to the models may fail in addition."""
UNKNOWN_MODEL_RESPONSE = _described(404)
"""How calls that name a model may fail."""
UNKNOWN_LANGUAGE_RESPONSE = _described(422)
"""How calls that name a language and send no body may fail."""
UNKNOWN_FIELD_RESPONSE = _described(400)
"""How calls that take their fields from the query may fail."""


def error_response(error: SokujiError, scope: Scope) -> Response:
    """The response that reports ``error`` to the client of a request."""
    headers = {}
    if error.status == Unauthenticated.status:
        # RFC 9110, section 11.6.1
        headers["WWW-Authenticate"] = "Bearer"
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
        # Clients of OpenAI take it before the other one.
        headers["retry-after-ms"] = str(max(1, math.ceil(1_000 * error.retry_after_s)))
    return _response(error.as_dict(), error.status, headers, scope)


def error_type(error: SokujiError) -> str:
    """Who is at fault, as OpenAI names it."""
    return _type_of(error.status)


def _type_of(status: int) -> str:
    if status >= 500:
        return "server_error"
    return {401: "authentication_error", 429: "rate_limit_error"}.get(status, "invalid_request_error")


def _response(
    detail: dict[str, str | None], status: int, headers: Mapping[str, str] | None, scope: Scope
) -> Response:
    door = door_of(route_path(scope))
    error: dict[str, str | None] | str | None = detail
    if door == "openai":
        error = {"type": _type_of(status), **detail}
    elif door == "libretranslate":
        error = detail["message"]
    # In ASCII, because a message may quote lone surrogates that the client sent: they have no UTF-8.
    return Response(json.dumps({"error": error}), status, headers, "application/json")


def install(app: FastAPI) -> None:
    """Make ``app`` answer every error that has a handler; ``UnhandledErrors`` answers the others."""
    app.add_exception_handler(SokujiError, _answer_sokuji_error)
    app.add_exception_handler(RequestValidationError, _answer_validation_error)
    app.add_exception_handler(HTTPException, _answer_http_exception)


async def _answer_sokuji_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, SokujiError)
    if error.status >= 500:
        log.warning("%s %r: %s: %s", request.method, request.url.path, error.code, error.message)
    return error_response(error, request.scope)


async def _answer_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [(_field_name(fault["loc"]), fault) for fault in error.errors()]
    message = "; ".join(_fault_message(field, fault) for field, fault in faults)
    return error_response(InvalidRequest(message, param=faults[0][0]), request.scope)


def _field_name(location: Sequence[str | int]) -> str | None:
    """("body", "glossary", "a") -> "glossary.a"; None where the body as such is at fault."""
    parts = [str(part) for part in location[1:] if not isinstance(part, int)]
    return ".".join(parts) or None


def _fault_message(field: str | None, fault: Mapping[str, Any]) -> str:
    if fault["type"] == "json_invalid":
        return f"the body is not valid JSON at character {fault['loc'][-1]}: {fault['ctx']['error']}"
    if field is None:
        return "the body must be a JSON object, sent with Content-Type: application/json"
    return f"{field}: {fault['msg']}"


async def _answer_http_exception(request: Request, error: Exception) -> Response:
    """Refusals by Starlette and FastAPI: unknown paths and methods, bodies that cannot be read."""
    assert isinstance(error, HTTPException)
    if error.status_code == TooLarge.status:
        return error_response(TooLarge(error.detail), request.scope)
    docs = f"{request.scope.get('root_path', '')}/docs"
    messages = {
        400: f"the body is neither JSON in UTF-8 nor a form that is accepted: {error.detail}",
        404: f"there is nothing at this path; see {docs}",
        405: f"{request.method} is not allowed here; see {docs}",
    }
    codes = {404: "not_found", 405: "method_not_allowed"}
    detail: dict[str, str | None] = {
        "code": codes.get(error.status_code, InvalidRequest.code),
        "message": messages.get(error.status_code, error.detail),
        "param": None,
    }
    return _response(detail, error.status_code, error.headers, request.scope)


def error_of_server(status: int, message: str, scope: Scope) -> Response:
    """The response for an error of the server in front of the service, which has no code of its own."""
    codes = {404: "not_found", 408: DeadlineExceeded.code, 503: Overloaded.code}
    usual = InvalidRequest.code if status < 500 else SokujiError.code
    detail: dict[str, str | None] = {
        "code": codes.get(status, usual),
        "message": message or "the server in front of the service reports an error",
        "param": None,
    }
    return _response(detail, status, None, scope)


class UnhandledErrors:
    """Answers 500, or 503, to exceptions without a handler. Only the log has their details."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; answer an exception that comes back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception as failure:
            request_id = call_ids.current().request_id
            log.exception("request %s: %s %r failed", request_id, scope["method"], scope["path"])
            if started:
                raise
            await error_response(unhandled(failure, request_id), scope)(scope, receive, send)


def unhandled(failure: Exception, request_id: str | None) -> SokujiError:
    """The error that a client is told of an exception that no door expects, once the log has it."""
    if isinstance(failure, OSError) and failure.errno in EXHAUSTED:
        lacking = errno.errorcode[failure.errno]
        return Overloaded(
            f"the machine of the service is exhausted ({lacking}); try again later",
            retry_after_s=RETRY_EXHAUSTED_S,
        )
    return SokujiError(f"the service failed; its log has request {request_id}")
