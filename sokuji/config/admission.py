"""Settings of admission: how much of the machine sessions may need before new ones are refused."""

from pydantic import Field

from sokuji.config.settings import Settings


class AdmissionSettings(Settings):
    """When a gateway replica refuses a new session (``sokuji.admission``)."""

    enabled: bool = True
    """Whether load is a reason to refuse; ``limits.ws_max_connections`` and ``streaming.max_lag_s`` hold in
    any case. Off: what it knows is reported all the same."""
    max_load: float = Field(0.75, gt=0, le=1)
    """Share of a provider's workers that may be busy with what somebody waits for, sessions that have been
    let in and do not speak yet included. Waits in its queue grow without bound towards 1."""
    max_queue_wait_s: float = Field(1.0, gt=0, le=60)
    """Mean wait in the queue of a provider, in seconds, above which new sessions are refused."""
    initial_sessions: int = Field(8, ge=1, le=10_000)
    """Sessions for which the service has room as long as nothing is known about their cost. It counts as much
    as five seconds of measured speech."""
