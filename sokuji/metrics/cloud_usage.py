"""What cloud services have been asked for, in the units by which they bill.

Speech counts when it is asked for, everything else when it is answered. It is an estimate of a bill: services
round, and have free shares.
"""

from typing import Literal

from prometheus_client import Counter

from sokuji.contract import StageName
from sokuji.metrics.registry import REGISTRY

Unit = Literal["audio_seconds", "characters", "input_tokens", "output_tokens"]

_usage = Counter(
    "sokuji_cloud_usage",
    "Use of cloud services, in the units by which they bill.",
    ("stage", "provider", "unit"),
    registry=REGISTRY,
)


def record_usage(stage: StageName, provider: str, unit: Unit, amount: float) -> None:
    """Count what a service has been asked for."""
    _usage.labels(stage, provider, unit).inc(amount)
