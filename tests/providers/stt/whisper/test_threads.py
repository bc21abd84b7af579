"""How many threads encode a batch, by the cores of the machine."""

import os

import pytest

from sokuji.config import FasterWhisperConfig
from sokuji.providers.stt.whisper.provider import cpu_threads_per_worker


@pytest.mark.parametrize(
    ("cores", "workers", "threads"),
    [(1, 0, 1), (2, 0, 2), (4, 0, 2), (8, 0, 2), (16, 0, 2), (32, 0, 4), (64, 0, 4), (2, 2, 2), (32, 1, 4)],
)
def test_two_threads_where_there_are_two_cores_and_never_more_than_four(
    cores: int, workers: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)))
    assert cpu_threads_per_worker(FasterWhisperConfig(num_workers=workers)) == threads
    assert cpu_threads_per_worker(FasterWhisperConfig(num_workers=workers, cpu_threads=7)) == 7
