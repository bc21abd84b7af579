"""What a machine has, read from files as Linux writes them, and from a scripted ``nvidia-smi``."""

import os
from pathlib import Path

import pytest

from sokuji.capacity.machine import Gpu, cpu_limit, detect, memory_limit, visible_gpus

TOTAL = 16 * 2**30
OWN = "kubepods/pod1/container1"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/meminfo").write_text(f"MemTotal:       {TOTAL // 1024} kB\nMemFree: 5 kB\n")
    (tmp_path / "proc/self/cgroup").write_text("")
    return tmp_path


def limit(root: Path, path: str, **values: str) -> None:
    folder = root / "sys/fs/cgroup" / path
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in values.items():
        (folder / name.replace("__", ".")).write_text(f"{value}\n")


def test_without_control_groups_it_is_all_that_the_machine_has(root: Path) -> None:
    assert memory_limit(root) == TOTAL
    assert cpu_limit(root, usable=6) == 6


def test_the_lowest_limit_from_the_own_group_up_counts_in_version_2(root: Path) -> None:
    (root / "proc/self/cgroup").write_text(f"0::/{OWN}\n")
    limit(root, OWN, memory__max=str(4 * 2**30), cpu__max="max 100000")
    limit(root, "kubepods/pod1", memory__max=str(3 * 2**30), cpu__max="250000 100000")
    limit(root, "kubepods", memory__max="max")
    assert memory_limit(root) == 3 * 2**30
    assert cpu_limit(root, usable=6) == 2


def test_the_lowest_limit_from_the_own_group_up_counts_in_version_1(root: Path) -> None:
    (root / "proc/self/cgroup").write_text(f"4:memory:/{OWN}\n2:cpu,cpuacct:/{OWN}\n1:name=systemd:/\n")
    limit(root, f"memory/{OWN}", memory__limit_in_bytes=str(5 * 2**30))
    limit(root, "memory", memory__limit_in_bytes="9223372036854771712")
    limit(root, f"cpu/{OWN}", cpu__cfs_quota_us="400000", cpu__cfs_period_us="100000")
    limit(root, "cpu", cpu__cfs_quota_us="-1", cpu__cfs_period_us="100000")
    assert memory_limit(root) == 5 * 2**30
    assert cpu_limit(root, usable=6) == 4


def test_inside_a_container_the_own_group_lies_at_the_root(root: Path) -> None:
    (root / "proc/self/cgroup").write_text(f"0::/{OWN}\n")
    limit(root, "", memory__max=str(2**30), cpu__max="50000 100000")
    assert memory_limit(root) == 2**30
    assert cpu_limit(root, usable=6) == 1


def smi(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    (folder / "nvidia-smi").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


CARDS = """cat <<'END'
0, GPU-aaaa-1, 24564, NVIDIA GeForce RTX 4090
1, GPU-bbbb-2, 8192, NVIDIA RTX A2000, 8 GB
2, GPU-cccc-3, [N/A], NVIDIA GB10
END"""
LARGE = Gpu("NVIDIA GeForce RTX 4090", 24_564 * 2**20)
SMALL = Gpu("NVIDIA RTX A2000, 8 GB", 8_192 * 2**20)


@pytest.mark.parametrize(
    ("visible", "found"),
    [
        (None, (LARGE, SMALL)),
        ("1", (SMALL,)),
        ("1,0", (SMALL, LARGE)),
        ("GPU-aaaa", (LARGE,)),
        ("", ()),
        ("-1", ()),
        ("MIG-dddd", ()),
    ],
)
def test_gpus_are_those_of_the_driver_that_this_process_may_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, visible: str | None, found: tuple[Gpu, ...]
) -> None:
    smi(tmp_path, monkeypatch, CARDS)
    assert visible_gpus({} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}) == found


@pytest.mark.parametrize("script", ["exit 9", "exec sleep 5", "echo 'No devices were found'"])
def test_a_driver_that_fails_or_hangs_is_no_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    smi(tmp_path, monkeypatch, script)
    monkeypatch.setattr("sokuji.capacity.machine.SMI_TIMEOUT_S", 0.2)
    assert visible_gpus({}) == ()


def test_this_machine_has_cores_and_memory_even_without_a_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    found = detect()
    assert found.gpus == ()
    assert 1 <= found.cores <= (os.cpu_count() or 1)
    assert found.memory > 2**28
