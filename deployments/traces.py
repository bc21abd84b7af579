"""Export of traces by OTLP, through Ray Serve's own path: Serve calls this in every proxy and replica.

``RAY_SERVE_TRACING_EXPORTER_IMPORT_PATH=deployments.traces:otlp`` switches it on. The exporter reads the
variables of OpenTelemetry (``OTEL_EXPORTER_OTLP_ENDPOINT``, ``OTEL_EXPORTER_OTLP_HEADERS``, ...); see
docs/debugging.md. Serve writes exceptions into its spans; their messages, which may quote what was said, are
removed before anything leaves the process.
"""

import os
from collections.abc import Sequence

from opentelemetry.sdk.trace import Event, ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Status

from sokuji.errors import ConfigError

SERVICE_NAME = "OTEL_SERVICE_NAME"
_MESSAGES = frozenset({"exception.message", "exception.stacktrace"})


def otlp() -> list[SpanProcessor]:
    """What sends spans, in batches and in a thread, by OTLP over HTTP.

    Raises:
        ConfigError: the exporter is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError as error:
        raise ConfigError(
            f"traces need pip install 'sokuji-bridge[otel]' ({error.name} is missing)"
        ) from None
    # Serve reads it after this call, when it makes the provider of tracers.
    os.environ.setdefault(SERVICE_NAME, "sokuji-bridge")
    return [BatchSpanProcessor(_WithoutMessages(OTLPSpanExporter()))]


class _WithoutMessages(SpanExporter):
    """Passes spans on without the messages of exceptions."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([_cleaned(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _cleaned(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=span.attributes,
        events=[_cleaned_event(event) for event in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _cleaned_event(event: Event) -> Event:
    kept = {name: value for name, value in (event.attributes or {}).items() if name not in _MESSAGES}
    return Event(event.name, kept, event.timestamp)
