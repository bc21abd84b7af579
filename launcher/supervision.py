"""Finds out that a running service is broken beyond what Ray repairs, so that the launcher can end.

Serve replaces its own processes: replicas, the controller and the proxy. Nothing replaces Ray's processes of
this machine, the raylet and the GCS: without them nothing is replaced any more, although what runs may answer
for a while.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from launcher.processes import process_name, process_state

CHECK_S = 1.0
RAY_PROCESSES = ("raylet", "gcs_server")
FROZEN_S = 10.0
"""A process of Ray that is stopped for this long does not come back by itself."""
SILENT_S = 45.0
"""Serve needs up to half of this to replace the proxy or the only gateway."""
_GONE = ("Z", "X", "")
_STOPPED = ("T", "t")


@dataclass(slots=True)
class _Watched:
    """A process of Ray."""

    name: str
    pid: int
    stopped_since: float | None = None

    def fault(self, now: float) -> str | None:
        """What is wrong with it; None: nothing."""
        state = process_state(self.pid)
        if state in _GONE:
            return f"Ray's {self.name} (process {self.pid}) has ended"
        if state not in _STOPPED:
            self.stopped_since = None
            return None
        self.stopped_since = self.stopped_since or now
        frozen = now - self.stopped_since >= FROZEN_S
        return f"Ray's {self.name} (process {self.pid}) is stopped" if frozen else None


async def until_broken(pids: Iterable[int], answers: Callable[[], Awaitable[bool]]) -> str:
    """Return what has broken, as soon as something has.

    Args:
        pids: the processes of the service.
        answers: asks the service whether it is there; within a few seconds.
    """
    loop = asyncio.get_running_loop()
    named = {process_name(pid): pid for pid in pids}
    if missing := [name for name in RAY_PROCESSES if name not in named]:
        return f"Ray's {missing[0]} has ended"
    watched = [_Watched(name, named[name]) for name in RAY_PROCESSES]
    answered_at = loop.time()
    while True:
        for each in watched:
            if fault := each.fault(loop.time()):
                return fault
        if await answers():
            answered_at = loop.time()
        elif loop.time() - answered_at >= SILENT_S:
            return f"the service has not answered for {SILENT_S:g} s"
        await asyncio.sleep(CHECK_S)
