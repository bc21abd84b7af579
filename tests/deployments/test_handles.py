"""What Ray raises from a call to a stage becomes an error of the engine, whatever the transport."""

import pytest
from grpc import StatusCode
from grpc.aio import AioRpcError, Metadata
from ray.exceptions import ActorUnavailableError, RayTaskError
from ray.serve.exceptions import BackPressureError

from deployments.handles import engine_errors
from sokuji.errors import (
    InvalidRequest,
    Overloaded,
    ProviderFailed,
    ProviderUnavailable,
    ReplicaLost,
    SokujiError,
)


def task_error(cause: Exception) -> Exception:
    """What a call raises whose method has raised ``cause``."""
    error = RayTaskError("transcribe", "", cause)  # type: ignore[no-untyped-call]
    as_raised: Exception = error.as_instanceof_cause()  # type: ignore[no-untyped-call]
    return as_raised


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (AioRpcError(StatusCode.INTERNAL, Metadata(), Metadata()), ProviderUnavailable),
        (ActorUnavailableError("gone", None), ReplicaLost),
        (BackPressureError(num_queued_requests=1, max_queued_requests=1), Overloaded),
        (task_error(ValueError("broken")), ProviderFailed),
        (task_error(InvalidRequest("no such language")), InvalidRequest),
    ],
    ids=lambda case: getattr(case, "__name__", type(case).__name__),
)
def test_a_call_that_fails_raises_what_the_engine_knows(
    raised: Exception, expected: type[SokujiError]
) -> None:
    with pytest.raises(expected) as caught, engine_errors():
        raise raised
    assert type(caught.value) is expected
