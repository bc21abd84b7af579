"""Every failure of a REST call in one shape: ``{"error": {"code", "message", "param"}}``.

A mistake of the client is a 4xx that names the field and the values accepted; what nobody foresaw is a 500
with an id under which the log tells the rest.
"""

import json
import logging
import math
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sokuji.errors import InvalidRequest, SokujiError, TooLarge

log = logging.getLogger(__name__)


class ErrorDetail(BaseModel):
    """What went wrong."""

    code: str = Field(examples=["invalid_request"])
    message: str = Field(description="One sentence for a person; names the accepted values.")
    param: str | None = Field(description="The field at fault, dotted where it is nested.")


class ErrorBody(BaseModel):
    """The answer to every request that failed."""

    error: ErrorDetail


_MEANINGS = {
    400: "Malformed request, or audio that cannot be decoded",
    413: "Too many bytes, seconds or characters",
    422: "Nobody speaks, or a language, pair or voice that is not served",
    429: "Too many requests; see Retry-After",
    500: "A fault of the service; the message has the id of the log entry",
    502: "A model failed",
    503: "Overloaded or still starting; see Retry-After",
    504: "A model did not answer in time",
}


def _documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": ErrorBody, "description": _MEANINGS[status]} for status in statuses}


FAILURES = _documented(429, 500, 503)
"""How any call can fail, for its OpenAPI description."""
WORK_FAILURES = _documented(400, 413, 422, 502, 504)
"""How calls that make the models work can fail besides."""


def error_response(error: SokujiError) -> Response:
    """The answer that tells a client of ``error``."""
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    return _response(error.as_dict(), error.status, headers)


def _response(detail: dict[str, str | None], status: int, headers: Mapping[str, str] | None) -> Response:
    # In ASCII, because a message may quote what the client sent, even if it is no Unicode text.
    return Response(json.dumps({"error": detail}), status, headers, "application/json")


def install(app: FastAPI) -> None:
    """Answer all failures of ``app`` that are foreseen; ``UnforeseenErrors`` has the others."""
    app.add_exception_handler(SokujiError, _foreseen)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _refused_by_framework)


async def _foreseen(request: Request, error: Exception) -> Response:
    assert isinstance(error, SokujiError)
    if error.status >= 500:
        log.warning("%s %r: %s: %s", request.method, request.url.path, error.code, error.message)
    return error_response(error)


async def _malformed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [(_field(fault["loc"]), fault) for fault in error.errors()]
    message = "; ".join(_sentence(field, fault) for field, fault in faults)
    return error_response(InvalidRequest(message, param=faults[0][0]))


def _field(location: Sequence[str | int]) -> str | None:
    """("body", "glossary", "a") -> "glossary.a"; None where no field is at fault but the whole body."""
    parts = [str(part) for part in location[1:] if not isinstance(part, int)]
    return ".".join(parts) or None


def _sentence(field: str | None, fault: Mapping[str, Any]) -> str:
    if fault["type"] == "json_invalid":
        return f"the body is not valid JSON at character {fault['loc'][-1]}: {fault['ctx']['error']}"
    if field is None:
        return "the body must be a JSON object, sent with Content-Type: application/json"
    return f"{field}: {fault['msg']}"


async def _refused_by_framework(request: Request, error: Exception) -> Response:
    """What Starlette and FastAPI refuse themselves: paths, methods, bodies that cannot be read."""
    assert isinstance(error, HTTPException)
    if error.status_code == TooLarge.status:
        return error_response(TooLarge(error.detail))
    messages = {
        400: f"the body is neither JSON in UTF-8 nor a form that is accepted: {error.detail}",
        404: "there is nothing at this path; see /docs",
        405: f"{request.method} is not allowed here; see /docs",
    }
    codes = {404: "not_found", 405: "method_not_allowed"}
    detail: dict[str, str | None] = {
        "code": codes.get(error.status_code, InvalidRequest.code),
        "message": messages.get(error.status_code, error.detail),
        "param": None,
    }
    return _response(detail, error.status_code, error.headers)


class UnforeseenErrors:
    """Answers 500 to what no handler knows; the log, not the client, is told what it was."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through and catch what comes back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answered = False

        async def noting(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception:
            request_id = _request_id(scope)
            log.exception("request %s: %s %r failed", request_id, scope["method"], scope["path"])
            if answered:
                raise
            response = error_response(SokujiError(f"the service failed; its log has request {request_id}"))
            response.headers["X-Request-Id"] = request_id
            await response(scope, receive, send)


def _request_id(scope: Scope) -> str:
    """The id that a proxy gave to the request, where it is fit for a log, or a new one."""
    given = Headers(scope=scope).get("x-request-id", "")
    return given if re.fullmatch(r"[\w.-]{1,64}", given, re.ASCII) else uuid.uuid4().hex
