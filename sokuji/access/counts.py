"""What is counted of clients, wherever it is kept."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from limits.aio.storage import Storage

from sokuji.access.leases import Leases
from sokuji.access.request_window import RequestWindow


class Counts(NamedTuple):
    """All counts of one place."""

    storage: Storage
    """Counters that begin anew after a time."""
    requests: RequestWindow
    leases: Leases
    close: Callable[[], Awaitable[None]]
    """Ends the connections to the place, if it has any."""
