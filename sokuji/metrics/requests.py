"""Metrics of REST calls, by door, route and status."""

from prometheus_client import Counter, Histogram

from sokuji.metrics.registry import LATENCY_SECONDS, REGISTRY

_duration = Histogram(
    "sokuji_http_request_duration_seconds",
    "From a request to the end of its response.",
    ("door", "route"),
    buckets=LATENCY_SECONDS,
    registry=REGISTRY,
)
_requests = Counter(
    "sokuji_http_requests",
    "Requests by the status of their response; 499: the client left before there was one.",
    ("door", "route", "status"),
    registry=REGISTRY,
)


def record_request(door: str, route: str, status: int, seconds: float) -> None:
    """Record a request.

    Args:
        route: the path as the application declares it, so that there are few of them.
        seconds: from its beginning to the end of the response.
    """
    _requests.labels(door, route, str(status)).inc()
    _duration.labels(door, route).observe(seconds)
