"""The report of memory that is allocated and held while a process is traced."""

import re
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments import memory_tracing
from launcher.profiling import REPORT


@pytest.fixture(autouse=True)
def _tracing_ends() -> Iterator[None]:
    yield
    tracemalloc.stop()


def test_what_is_held_is_reported_with_its_size_and_the_lines_that_allocated_it() -> None:
    assert memory_tracing.start(None) > 1_000_000
    released = bytes(9_000_000)
    held = bytes(4_000_000)
    del released
    resident, report = memory_tracing.stop(None)
    assert len(held) == 4_000_000
    assert resident > 1_000_000
    assert re.search(r"4\.\d MB still held, 13\.\d MB at the peak", report)
    first = report.split("\n\n")[1]
    assert first.startswith("4000.0 KB in 1 blocks, allocated at")
    assert "held = bytes(4_000_000)" in first
    assert Path(__file__).name in first


def test_tracing_ends_with_the_report_and_never_runs_twice_at_a_time() -> None:
    memory_tracing.start(None)
    with pytest.raises(RuntimeError, match="being traced already"):
        memory_tracing.start(None)
    memory_tracing.stop(None)
    assert not tracemalloc.is_tracing()


def test_the_launcher_finds_the_report_in_the_output_of_the_job() -> None:
    assert REPORT == memory_tracing.REPORT
