"""Processor time and memory of each deployment of a service on this machine."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import psutil

from load_tests.service import CONTROLLER, PROXY, REST, Deployed

MEMORY = "PSS" if psutil.LINUX else "RSS"
"""What is taken as memory. PSS (proc(5), smaps_rollup) shares what processes have in common among them, so
that their sum is what they take; with RSS shared pages count once for each."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a deployment took over some time, all its replicas together."""

    cpu_s: float
    cpu_share: float
    """Of all cores of the machine over that time: 0 to 1."""
    memory_mib: float
    """At the end of that time; ``MEMORY`` says which kind."""


def cpu_seconds(processes: Iterable[Deployed]) -> dict[Deployed, float]:
    """Seconds that each process has computed so far, those in the kernel included."""
    found = {}
    for each in processes:
        with suppress(psutil.NoSuchProcess):  # it may have ended meanwhile
            times = each.process.cpu_times()
            found[each] = times.user + times.system
    return found


def spent(before: Mapping[Deployed, float], after: Mapping[Deployed, float]) -> dict[str, float]:
    """Seconds computed between two readings, by deployment.

    A process that began in between counts from its beginning; one that ended counts no more.
    """
    found: defaultdict[str, float] = defaultdict(float)
    for each, seconds in after.items():
        found[each.name] += seconds - before.get(each, 0.0)
    return dict(sorted(found.items(), key=lambda item: (item[0] in (PROXY, CONTROLLER, REST), item[0])))


def memory_mib(processes: Iterable[Deployed]) -> dict[str, float]:
    """Memory that each deployment holds now."""
    found: defaultdict[str, float] = defaultdict(float)
    for each in processes:
        with suppress(psutil.NoSuchProcess):
            found[each.name] += _bytes(each.process) / 2**20
    return dict(found)


def _bytes(process: psutil.Process) -> int:
    return int(process.memory_full_info().pss if psutil.LINUX else process.memory_info().rss)


def usage(
    cpu_s: Mapping[str, float], memory: Mapping[str, float], seconds: float, cores: int
) -> dict[str, Usage]:
    """What each deployment took in ``seconds`` on a machine with so many ``cores``."""
    return {
        name: Usage(round(each, 2), round(each / (seconds * cores), 4), round(memory.get(name, 0.0), 1))
        for name, each in cpu_s.items()
    }
