"""One load level with its cost: latency, what the stages did, processor time and memory of deployments."""

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

import psutil

from load_tests.measurements.load_level import LoadLevel, summarise
from load_tests.measurements.stage_times import StageTimes, between, scrape
from load_tests.scenarios.service import NOT_REPLICAS, ServiceProcess, ServiceUnderTest
from load_tests.scenarios.sessions import Door, Scenario, ServiceSession, run_scenario

MEMORY = "PSS" if psutil.LINUX else "RSS"
"""Which memory is read. PSS (proc(5), smaps_rollup) divides shared pages among the processes that share them,
so that the sum over processes is what they use together; RSS counts shared pages once for each."""
CORES = len(os.sched_getaffinity(0))
IDLE_SHARE = 0.1
"""Of one core: what the replicas together use at most when nobody speaks."""
IDLE_WITHIN_S = 20.0
PAUSE_S = 2.0
"""Between levels, where it cannot be seen whether the service is idle."""
_TAIL = {"p50": 0.5, "p95": 0.05, "p99": 0.01}
"""The share of all values above a percentile."""


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """What all replicas of a deployment used over some time."""

    cpu_s: float
    cpu_share: float
    """Of all cores of the machine over that time: 0 to 1."""
    memory_mib: float
    """At the end of that time; ``MEMORY`` says which kind."""


@dataclass(frozen=True, slots=True)
class MeasuredLevel:
    """A level and what it cost."""

    level: LoadLevel
    seconds: float
    """From the first connection to the last response."""
    client_cpu_share: float
    """Of one core, used by this client."""
    stages: list[StageTimes] | None
    """None if the service has no metrics."""
    usage: dict[str, ProcessUsage] | None
    """By deployment; None if the processes of the service are not known."""
    door: Door = "bridge"

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
    def label(self) -> str:
        """Names the level in a table: its sessions, and the door unless it is the usual one."""
        return f"{self.level.sessions:,}" + ("" if self.door == "bridge" else f" {self.door}")

    @property
    def error_rate(self) -> float:
        """Error events and failed sessions per sentence sent."""
        return round(sum(self.level.errors.values()) / max(1, self.level.sent), 4)


def undersampled(count: int) -> list[str]:
    """The percentiles of ``count`` values that lie between the two largest of them."""
    return [name for name, share in _TAIL.items() if (count - 1) * share < 1]


async def measure(
    service: ServiceUnderTest, scenario: Scenario
) -> tuple[MeasuredLevel, list[ServiceSession]]:
    """Run a scenario and measure it from all sides; also the sessions themselves."""
    metrics = await scrape(service.url)
    cpu_before = cpu_seconds(service.processes())
    began, client_s = time.monotonic(), time.process_time()
    sessions = await run_scenario(service.url, scenario)
    seconds, client_s = time.monotonic() - began, time.process_time() - client_s
    processes = service.processes()
    cpu_s = spent(cpu_before, cpu_seconds(processes))
    used = usage(cpu_s, memory_mib(processes), seconds, CORES)
    measured = MeasuredLevel(
        level=summarise(sessions),
        seconds=round(seconds, 2),
        client_cpu_share=round(client_s / seconds, 4),
        usage=used or None,
        stages=between(metrics, await scrape(service.url)),
        door=scenario.door,
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
        before, began = cpu_seconds(service.processes()), time.monotonic()
        await asyncio.sleep(1)
        cpu_s = spent(before, cpu_seconds(service.processes()))
        replicas = sum(seconds for name, seconds in cpu_s.items() if name not in NOT_REPLICAS)
        share = replicas / (time.monotonic() - began)


def cpu_seconds(processes: Iterable[ServiceProcess]) -> dict[ServiceProcess, float]:
    """Processor time of each process so far, user and kernel."""
    seconds = {}
    for each in processes:
        with suppress(psutil.NoSuchProcess):  # it may have ended meanwhile
            seconds[each] = sum(each.process.cpu_times()[:2])
    return seconds


def spent(before: Mapping[ServiceProcess, float], after: Mapping[ServiceProcess, float]) -> dict[str, float]:
    """Processor time between two readings, by deployment.

    A process that began in between counts from its beginning; one that ended is left out.
    """
    by_deployment: defaultdict[str, float] = defaultdict(float)
    for each, seconds in after.items():
        by_deployment[each.name] += seconds - before.get(each, 0.0)
    return dict(sorted(by_deployment.items(), key=lambda item: (item[0] in NOT_REPLICAS, item[0])))


def memory_mib(processes: Iterable[ServiceProcess]) -> dict[str, float]:
    """Memory that each deployment holds now."""
    by_deployment: defaultdict[str, float] = defaultdict(float)
    for each in processes:
        with suppress(psutil.NoSuchProcess):
            process = each.process
            size = process.memory_full_info().pss if psutil.LINUX else process.memory_info().rss
            by_deployment[each.name] += size / 2**20
    return dict(by_deployment)


def usage(
    cpu_s: Mapping[str, float], memory: Mapping[str, float], seconds: float, cores: int
) -> dict[str, ProcessUsage]:
    """What each deployment used in ``seconds`` on a machine with ``cores`` cores."""
    return {
        name: ProcessUsage(
            round(each, 2), round(each / (seconds * cores), 4), round(memory.get(name, 0.0), 1)
        )
        for name, each in cpu_s.items()
    }
