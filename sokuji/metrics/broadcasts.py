"""Metrics of broadcasts that are counted where they happen; ``service_metrics`` has the present listeners."""

from prometheus_client import Counter

from sokuji.metrics.registry import REGISTRY

_closed = Counter(
    "sokuji_listeners_closed",
    "Listeners' connections that are over, by the close code; 1006: the listener left without one.",
    ("close_code",),
    registry=REGISTRY,
)
_skipped = Counter(
    "sokuji_listener_skipped_audio_seconds",
    "Voice that was left out for listeners who read too slowly.",
    registry=REGISTRY,
)
_opened = Counter("sokuji_broadcasts_opened", "Sessions that were opened as broadcasts.", registry=REGISTRY)
_LEFT = 1006
"""RFC 6455, section 7.1.5: no close code was received."""


def record_opened() -> None:
    """Count a broadcast, or one that goes on in a new connection of its speaker."""
    _opened.inc()


def record_end(code: int | None) -> None:
    """Count a listener's connection that is over; None: the listener has left."""
    _closed.labels(str(code or _LEFT)).inc()


def record_skipped(skipped_ms: int) -> None:
    """Count voice that a listener has not got."""
    _skipped.inc(skipped_ms / 1_000)
