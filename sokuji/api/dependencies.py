"""What the REST handlers share: the service they work for, a place to work in, and how forms are taken."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Form, Request

from sokuji.api.service import Service
from sokuji.errors import InvalidRequest


def current_service(request: Request) -> Service:
    """What the app was built for."""
    service: Service = request.app.state.service
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
FORM_IN_A_SLOT = [Depends(_fields_once), *IN_A_SLOT]
"""The same for a route that takes a form."""

MULTIPART = Form(media_type="multipart/form-data")
MAX_FORM_FIELDS = 16
MAX_FORM_FIELD_BYTES = 4_096
