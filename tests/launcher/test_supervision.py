"""What the launcher takes for a broken service, with real processes that have the names of Ray's."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from launcher import supervision
from launcher.processes import process_name, process_state
from launcher.supervision import until_broken


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "CHECK_S", 0.02)
    monkeypatch.setattr(supervision, "FROZEN_S", 0.2)
    monkeypatch.setattr(supervision, "SILENT_S", 0.3)


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Processes that do nothing, by name."""
    running = {}
    for name in (*supervision.RAY_PROCESSES, "worker"):
        shutil.copy("/bin/sleep", tmp_path / name)
        running[name] = subprocess.Popen([tmp_path / name, "60"])
    yield running
    for process in running.values():
        process.kill()
        process.wait()


async def there() -> bool:
    return True


async def broken(
    processes: dict[str, subprocess.Popen[bytes]], answers: Callable[[], Awaitable[bool]] = there
) -> asyncio.Task[str]:
    async with asyncio.timeout(10):
        while any(process_name(each.pid) != name for name, each in processes.items()):
            await asyncio.sleep(0.01)
    pids = [each.pid for each in processes.values()]
    watching = asyncio.create_task(until_broken(pids, answers))
    await asyncio.sleep(0.5)
    assert not watching.done()
    return watching


async def until(watching: asyncio.Task[str]) -> str:
    async with asyncio.timeout(10):
        return await watching


@pytest.mark.parametrize("name", supervision.RAY_PROCESSES)
async def test_a_process_of_ray_that_ends_is_named(
    processes: dict[str, subprocess.Popen[bytes]], name: str
) -> None:
    watching = await broken(processes)
    processes["worker"].kill()
    await asyncio.sleep(0.1)
    assert not watching.done()
    processes[name].kill()
    assert await until(watching) == f"Ray's {name} (process {processes[name].pid}) has ended"


async def test_a_process_of_ray_that_is_not_there_from_the_beginning_is_named(
    processes: dict[str, subprocess.Popen[bytes]],
) -> None:
    pids = [processes[name].pid for name in ("worker", "gcs_server")]
    assert await until(asyncio.create_task(until_broken(pids, there))) == "Ray's raylet has ended"


async def test_a_process_of_ray_that_is_stopped_for_long_is_named(
    processes: dict[str, subprocess.Popen[bytes]],
) -> None:
    raylet = processes["raylet"].pid
    watching = await broken(processes)
    os.kill(raylet, signal.SIGSTOP)
    async with asyncio.timeout(10):
        while process_state(raylet) != "T":
            await asyncio.sleep(0.01)
    os.kill(raylet, signal.SIGCONT)
    await asyncio.sleep(0.4)
    assert not watching.done()
    os.kill(raylet, signal.SIGSTOP)
    assert await until(watching) == f"Ray's raylet (process {raylet}) is stopped"


async def test_a_service_that_is_silent_for_long_is_broken_and_one_that_is_replaced_is_not(
    processes: dict[str, subprocess.Popen[bytes]],
) -> None:
    silent = False
    asked = 0

    async def answers() -> bool:
        nonlocal asked
        asked += 1
        # Silent for a few checks, as while a proxy is replaced.
        return not silent and asked % 20 > 4

    watching = await broken(processes, answers)
    silent = True
    assert await until(watching) == "the service has not answered for 0.3 s"


def test_a_process_that_is_not_there_has_neither_name_nor_state() -> None:
    process = subprocess.Popen(["/bin/true"])
    process.wait()
    assert (process_name(process.pid), process_state(process.pid)) == ("", "")
    assert process_state(os.getpid()) in ("R", "S")
