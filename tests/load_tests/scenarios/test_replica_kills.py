"""Only the replicas that were asked for are killed, and a replaced one is noticed; on real processes."""

import asyncio
import subprocess
import time
from collections.abc import Iterator
from typing import cast

import psutil
import pytest
from typer.testing import CliRunner

from load_tests import quality, soak
from load_tests.scenarios.replica_kills import KillSchedule, ReplicaKill
from load_tests.scenarios.service import REST, ServiceProcess, ServiceUnderTest
from sokuji.errors import ConfigError


class Replicas:
    """A service of sleeping processes: each deployment has one, and gets another when it has died."""

    def __init__(self, *names: str) -> None:
        self.all = [(name, self._sleep()) for name in names]

    def processes(self) -> list[ServiceProcess]:
        for name in {name for name, _ in self.all} - {REST}:
            if not any(child.poll() is None for each, child in self.all if each == name):
                self.all.append((name, self._sleep()))
        return [
            ServiceProcess(name, psutil.Process(child.pid))
            for name, child in self.all
            if child.poll() is None
        ]

    def _sleep(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(["sleep", "60"])

    def died(self) -> list[str]:
        return [name for name, child in self.all if child.poll() is not None]

    def end(self) -> None:
        for _, child in self.all:
            child.kill()
            child.wait()


@pytest.fixture
def replicas() -> Iterator[Replicas]:
    found = Replicas("SpeechToText", "Gateway", REST)
    yield found
    found.end()


async def test_deployments_are_killed_by_turns_and_replaced(replicas: Replicas) -> None:
    kills: list[ReplicaKill] = []
    faults = KillSchedule(0.01, ("SpeechToText", "Gateway"))
    killing = faults.run(cast(ServiceUnderTest, replicas), time.monotonic() + 60, kills)
    task = asyncio.create_task(killing)
    while len(kills) < 3 or kills[1].replaced_s is None:
        await asyncio.sleep(0.01)
        assert not task.done()
    task.cancel()
    await asyncio.wait([task])
    assert [each.deployment for each in kills[:3]] == ["SpeechToText", "Gateway", "SpeechToText"]
    assert REST not in replicas.died()
    assert all(0 <= (each.replaced_s or 0) < 60 for each in kills[:2])


async def test_nothing_is_killed_near_the_end(replicas: Replicas) -> None:
    kills: list[ReplicaKill] = []
    await KillSchedule(0.01, ("Gateway",)).run(cast(ServiceUnderTest, replicas), time.monotonic(), kills)
    assert (kills, replicas.died()) == ([], [])


def test_only_replicas_of_deployments_can_be_named(replicas: Replicas) -> None:
    running = cast(ServiceUnderTest, replicas)
    KillSchedule(1, ("Gateway",)).check(running)
    for wrong in ("Recogniser", REST):
        with pytest.raises(
            ConfigError, match=f"no deployment named {wrong}; there are: Gateway, SpeechToText"
        ):
            KillSchedule(1, ("Gateway", wrong)).check(running)


def test_options_that_would_have_no_effect_are_a_wrong_command_line() -> None:
    run = CliRunner().invoke
    assert run(soak.app, ["--kill", "Gateway"]).exit_code == 2
    assert run(quality.app, ["--url", "http://127.0.0.1:8000", "--port", "8051"]).exit_code == 2
