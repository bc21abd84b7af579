"""System calls that a decoder does not need are refused by the kernel, where it has seccomp.

The last of the bounds: it holds even if a file makes the decoder run code of its own. Such code finds no way
to open a file or a socket, to start a program, or to touch another process. The filter needs no privileges.
Where the kernel has no seccomp, or the machine is no x86-64 or 64-bit ARM, the other bounds remain.

Filters are classic BPF over ``struct seccomp_data`` (seccomp(2)).
"""

import ctypes
import errno
import platform
import struct
from collections.abc import Sequence

_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 22, 38
_SECCOMP_MODE_FILTER = 2
_ALLOW, _KILL, _ERRNO = 0x7FFF_0000, 0x8000_0000, 0x0005_0000
_LOAD, _JUMP_EQUAL, _JUMP_ABOVE, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER_AT, _ARCHITECTURE_AT = 0, 4
_X32 = 0x4000_0000
"""Calls from this number on are those of another interface to the same kernel (x32)."""

# fmt: off
_REFUSED = {
    # open, openat, openat2, socket, connect, bind, listen, clone, fork, vfork, clone3, execve, execveat;
    # kill, tkill, ptrace, process_vm_readv, process_vm_writev, pidfd_open, pidfd_getfd, pidfd_send_signal,
    # io_uring_setup; mount, unlink, unlinkat, rename, renameat, renameat2, memfd_create.
    "x86_64": (0xC000_003E, (
        2, 257, 437, 41, 42, 49, 50, 56, 57, 58, 435, 59, 322, 62,
        200, 101, 310, 311, 434, 438, 424, 425,
        165, 87, 263, 82, 264, 316, 319,
    )),
    "aarch64": (0xC000_00B7, (
        56, 437, 198, 203, 200, 201, 220, 435, 221, 281, 129,
        130, 117, 270, 271, 434, 438, 424, 425,
        40, 35, 38, 276, 279,
    )),
}
# fmt: on
"""Machine -> its number in ``linux/audit.h``, and the numbers of the calls."""


class _Program(ctypes.Structure):
    """``struct sock_fprog``."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def refuse() -> bool:
    """Refuse the calls from now on, for all threads of this process; whether the kernel does."""
    known = _REFUSED.get(platform.machine())
    if known is None:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    code = b"".join(_filter(*known))
    program = _Program(len(code) // 8, code)
    return not (
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        or libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0)
    )


def _filter(architecture: int, numbers: Sequence[int]) -> list[bytes]:
    """The instructions, each a ``struct sock_filter``: code, jump if true, jump if false, operand."""
    count = len(numbers)
    return [
        _instruction(_LOAD, operand=_ARCHITECTURE_AT),
        _instruction(_JUMP_EQUAL, 1, 0, architecture),
        _instruction(_RETURN, operand=_KILL),
        _instruction(_LOAD, operand=_NUMBER_AT),
        _instruction(_JUMP_ABOVE, count + 1, 0, _X32),
        *(_instruction(_JUMP_EQUAL, count - index, 0, number) for index, number in enumerate(numbers)),
        _instruction(_RETURN, operand=_ALLOW),
        _instruction(_RETURN, operand=_ERRNO | errno.EPERM),
    ]


def _instruction(code: int, if_true: int = 0, if_false: int = 0, operand: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, operand)
