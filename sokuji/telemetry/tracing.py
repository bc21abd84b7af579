"""Spans of OpenTelemetry around the calls of the stages, beneath the span of the request that needs them.

Ray Serve makes the span of a request, honours its ``traceparent`` (W3C Trace Context), decides whether it is
sampled, and exports (``deployments.traces``). So there is a span here only where there is a sampled one
already: without Ray, without its setting or without OpenTelemetry's API, nothing of this costs anything.

A span has names and numbers, never a text: neither what was said nor the message of an exception.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from sokuji.errors import SokujiError
from sokuji.telemetry import call_ids

try:
    from opentelemetry import trace
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ImportError:  # The engine can be installed without it.
    if not TYPE_CHECKING:
        trace = None

Attributes = Mapping[str, str | int | float | bool | None]
"""By their names; what is None is left out."""
PREFIX = "sokuji."
"""Of the names of all attributes that no convention of OpenTelemetry names."""


class CallSpan:
    """The span of one call; without a span in it, all of it does nothing."""

    def __init__(self, span: "trace.Span | None" = None) -> None:
        self._span = span

    def note(self, attributes: Attributes) -> None:
        """Add attributes."""
        if self._span is not None:
            known = {PREFIX + name: value for name, value in attributes.items() if value is not None}
            self._span.set_attributes(known)

    def active(self) -> AbstractContextManager[object]:
        """Let calls that are made meanwhile be beneath it; an async generator leaves it before each yield."""
        if self._span is None:
            return nullcontext()
        return trace.use_span(
            self._span, end_on_exit=False, record_exception=False, set_status_on_exception=False
        )

    def _failed(self, error: BaseException) -> None:
        if isinstance(error, asyncio.CancelledError | GeneratorExit):
            # No failure: something better has begun, such as the recognition of more speech.
            self.note({"cancelled": True})
        elif self._span is not None:
            code = error.code if isinstance(error, SokujiError) else type(error).__name__
            self._span.set_attribute("error.type", code)
            self._span.set_status(trace.StatusCode.ERROR)

    def _end(self) -> None:
        if self._span is not None:
            self._span.end()


@contextmanager
def call_span(name: str, attributes: Attributes) -> Iterator[CallSpan]:
    """A span from here to the end of the block, with the ids that are bound; see ``CallSpan.active``."""
    if trace is None or not trace.get_current_span().get_span_context().trace_flags.sampled:
        yield CallSpan()
        return
    span = CallSpan(trace.get_tracer("sokuji").start_span(name, kind=trace.SpanKind.CLIENT))
    span.note({**dict(call_ids.current().items()), **attributes})
    try:
        yield span
    except BaseException as error:
        span._failed(error)
        raise
    finally:
        span._end()


def outgoing_headers() -> dict[str, str]:
    """What a request to another service carries: the id of the request that needs it, and its trace."""
    headers: dict[str, str] = {}
    if (request_id := call_ids.current().request_id) is not None:
        headers[call_ids.REQUEST_ID_HEADER] = request_id
    if trace is not None:
        TraceContextTextMapPropagator().inject(headers)
    return headers
