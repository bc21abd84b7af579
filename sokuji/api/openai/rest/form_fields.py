"""Multipart forms as clients of OpenAI send them: with arrays and objects, whose fields have brackets or not.

An array is a field that is repeated, ``include`` or ``include[]``. An object is a field for each of its
members, ``chunking_strategy[type]``, or one with JSON. Any other field that comes twice is refused: one of
its values would be ignored.
"""

import json
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, ClassVar, TypeVar

from fastapi import Request, Response
from fastapi.routing import APIRoute

from sokuji.api.dependencies import require_multipart
from sokuji.api.request_fields import RequestForm, repeated_field, validated

MAX_FIELDS = 128
MAX_FIELD_BYTES = 65_536
"""Of one field that is no file; they are kept in memory."""
F = TypeVar("F", bound="FormBody")


class FormBody(RequestForm):
    """Base of the forms of OpenAI's calls."""

    arrays: ClassVar[frozenset[str]] = frozenset()
    """Fields that are arrays."""
    objects: ClassVar[frozenset[str]] = frozenset()
    """Fields that may be objects."""


def gathered(
    fields: Iterable[tuple[str, Any]], arrays: frozenset[str], objects: frozenset[str]
) -> dict[str, Any]:
    """The values of a form by name.

    Args:
        fields: name and value of each field, in order.
        arrays, objects: as in ``FormBody``.

    Raises:
        InvalidRequest: a field that is no array comes twice.
    """
    values: dict[str, Any] = {}
    for written, value in fields:
        name, bracket, rest = written.partition("[")
        member = rest.removesuffix("]")
        if name in arrays and bracket + rest in ("", "[]"):
            values.setdefault(name, []).append(value)
        elif name in objects and member and rest.endswith("]"):
            # Beside a value for the whole, which is no dictionary, it would be lost.
            known = values.setdefault(name, {})
            if not isinstance(known, dict) or member in known:
                raise repeated_field(written)
            known[member] = value
        elif written in values:
            raise repeated_field(written)
        else:
            values[written] = value
    return values


def json_object(value: Any) -> Any:
    """What a field with JSON says; anything else unchanged. For the validators of objects."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


class FormFirstRoute(APIRoute):
    """A route that receives a form before it takes a place: nobody holds one with a slow body."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See ``APIRoute``."""
        handler = super().get_route_handler()

        async def read_form_first(request: Request) -> Response:
            require_multipart(request, "file")
            # The request caches the form, so that ``form_of`` gets the same one.
            async with request.form(max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES):
                return await handler(request)

        return read_form_first


def form_of(kind: type[F]) -> Callable[[Request], Awaitable[F]]:
    """A dependency of a ``FormFirstRoute``: its form, whose file is open until the handler returns.

    Raises:
        RequestValidationError, SokujiError: a field is missing or has a value that is not accepted.
    """

    async def read(request: Request) -> F:
        fields = (await request.form()).multi_items()
        return validated(kind, gathered(fields, kind.arrays, kind.objects))

    return read


def form_schema(kind: type[FormBody]) -> dict[str, Any]:
    """``openapi_extra`` of a route that takes the form."""
    content = {"multipart/form-data": {"schema": kind.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}
