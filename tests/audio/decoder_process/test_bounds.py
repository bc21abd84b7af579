"""What a decoder may not do is refused by the kernel, each bound for itself."""

import signal
import subprocess
import sys

import pytest

ATTEMPTS = """
import errno, os, socket
def attempt(name, call):
    try:
        call()
    except OSError as error:
        print(name, errno.errorcode[error.errno], flush=True)
    else:
        print(name, "done", flush=True)
{bound}
attempt("open", lambda: os.open("/etc/passwd", os.O_RDONLY))
attempt("create", lambda: os.open("/tmp/hostile", os.O_RDWR | os.O_CREAT))
attempt("socket", lambda: socket.socket())
attempt("unix", lambda: socket.socket(socket.AF_UNIX))
attempt("fork", lambda: os.fork() or os._exit(0))
attempt("exec", lambda: os.execv("/no/such/program", ["program"]))
attempt("kill", lambda: os.kill(os.getppid(), 0))
attempt("pipe", os.pipe)
"""


def outcomes(bound: str) -> dict[str, str]:
    """What each attempt ended in, "done" or an error, in a process that has set a bound."""
    program = ATTEMPTS.replace(
        "{bound}", f"from sokuji.audio.decoder_process import bounds, system_calls\n{bound}"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return dict(line.split() for line in run.stdout.splitlines())


def test_nothing_can_be_opened_without_a_free_descriptor() -> None:
    found = outcomes("bounds.open_no_more_than(0)")
    assert {found[name] for name in ("open", "create", "socket", "unix", "pipe")} == {"EMFILE"}


def test_descriptors_that_are_left_free_can_be_used() -> None:
    assert outcomes("bounds.open_no_more_than(2)")["open"] == "done"


def test_the_kernel_refuses_system_calls_that_decoding_does_not_need() -> None:
    bound = "import sys\nsys.exit(0) if not system_calls.refuse() else None"
    found = outcomes(bound)
    if not found:
        pytest.skip("this kernel or machine has no filter of system calls")
    refused = {"open", "create", "socket", "unix", "fork", "exec", "kill"}
    assert {name for name, outcome in found.items() if outcome == "EPERM"} == refused


def test_without_a_bound_all_of_it_is_done() -> None:
    found = outcomes("")
    assert {found[name] for name in ("open", "socket", "unix", "fork")} == {"done"}


ALLOCATES = """
try:
    bytearray(2**29)
except MemoryError:
    raise SystemExit(7)
"""
COMPUTES = "while True: pass"
WRITES = """
import tempfile
file = tempfile.TemporaryFile(buffering=0)
try:
    while True:
        file.write(bytes(2**20))
except OSError:
    raise SystemExit(7)
"""


@pytest.mark.parametrize(
    ("does", "ends"),
    [(ALLOCATES, 7), (COMPUTES, -signal.SIGXCPU), (WRITES, 7)],
    ids=["memory", "cpu", "file"],
)
def test_a_job_has_a_bound_of_each_resource(does: str, ends: int) -> None:
    bound = "bounds.bound_job(address_space_bytes=2**28, cpu_s=1, output_bytes=2**20)"
    program = f"from sokuji.audio.decoder_process import bounds\n{bound}\n{does}"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60)
    assert run.returncode == ends
