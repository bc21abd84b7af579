"""What the kernel holds a decoder to, set by the decoder itself before it reads a file.

All of it works without privileges, in containers too. What is fixed for the life of the process:

- It ends with the thread that started it, however that ends (``PR_SET_PDEATHSIG``).
- It opens nothing, neither files nor sockets: there is no free descriptor but for the two of a job, and the
  limit cannot be raised (``RLIMIT_NOFILE``). Where the kernel has seccomp, the system calls fail as well.
- It writes no core dump, computes after live sessions (its nice value is higher), and is the first to be
  killed where the machine runs out of memory.

For each file: address space, processor time and the size of what is written.
"""

import ctypes
import math
import os
import resource
import signal
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_NICE = 5
"""A third of the weight of a live session: more would starve honest uploads on a busy machine."""
_MARGIN_BYTES = 2**20
_UNLIMITED = resource.RLIM_INFINITY


def follow_parent(parent: int) -> None:
    """End when the thread that started this process ends.

    Args:
        parent: its process.

    Raises:
        SystemExit: it has ended already.
        OSError: the kernel refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "PR_SET_PDEATHSIG")
    if os.getppid() != parent:
        raise SystemExit


def yield_to_others() -> None:
    """Be behind live sessions where processor time or memory is short."""
    os.nice(_NICE)
    with suppress(OSError):  # It is read-only in some containers.
        Path("/proc/self/oom_score_adj").write_text("1000")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def open_no_more_than(descriptors: int) -> None:
    """Leave room for this many descriptors beside those that are open."""
    opened = [int(name) for name in os.listdir("/proc/self/fd")]
    # The list names the descriptor by which it was read.
    highest = max(number for number in opened if _is_open(number))
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1 + descriptors,) * 2)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def address_space() -> int:
    """Bytes that this process has mapped."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def bound_job(*, address_space_bytes: int, cpu_s: int, output_bytes: int) -> None:
    """Bounds until the next call.

    Args:
        address_space_bytes: in all; allocations beyond it fail.
        cpu_s: from now on; then the kernel ends the process (SIGXCPU).
        output_bytes: of a file; writing beyond it fails.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    until_s = math.ceil(used.ru_utime + used.ru_stime) + cpu_s
    resource.setrlimit(resource.RLIMIT_CPU, (until_s, _UNLIMITED))
    resource.setrlimit(resource.RLIMIT_AS, (address_space_bytes, _UNLIMITED))
    resource.setrlimit(resource.RLIMIT_FSIZE, (output_bytes + _MARGIN_BYTES, _UNLIMITED))
