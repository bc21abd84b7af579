"""Export of traces by OTLP, through Ray Serve's own path: Serve calls this in every proxy and replica.

``RAY_SERVE_TRACING_EXPORTER_IMPORT_PATH=deployments.traces:otlp`` switches it on. The exporter reads the
variables of OpenTelemetry (``OTEL_EXPORTER_OTLP_ENDPOINT``, ``OTEL_EXPORTER_OTLP_HEADERS``, ...); see
docs/debugging.md.
"""

import os

from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from sokuji.errors import ConfigError

SERVICE_NAME = "OTEL_SERVICE_NAME"


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
    return [BatchSpanProcessor(OTLPSpanExporter())]
