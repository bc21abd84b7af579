"""One load level measured from all sides: what listeners waited for, what the stages did, what it cost."""

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from load_tests import stages, usage
from load_tests.level import Level, summarise
from load_tests.service import CONTROLLER, PROXY, REST, Deployed, Running
from load_tests.speaking import level
from sokuji.client.config import Config

CORES = len(os.sched_getaffinity(0))
IDLE_SHARE = 0.1
"""Of one core: what the replicas together take at most when nobody speaks."""
IDLE_MOST_S = 20.0
PAUSE_S = 2.0
"""Between levels, where it cannot be seen whether the service is idle."""
_BEHIND = {"p50": 0.5, "p95": 0.05, "p99": 0.01}
"""The share of all values that lies behind a percentile."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A level and what it took."""

    level: Level
    seconds: float
    """From the first connection to the last answer."""
    client_cpu_share: float
    """Of one core, taken by this client."""
    stages: list[stages.StageTimes] | None
    """None if the service has no metrics."""
    usage: dict[str, usage.Usage] | None
    """By deployment; None if its processes are not ours to see."""

    def report(self) -> dict[str, Any]:
        """For JSON."""
        found = asdict(self)
        return {
            **found.pop("level"),
            "error_rate": self.error_rate,
            "percentiles_of_few": thin(self.level.received),
            **found,
        }

    @property
    def error_rate(self) -> float:
        """Error events and broken sessions per sentence sent."""
        return round(sum(self.level.errors.values()) / self.level.sent, 4)


def thin(count: int) -> list[str]:
    """The percentiles of so many values that lie between the two largest of them, and say little else."""
    return [name for name, share in _BEHIND.items() if (count - 1) * share < 1]


async def measure(
    url: str, running: Running | None, config: Config, clips: Sequence[bytes], count: int, duration_s: float
) -> Measured:
    """Has ``count`` sessions speak for ``duration_s`` seconds each; ``running`` if the service is our own."""
    told = await stages.scrape(url)
    worked = usage.cpu_seconds(running.processes()) if running else {}
    began, client_s = time.monotonic(), time.process_time()
    sessions = await level(url, config, clips, count, duration_s)
    seconds, client_s = time.monotonic() - began, time.process_time() - client_s
    return Measured(
        level=summarise(sessions),
        seconds=round(seconds, 2),
        client_cpu_share=round(client_s / seconds, 4),
        usage=_used(running, worked, seconds) if running else None,
        stages=stages.between(told, await stages.scrape(url)),
    )


def _used(running: Running, worked: dict[Deployed, float], seconds: float) -> dict[str, usage.Usage]:
    processes = running.processes()
    spent = usage.spent(worked, usage.cpu_seconds(processes))
    return usage.usage(spent, usage.memory_mib(processes), seconds, CORES)


async def settle(running: Running | None) -> None:
    """Returns when the replicas compute next to nothing any more, or after a while."""
    if running is None:
        await asyncio.sleep(PAUSE_S)
        return
    patience = time.monotonic() + IDLE_MOST_S
    share = 1.0
    while share > IDLE_SHARE and time.monotonic() < patience:
        before, began = usage.cpu_seconds(running.processes()), time.monotonic()
        await asyncio.sleep(1)
        spent = usage.spent(before, usage.cpu_seconds(running.processes()))
        replicas = sum(each for name, each in spent.items() if name not in (PROXY, CONTROLLER, REST))
        share = replicas / (time.monotonic() - began)
