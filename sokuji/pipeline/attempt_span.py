"""The span of one attempt at a provider (``sokuji.telemetry.tracing``), and what it says of an answer."""

from contextlib import AbstractContextManager

from sokuji.contract import Effort, StageName
from sokuji.pipeline.members import ProviderInfo
from sokuji.telemetry.tracing import Attributes, CallSpan, call_span


def attempt_span(
    stage: StageName, info: ProviderInfo, attributes: Attributes
) -> AbstractContextManager[CallSpan]:
    """A span with the names of the stage and the provider."""
    about = {"stage": stage, "provider": info.provider, "model": info.model}
    return call_span(f"{stage} {info.provider}", {**about, **attributes})


def of_effort(effort: Effort | None) -> Attributes:
    """The time that an answer took in its provider; empty: the provider does not say."""
    if effort is None:
        return {}
    return {"queue_wait_s": effort.queued_s, "compute_s": effort.busy_s, "batch_size": effort.batch_size}
