"""Processor time and memory of each deployment of a service on this machine."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import psutil

from load_tests.scenarios.service import NOT_REPLICAS, ServiceProcess

MEMORY = "PSS" if psutil.LINUX else "RSS"
"""Which memory is read. PSS (proc(5), smaps_rollup) divides shared pages among the processes that share them,
so that the sum over processes is what they use together; RSS counts shared pages once for each."""


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """What all replicas of a deployment used over some time."""

    cpu_s: float
    cpu_share: float
    """Of all cores of the machine over that time: 0 to 1."""
    memory_mib: float
    """At the end of that time; ``MEMORY`` says which kind."""


def cpu_seconds(processes: Iterable[ServiceProcess]) -> dict[ServiceProcess, float]:
    """Processor time of each process so far, user and kernel."""
    found = {}
    for each in processes:
        with suppress(psutil.NoSuchProcess):  # it may have ended meanwhile
            found[each] = sum(each.process.cpu_times()[:2])
    return found


def spent(before: Mapping[ServiceProcess, float], after: Mapping[ServiceProcess, float]) -> dict[str, float]:
    """Processor time between two readings, by deployment.

    A process that began in between counts from its beginning; one that ended is left out.
    """
    found: defaultdict[str, float] = defaultdict(float)
    for each, seconds in after.items():
        found[each.name] += seconds - before.get(each, 0.0)
    return dict(sorted(found.items(), key=lambda item: (item[0] in NOT_REPLICAS, item[0])))


def memory_mib(processes: Iterable[ServiceProcess]) -> dict[str, float]:
    """Memory that each deployment holds now."""
    found: defaultdict[str, float] = defaultdict(float)
    for each in processes:
        with suppress(psutil.NoSuchProcess):
            process = each.process
            size = process.memory_full_info().pss if psutil.LINUX else process.memory_info().rss
            found[each.name] += size / 2**20
    return dict(found)


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
