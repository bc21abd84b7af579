"""What the REST handlers share: the service they work for, a place to work in, and how forms are taken."""

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Form, Request, Response
from fastapi.routing import APIRoute
from starlette.requests import HTTPConnection

from sokuji.api.service import Service
from sokuji.errors import InvalidRequest


def current_service(connection: HTTPConnection) -> Service:
    """The service that the application was built for."""
    service: Service = connection.app.state.service
    return service


UsedService = Annotated[Service, Depends(current_service)]


async def _request_slot(service: UsedService) -> AsyncIterator[None]:
    with service.request_slot():
        yield


async def _fields_once(request: Request) -> None:
    """Refuse a form that has a field twice: which of the two was meant?"""
    names = [name for name, _ in (await request.form()).multi_items()]
    for name in names:
        if names.count(name) > 1:
            raise InvalidRequest(f"{name[:40]!r} is in the form more than once", param=name[:40])


# The place is given back when the handler is done, not when a slow client has taken its answer.
IN_A_SLOT = [Depends(_request_slot, scope="function")]
"""Dependencies of a route that makes the models work."""
_FORM = Depends(_fields_once)
FORM_IN_A_SLOT = [_FORM, *IN_A_SLOT]
"""The same for a route that takes a form."""

MULTIPART = Form(media_type="multipart/form-data")
MAX_FORM_FIELDS = 16
MAX_FORM_FIELD_BYTES = 4_096


class BoundedForms(APIRoute):
    """A route that reads no more of a form than its bounds allow.

    FastAPI itself has such bounds (``form_limits``) since a version that is too new for vLLM.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See ``APIRoute``."""
        handler = super().get_route_handler()
        if _FORM not in self.dependencies:
            return handler

        async def bounded(request: Request) -> Response:
            # The request keeps the form for whoever asks next.
            await request.form(max_files=1, max_fields=MAX_FORM_FIELDS, max_part_size=MAX_FORM_FIELD_BYTES)
            return await handler(request)

        return bounded
