"""The registry of this process, and the buckets of its histograms."""

from prometheus_client import CollectorRegistry

REGISTRY = CollectorRegistry()
"""All metrics that the engine declares."""

_GROWTH = 1.25
FINE_SECONDS = tuple(0.001 * _GROWTH**step for step in range(50))
"""Upper bounds of buckets, 1 ms to 56 s; a quantile estimated from them is at most 25 % off."""
LATENCY_SECONDS = (
    *(0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 1.75),
    *(2.0, 2.5, 3.0, 4.0, 5.0, 7.5, 10.0, 15.0, 30.0, 60.0),
)  # fmt: skip
"""For what a person waits for: narrow where targets lie, 0.2 to 3 s."""
SHARES = tuple(step / 20 for step in range(1, 20))
"""For values from 0 to 1."""
