"""Replicas of a service that are killed while sessions speak."""

import asyncio
import itertools
import time
from contextlib import suppress
from dataclasses import dataclass

import psutil

from load_tests.scenarios.service import NOT_REPLICAS, ServiceProcess, ServiceUnderTest
from sokuji.errors import ConfigError

POLL_S = 0.2
REPLACED_WITHIN_S = 60.0
"""How long to wait for a new process before the next replica is killed."""


@dataclass(slots=True)
class ReplicaKill:
    """A replica that was killed, at a time in monotonic seconds."""

    deployment: str
    at: float
    replaced_s: float | None = None
    """Seconds until another process had taken its place, which then loads its model; None: not seen."""


@dataclass(frozen=True, slots=True)
class KillSchedule:
    """Deployments of which a replica is killed in rotation."""

    every_s: float
    deployments: tuple[str, ...]

    def check(self, service: ServiceUnderTest) -> None:
        """Raise ConfigError unless the service has replicas of all these deployments."""
        known = {each.name for each in service.processes()} - set(NOT_REPLICAS)
        if unknown := set(self.deployments) - known:
            raise ConfigError(
                f"no deployment named {', '.join(sorted(unknown))}; there are: {', '.join(sorted(known))}",
                param="kill",
            )

    async def run(self, service: ServiceUnderTest, until: float, kills: list[ReplicaKill]) -> None:
        """Kill a replica of one deployment after another and note it in ``kills``, until cancelled.

        Only processes of ``service`` are killed, each by its process id, which psutil checks for reuse. No
        replica is killed after ``until`` (monotonic seconds), so that the last one is seen to recover.
        """
        due = time.monotonic()
        for name in itertools.cycle(self.deployments):
            due += self.every_s
            await asyncio.sleep(due - time.monotonic())
            if time.monotonic() > until:
                return
            replicas = await _replicas(service, name)
            for victim in replicas[:1]:
                with suppress(psutil.NoSuchProcess):  # it has ended by itself
                    victim.process.kill()
                kill = ReplicaKill(name, time.monotonic())
                kills.append(kill)
                with suppress(TimeoutError):
                    async with asyncio.timeout(REPLACED_WITHIN_S):
                        known = {each.process.pid for each in replicas}
                        while True:
                            if {each.process.pid for each in await _replicas(service, name)} - known:
                                break
                            await asyncio.sleep(POLL_S)
                        kill.replaced_s = time.monotonic() - kill.at


async def _replicas(service: ServiceUnderTest, name: str) -> list[ServiceProcess]:
    return [each for each in await asyncio.to_thread(service.processes) if each.name == name]
