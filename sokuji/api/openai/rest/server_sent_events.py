"""Server-sent events (WHATWG HTML, section 9.2) as OpenAI sends them: a line of ``data`` for each object."""

import json
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

from sokuji.api.errors import error_type
from sokuji.api.openai.wire import JSONObject
from sokuji.api.produced_response import ProducedResponse
from sokuji.errors import SokujiError

log = logging.getLogger(__name__)

EVENT_STREAM = "text/event-stream"


def event_response(events: AsyncGenerator[JSONObject, None], *, stall_s: float) -> ProducedResponse:
    """A response that sends events as they come.

    An error before the first of them is answered with its own status; a later one is an event with an
    ``error``, which ends the stream.
    """
    return ProducedResponse(_lines(events), EVENT_STREAM, stall_s=stall_s)


async def _lines(events: AsyncGenerator[JSONObject, None]) -> AsyncGenerator[bytes, None]:
    begun = False
    async with aclosing(events):
        try:
            async for event in events:
                begun = True
                yield _line(event)
        except SokujiError as error:
            if not begun:
                raise
            log.warning("a stream of events ended: %s: %s", error.code, error.message)
            yield _line({"type": "error", "error": {"type": error_type(error), **error.as_dict()}})


def _line(event: JSONObject) -> bytes:
    return f"data: {json.dumps(event)}\n\n".encode()
