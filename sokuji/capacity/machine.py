"""What this machine has: GPUs, memory and cores, as far as this process may use them.

In a container the machine has more than the process may take: memory and processor time are limited by
control groups, version 1 or 2 (https://docs.kernel.org/admin-guide/cgroup-v2.html), at its own group or any
above it.
GPUs are asked of NVIDIA's ``nvidia-smi``, which comes with the driver, also into containers.
"""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

SMI = ("nvidia-smi", "--query-gpu=index,uuid,memory.total,name", "--format=csv,noheader,nounits")
SMI_S = 10.0
"""A driver that hangs must not hang the service."""
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Gpu:
    """One card."""

    name: str
    memory: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is."""

    gpus: tuple[Gpu, ...]
    memory: int
    """Bytes that this process and its children may take."""
    cores: int
    """That they may keep busy."""


def probe() -> Machine:
    """This machine."""
    return Machine(gpus(), memory(), cores())


def gpus(environment: Mapping[str, str] = os.environ) -> tuple[Gpu, ...]:
    """The NVIDIA GPUs that this process may use (``CUDA_VISIBLE_DEVICES``); none where there is no driver."""
    try:
        answer = subprocess.run(SMI, capture_output=True, text=True, timeout=SMI_S, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    found = list(_rows(answer))
    if (visible := environment.get("CUDA_VISIBLE_DEVICES")) is None:
        return tuple(gpu for _, _, gpu in found)
    wanted = [name.strip() for name in visible.split(",") if name.strip()]
    # A part of a card (MIG) has a name of its own, which is not among these: its memory is not known.
    return tuple(
        gpu for name in wanted for index, uuid, gpu in found if name == index or uuid.startswith(name)
    )


def _rows(answer: str) -> Iterator[tuple[str, str, Gpu]]:
    for line in answer.splitlines():
        # Cards that share the machine's memory say "[N/A]" for their own.
        with suppress(ValueError):
            index, uuid, mebibytes, name = (part.strip() for part in line.split(",", 3))
            yield index, uuid, Gpu(name, int(mebibytes) * _MIB)


def memory(root: Path = Path("/")) -> int:
    """Bytes: of the machine, or the lowest limit of the control groups. ``root`` has ``proc`` and ``sys``."""
    total = next(
        int(line.split()[1]) * 1_024
        for line in (root / "proc/meminfo").read_text().splitlines()
        if line.startswith("MemTotal:")
    )
    limits = [
        int(text)
        for name, controller in (("memory.max", ""), ("memory.limit_in_bytes", "memory"))
        for text in _values(root, controller, name)
        if text.isdecimal()
    ]
    return min([total, *limits])


def cores(root: Path = Path("/"), usable: int | None = None) -> int:
    """Whole cores: those that the process may run on, or the lowest quota of the control groups; at least 1.

    Args:
        root: has ``proc`` and ``sys``.
        usable: cores that the process may run on; None: ask the kernel.
    """
    quotas = [text.split() for text in _values(root, "", "cpu.max")]
    quotas += [
        [quota, period]
        for quota, period in zip(
            _values(root, "cpu", "cpu.cfs_quota_us"), _values(root, "cpu", "cpu.cfs_period_us"), strict=False
        )
    ]
    limits = [int(quota) // int(period) for quota, period in quotas if quota.isdecimal()]
    return max(1, min([usable or len(os.sched_getaffinity(0)), *limits]))


def _values(root: Path, controller: str, name: str) -> Iterator[str]:
    """What a file says in the process's control group and in all above it; ``controller`` "" is version 2."""
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, group = line.split(":", 2)
            if controller not in controllers.split(","):
                continue
            mount = root / "sys/fs/cgroup" / controller
            # Inside a container the group is named as outside, but lies at the root of what is mounted.
            own = mount / group.lstrip("/")
            for folder in (own, *own.parents):
                with suppress(OSError):
                    yield (folder / name).read_text().strip()
                if folder == mount:
                    break
