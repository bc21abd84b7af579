"""One load level with its cost: latency, what the stages did, and processor time and memory."""

import asyncio
import os
import time
from dataclasses import asdict, dataclass, replace
from typing import Any

from load_tests.measurements import machine_usage, stage_times
from load_tests.measurements.load_level import LoadLevel, summarise
from load_tests.scenarios.service import NOT_REPLICAS, ServiceUnderTest
from load_tests.scenarios.sessions import Scenario, ServiceSession, run_scenario

CORES = len(os.sched_getaffinity(0))
IDLE_SHARE = 0.1
"""Of one core: what the replicas together use at most when nobody speaks."""
IDLE_WITHIN_S = 20.0
PAUSE_S = 2.0
"""Between levels, where it cannot be seen whether the service is idle."""
_TAIL = {"p50": 0.5, "p95": 0.05, "p99": 0.01}
"""The share of all values above a percentile."""


@dataclass(frozen=True, slots=True)
class MeasuredLevel:
    """A level and what it cost."""

    level: LoadLevel
    seconds: float
    """From the first connection to the last response."""
    client_cpu_share: float
    """Of one core, used by this client."""
    stages: list[stage_times.StageTimes] | None
    """None if the service has no metrics."""
    usage: dict[str, machine_usage.ProcessUsage] | None
    """By deployment; None if the processes of the service are not known."""

    def report(self) -> dict[str, Any]:
        """For JSON."""
        figures = asdict(self)
        return {
            **figures.pop("level"),
            "error_rate": self.error_rate,
            "percentiles_of_few": undersampled(self.level.received),
            **figures,
        }

    @property
    def error_rate(self) -> float:
        """Error events and failed sessions per sentence sent."""
        return round(sum(self.level.errors.values()) / self.level.sent, 4)


def undersampled(count: int) -> list[str]:
    """The percentiles of ``count`` values that lie between the two largest of them."""
    return [name for name, share in _TAIL.items() if (count - 1) * share < 1]


async def measure(
    service: ServiceUnderTest, scenario: Scenario
) -> tuple[MeasuredLevel, list[ServiceSession]]:
    """Run a scenario and measure it from all sides; also the sessions themselves."""
    metrics = await stage_times.scrape(service.url)
    cpu_before = machine_usage.cpu_seconds(service.processes())
    began, client_s = time.monotonic(), time.process_time()
    sessions = await run_scenario(service.url, scenario)
    seconds, client_s = time.monotonic() - began, time.process_time() - client_s
    processes = service.processes()
    spent = machine_usage.spent(cpu_before, machine_usage.cpu_seconds(processes))
    usage = machine_usage.usage(spent, machine_usage.memory_mib(processes), seconds, CORES)
    measured = MeasuredLevel(
        level=summarise(sessions),
        seconds=round(seconds, 2),
        client_cpu_share=round(client_s / seconds, 4),
        usage=usage or None,
        stages=stage_times.between(metrics, await stage_times.scrape(service.url)),
    )
    return measured, sessions


async def warm_up(service: ServiceUnderTest, scenario: Scenario, duration_s: float) -> None:
    """One session of a scenario that does not count, until the service is idle again."""
    await run_scenario(service.url, replace(scenario, sessions=1, duration_s=duration_s))
    await settle(service)


async def settle(service: ServiceUnderTest) -> None:
    """Return when the replicas are idle, or after a while."""
    if not service.processes():
        await asyncio.sleep(PAUSE_S)
        return
    deadline = time.monotonic() + IDLE_WITHIN_S
    share = 1.0
    while share > IDLE_SHARE and time.monotonic() < deadline:
        before, began = machine_usage.cpu_seconds(service.processes()), time.monotonic()
        await asyncio.sleep(1)
        spent = machine_usage.spent(before, machine_usage.cpu_seconds(service.processes()))
        replicas = sum(seconds for name, seconds in spent.items() if name not in NOT_REPLICAS)
        share = replicas / (time.monotonic() - began)
