"""A replica that stays above its bound of memory says so, and what counts is what it has really taken."""

import subprocess
import sys
from pathlib import Path

from deployments.memory_bound import CONFIRMED_S, MemoryBound, of_replica, taken

SIZE = 128 * 2**20
GROWING = f"block = bytearray(b'x') * {SIZE}; print(len(block), flush=True); input()"
WITH_A_CHILD = f"""
import subprocess, sys
print(flush=True); input()
{GROWING}
child = subprocess.Popen([sys.executable, "-c", {GROWING!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
print(flush=True); input()
child.communicate(b"\\n")
print(flush=True); input()
"""
MAPPING = f"""
import mmap, tempfile
file = tempfile.TemporaryFile()
file.truncate({SIZE})
print(flush=True); input()
mapped = mmap.mmap(file.fileno(), {SIZE}, prot=mmap.PROT_READ)
assert not any(mapped[::4096])
print(flush=True); input()
"""


class Process:
    """What a process takes, and the time."""

    def __init__(self) -> None:
        self.size = 0
        self.now_s = 0.0

    def bound(self, limit: int | None) -> MemoryBound:
        return MemoryBound(limit, lambda: self.size, lambda: self.now_s)


def test_only_a_process_that_stays_above_its_bound_has_outgrown_it() -> None:
    process = Process()
    bound = process.bound(1_000_000_000)
    process.size = 1_500_000_000
    assert bound.excess is None
    process.now_s = CONFIRMED_S - 1
    process.size = 1_000_000_000
    assert bound.excess is None
    process.size = 1_500_000_000
    process.now_s = CONFIRMED_S + 1
    assert bound.excess is None
    process.now_s = 2 * CONFIRMED_S + 1
    assert bound.excess == "1.5 GB of memory are taken, and its bound (memory) is 1.0 GB"


def test_without_a_bound_nothing_is_too_much() -> None:
    process = Process()
    process.size = 10**15
    bound = process.bound(None)
    for process.now_s in (0, 100):
        assert bound.excess is None
    assert of_replica().excess is None


def taken_at_each_step(program: str) -> list[int]:
    """What a process takes each time that it has printed a line; it reads one before it goes on."""
    sizes = []
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        while process.stdout.readline():
            sizes.append(taken(str(process.pid)))
            process.stdin.write(b"\n")
            process.stdin.flush()
    assert process.returncode == 0
    return sizes


def test_memory_counts_that_is_used_by_the_process_and_its_children() -> None:
    before, with_block, with_child, after = taken_at_each_step(WITH_A_CHILD)
    assert with_block - before > 0.9 * SIZE
    assert with_child - with_block > 0.9 * SIZE
    assert after < with_child - 0.9 * SIZE


def test_files_that_are_mapped_do_not_count() -> None:
    before, with_file = taken_at_each_step(MAPPING)
    assert with_file - before < 0.2 * SIZE


def test_a_process_that_has_ended_takes_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        pass
    assert not Path(f"/proc/{child.pid}").exists()
    assert taken(str(child.pid)) == 0
