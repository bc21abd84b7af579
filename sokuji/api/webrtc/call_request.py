"""The request that begins a call: an offer, and the session that its client asks for.

Either a form with the fields ``sdp`` and ``session`` (JSON), or the offer alone as ``application/sdp``: then
the session is that of the client secret.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile

from sokuji.api.credentials import JSONObject
from sokuji.api.dependencies import media_type
from sokuji.errors import InvalidRequest, TooLarge

SDP = "application/sdp"
FORM = "multipart/form-data"
MAX_FIELD_BYTES = 64 * 1_024
FIELDS = ("sdp", "session")


@dataclass(frozen=True, slots=True)
class CallRequest:
    """See the module."""

    offer: str
    session: JSONObject
    """As the client wrote it; empty: it leaves everything to the service."""


async def read_call(request: Request, of_secret: Mapping[str, Any] | None) -> CallRequest:
    """Read a request.

    Args:
        of_secret: the session of a client secret, where the request has none.

    Raises:
        InvalidRequest: another content type, or a field that is missing, doubled, unknown or not JSON.
        TooLarge: a field is too long.
    """
    content_type = media_type(request)
    if content_type == SDP:
        body = await request.body()
        if len(body) > MAX_FIELD_BYTES:
            raise TooLarge(
                f"an offer of {len(body)} bytes; at most {MAX_FIELD_BYTES} are accepted", param="sdp"
            )
        fields = {"sdp": body.decode(errors="replace")}
    elif content_type == FORM:
        fields = await _form_fields(request)
    else:
        raise InvalidRequest(
            f"Content-Type {content_type[:80]!r}; accepted: {FORM} with the fields sdp and session, or {SDP}"
        )
    if not fields.get("sdp", "").strip():
        raise InvalidRequest("there is no SDP offer", param="sdp")
    session = _session(fields["session"]) if "session" in fields else None
    if session is None:
        session = dict(of_secret or {})
    return CallRequest(fields["sdp"], session)


async def _form_fields(request: Request) -> dict[str, str]:
    most = len(FIELDS)
    fields: dict[str, str] = {}
    async with request.form(max_files=most, max_fields=most, max_part_size=MAX_FIELD_BYTES) as form:
        for name, value in form.multi_items():
            if name not in FIELDS or name in fields:
                wrong = "there more than once" if name in fields else "unknown"
                raise InvalidRequest(
                    f"the field {name[:40]!r} is {wrong}; accepted: {', '.join(FIELDS)}", param=name[:40]
                )
            fields[name] = await _file_text(name, value) if isinstance(value, UploadFile) else value
    return fields


async def _file_text(name: str, file: UploadFile) -> str:
    """The text of a field that is sent as a file."""
    if (file.size or 0) > MAX_FIELD_BYTES:
        raise TooLarge(f"{name} has {file.size} bytes; at most {MAX_FIELD_BYTES} are accepted", param=name)
    return (await file.read()).decode(errors="replace")


def _session(text: str) -> JSONObject:
    try:
        session = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidRequest("session is not valid JSON", param="session") from None
    if not isinstance(session, dict):
        raise InvalidRequest("session must be a JSON object", param="session")
    return session
