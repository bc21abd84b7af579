"""Requests as clients of LibreTranslate send them: as JSON, or as a form with the same fields."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from sokuji import languages
from sokuji.api.authentication import identify_by_body
from sokuji.api.dependencies import media_type, require_multipart
from sokuji.api.request_fields import RequestBody, Text, UnicodeText, repeated_field, validated
from sokuji.errors import InvalidRequest

AUTO = "auto"
MAX_TEXTS = 100
"""Texts in one request."""
MAX_ALTERNATIVES = 10
MAX_FIELDS = 128
MAX_FIELD_BYTES = 2**20
_ALSO = {"pb": "pt-BR", "zt": "zh-Hant"}
"""Codes that are LibreTranslate's own."""
B = TypeVar("B", bound=RequestBody)


def _language(tag: str, info: ValidationInfo) -> str:
    return languages.parse(_ALSO.get(tag.lower(), tag), str(info.field_name))


def _source(tag: str, info: ValidationInfo) -> str:
    return AUTO if tag.lower() == AUTO else _language(tag, info)


def _one_or_several(value: Any) -> Any:
    """A form has a text for each time that the field is sent."""
    return value[0] if isinstance(value, FormTexts) and len(value) == 1 else value


class FormTexts(list[str]):
    """The texts of a form."""


Texts = Annotated[
    UnicodeText | Annotated[list[UnicodeText], Field(min_length=1, max_length=MAX_TEXTS)],
    BeforeValidator(_one_or_several),
]
Source = Annotated[str, AfterValidator(_source), Field(description='BCP-47 tag, or "auto": detect it')]
Target = Annotated[str, AfterValidator(_language), Field(description="BCP-47 tag")]


class Keyed(RequestBody):
    """What every request may have."""

    api_key: str = ""
    secret: str = Field("", description="Of LibreTranslate's own page; none is needed here")


class TranslateBody(Keyed):
    """``POST /translate``."""

    q: Texts
    source: Source
    target: Target
    format: Literal["text", "html"] = "text"
    alternatives: int = Field(0, ge=0, le=MAX_ALTERNATIVES)


class DetectBody(Keyed):
    """``POST /detect``."""

    q: Annotated[Text, BeforeValidator(_one_or_several)]


class FileForm(Keyed):
    """``POST /translate_file``, without the file."""

    source: Source
    target: Target


class BodyFirstRoute(APIRoute):
    """A route that receives the body before it takes a place: nobody holds one with a slow body."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See ``APIRoute``."""
        handler = super().get_route_handler()

        async def read_body_first(request: Request) -> Response:
            if _is_json(request):
                await request.body()
                return await handler(request)
            # The request caches the form, so that ``body_of`` gets the same one.
            async with request.form(max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES):
                return await handler(request)

        return read_body_first


class FileFirstRoute(BodyFirstRoute):
    """The same for a route that takes a ``file``: any other body is refused unread."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See ``APIRoute``."""
        handler = super().get_route_handler()

        async def read_file_first(request: Request) -> Response:
            require_multipart(request, "file")
            return await handler(request)

        return read_file_first


def body_of(kind: type[B]) -> Callable[[Request], Awaitable[B]]:
    """A dependency of a ``BodyFirstRoute``: the body of the request.

    Raises:
        Unauthenticated, Forbidden, RateLimited: the client is refused, see ``identify_by_body``.
        RequestValidationError, SokujiError: a field is missing or has a value that is not accepted.
    """

    async def read(request: Request) -> B:
        fields = await _fields(request)
        # Before anything else is said of the body.
        await identify_by_body(request, str(fields.get("api_key", "")))
        return validated(kind, fields)

    return read


def _is_json(request: Request) -> bool:
    return media_type(request) == "application/json"


async def _fields(request: Request) -> dict[str, Any]:
    if _is_json(request):
        return await _json_fields(request)
    form = await request.form()
    fields: dict[str, Any] = {}
    for name, value in form.multi_items():
        if name == "file":
            continue
        if name == "q":
            fields.setdefault("q", FormTexts()).append(value)
        elif name in fields:
            raise repeated_field(name)
        else:
            fields[name] = value
    return fields


async def _json_fields(request: Request) -> dict[str, Any]:
    try:
        fields = await request.json()
    except (ValueError, RecursionError):
        raise InvalidRequest("the body is not valid JSON in UTF-8") from None
    if not isinstance(fields, dict):
        raise InvalidRequest("the body must be a JSON object")
    return fields


def body_schema(kind: type[RequestBody], **files: str) -> dict[str, Any]:
    """``openapi_extra`` of a route that takes such a body.

    Args:
        files: name and description of fields that are files; with one, the body is a form.
    """
    schema = kind.model_json_schema()
    for name, description in files.items():
        schema["properties"][name] = {"type": "string", "format": "binary", "description": description}
        schema["required"] = [*schema.get("required", []), name]
    forms = ["multipart/form-data"] if files else ["application/json", "application/x-www-form-urlencoded"]
    content = {media_type: {"schema": schema} for media_type in forms}
    return {"requestBody": {"required": True, "content": content}}
