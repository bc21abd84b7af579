"""What route handlers of all doors declare: the service, a slot for the request, and bounds on forms."""

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Form, Request, Response
from fastapi.routing import APIRoute
from starlette.requests import HTTPConnection

from sokuji.access.principal import Principal
from sokuji.api.authentication import client_of
from sokuji.api.request_fields import repeated_field
from sokuji.api.service import Service
from sokuji.errors import InvalidRequest


def _current_service(connection: HTTPConnection) -> Service:
    service: Service = connection.app.state.service
    return service


CurrentService = Annotated[Service, Depends(_current_service)]
"""The service that the application was built for."""


async def _current_client(connection: HTTPConnection) -> Principal:
    return client_of(connection)


CurrentClient = Annotated[Principal, Depends(_current_client)]
"""The client that sends a request or opens a socket, which ``Authentication`` has let in."""


async def _request_slot(service: CurrentService) -> AsyncIterator[None]:
    with service.request_slot():
        yield


async def _unique_fields(request: Request) -> None:
    """Refuse a form that has a field twice: one of the values would be ignored."""
    names = [name for name, _ in (await request.form()).multi_items()]
    for name in names:
        if names.count(name) > 1:
            raise repeated_field(name)


# Released when the handler returns, not when a slow client has taken the response.
IN_REQUEST_SLOT = [Depends(_request_slot, scope="function")]
"""Dependencies of a route that calls the models."""
IN_STREAM_SLOT = [Depends(_request_slot, scope="request")]
"""Dependencies of a route that calls the models while its response is sent, at whose end it is released."""
_FORM = Depends(_unique_fields)
FORM_IN_REQUEST_SLOT = [_FORM, *IN_REQUEST_SLOT]
"""Dependencies of a route that takes a form and calls the models."""

_MULTIPART = "multipart/form-data"
MULTIPART = Form(media_type=_MULTIPART)
MAX_FORM_FIELDS = 16
MAX_FORM_FIELD_BYTES = 4_096


def media_type(request: Request) -> str:
    """The media type of the body, without its parameters; empty if the client names none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def require_multipart(request: Request, param: str) -> None:
    """Refuse an upload in another form before it is read: none holds a file, and parsing one takes a core.

    Args:
        param: the field of the file, for the error.

    Raises:
        InvalidRequest: the form is not multipart.
    """
    if media_type(request) != _MULTIPART:
        raise InvalidRequest(f"{param} must be a file in a multipart form ({_MULTIPART})", param=param)


class BoundedFormRoute(APIRoute):
    """A route that reads a form with one file at most, and no more than the bounds of its fields.

    FastAPI has such bounds itself (``form_limits``) from a version on that is too new for vLLM.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See ``APIRoute``."""
        handler = super().get_route_handler()
        if _FORM not in self.dependencies:
            return handler

        async def read_form_first(request: Request) -> Response:
            require_multipart(request, "audio_file")
            # The request caches the form, so that FastAPI does not read it without bounds.
            await request.form(max_files=1, max_fields=MAX_FORM_FIELDS, max_part_size=MAX_FORM_FIELD_BYTES)
            return await handler(request)

        return read_form_first
