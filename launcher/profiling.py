"""Profile a replica of a running service: where its time goes, or what memory it takes.

``python -m launcher.profiling time|memory [--replica NAME] [--duration SECONDS] [--output FILE]`` finds the
replica by Ray's dashboard and changes nothing in the service; requests go on meanwhile.

Time: py-spy samples the stacks of all Python threads from outside, 100 times a second, waiting threads
included. So the time that a thread waits for CTranslate2 or ONNX Runtime counts as time of the caller.
Memory: a Ray job has the replica trace its own allocations (``deployments.memory_tracing``).
"""

import argparse
import asyncio
import contextlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpx

from launcher import dashboard
from launcher.dashboard import RunningReplica
from launcher.stack_samples import pstats_file
from sokuji.errors import SokujiError

RATE = 100
"""Samples a second."""
FORMATS = {".svg": "flamegraph", ".json": "speedscope", ".txt": "raw", ".pstats": "raw"}
"""Suffix of the output -> py-spy's format."""
REPORT = "memory report:\n"
"""Marks the start of the report in the output of ``deployments.memory_tracing``."""

JOB_REFUSED = (
    "\nRay cannot start a job. If another Ray runs on this machine, it may hold the port of the job agent "
    "(52365): stop one of them."
)


class ProfilingFailed(SokujiError):
    """The replica cannot be profiled; the message says why and what to do."""


def profile_time(url: str, replica: str, duration_s: int, output: Path, options: Sequence[str] = ()) -> None:
    """Sample a replica's stacks and write them to ``output``, in the format that its suffix names.

    Args:
        url: of Ray's dashboard.
        replica: name of a deployment, or of one replica of it (``SpeechToText#abcd1234``).
        duration_s: how long to sample.
        output: a flame graph (.svg), a profile for speedscope.app (.json), py-spy's raw stacks (.txt), or a
            profile for ``python -m pstats`` (.pstats).
        options: further options of ``py-spy record``.

    Raises:
        ProfilingFailed: there is no such replica or format, or py-spy cannot read the process.
    """
    if output.suffix not in FORMATS:
        raise ProfilingFailed(f"cannot write {output}: the name has to end in {', '.join(FORMATS)}")
    target = asyncio.run(find(url, replica))
    if not is_in_reach(target):
        raise ProfilingFailed(
            f"replica {target.name} is process {target.pid} on node {target.node}, which cannot be reached "
            "from here: run this on that node, in the same container"
        )
    print(f"sampling {target.name}, process {target.pid}, for {duration_s} s", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        samples = Path(folder) / "samples"
        command = py_spy_command(target.pid, duration_s, FORMATS[output.suffix], samples, options)
        if subprocess.run(command).returncode:
            raise ProfilingFailed(
                "py-spy failed; its message is above. It needs the right to trace the process"
            )
        if output.suffix == ".pstats":
            output.write_bytes(pstats_file(samples.read_text(), RATE))
        else:
            shutil.copyfile(samples, output)


def profile_memory(url: str, replica: str, duration_s: int, output: Path) -> None:
    """Have a replica trace its allocations, and write a report as text.

    Arguments as for ``profile_time``.

    Raises:
        ProfilingFailed: there is no such replica, or the job in Ray failed.
    """
    output.write_text(asyncio.run(_memory_report(url, replica, duration_s)))


async def _memory_report(url: str, replica: str, duration_s: int) -> str:
    target = await find(url, replica)
    print(f"tracing the memory of {target.name} for {duration_s} s", file=sys.stderr)
    arguments = (sys.executable, "-m", "deployments.memory_tracing", target.actor, str(duration_s))
    async with _connect(url) as client:
        succeeded, logs = await dashboard.run_job(client, shlex.join(arguments))
    if not succeeded:
        raise ProfilingFailed(f"the job in Ray failed:\n{logs}")
    return logs.partition(REPORT)[2]


async def find(url: str, name: str) -> RunningReplica:
    """The replica of a name, or the first one of the deployment of that name.

    Raises:
        ProfilingFailed: there is no service or no such replica; the message lists the replicas there are.
    """
    async with _connect(url) as client:
        replicas = await dashboard.replicas(client)
    for replica in replicas:
        if name in (replica.name, replica.deployment):
            return replica
    known = ", ".join(sorted(replica.name for replica in replicas)) or "none"
    raise ProfilingFailed(f"no replica {name!r} is running; running: {known}")


@contextlib.asynccontextmanager
async def _connect(url: str) -> AsyncIterator[httpx.AsyncClient]:
    try:
        async with dashboard.connect(url) as client:
            yield client
    except httpx.HTTPStatusError as error:
        hint = JOB_REFUSED if error.request.url.path == dashboard.JOBS else ""
        raise ProfilingFailed(f"Ray's dashboard at {url} refuses: {error}{hint}") from None
    except httpx.HTTPError:
        raise ProfilingFailed(
            f"no service: Ray's dashboard does not respond at {url}. 'make run' prints its address: name it "
            "with --dashboard (make: DASHBOARD=)"
        ) from None


def is_in_reach(replica: RunningReplica) -> bool:
    """Whether the replica's process is one of this machine, going by the title that Ray gives it."""
    with contextlib.suppress(OSError):
        title = Path(f"/proc/{replica.pid}/cmdline").read_bytes().decode(errors="replace")
        return f"ServeReplica:{replica.application}:{replica.deployment}" in title
    return False


def py_spy_command(
    pid: int, duration_s: int, sample_format: str, output: Path, options: Sequence[str]
) -> list[str]:
    """The command line of py-spy.

    Raises:
        ProfilingFailed: py-spy is not installed.
    """
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    program = shutil.which("py-spy", path=path)
    if program is None:
        raise ProfilingFailed("py-spy is not installed: pip install 'sokuji-bridge[dev]'")
    return [
        *(program, "record", "--pid", str(pid), "--duration", str(duration_s), "--rate", str(RATE)),
        *("--format", sample_format, "--output", str(output), "--function", "--idle", *options),
    ]


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m launcher.profiling", description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("time", "memory"))
    parser.add_argument("--replica", default="SpeechToText", help="a deployment, or DEPLOYMENT#REPLICA")
    parser.add_argument("--duration", type=int, default=30, help="seconds (default: 30)")
    parser.add_argument(
        "--output",
        type=Path,
        help="time: .svg, .json (speedscope), .pstats or .txt (raw stacks), default profile.svg; "
        "memory: a text file, default memory.txt",
    )
    parser.add_argument(
        "--dashboard",
        default=os.environ.get("RAY_DASHBOARD_ADDRESS", "http://127.0.0.1:8265"),
        help="address of Ray's dashboard (default: RAY_DASHBOARD_ADDRESS, else http://127.0.0.1:8265)",
    )
    parser.add_argument("options", nargs="*", help="after --, for time: further options of py-spy record")
    return parser.parse_args()


def main() -> int:
    """Entry point; returns the exit code."""
    options = parse_arguments()
    output = options.output or Path("profile.svg" if options.what == "time" else "memory.txt")
    target = options.dashboard, options.replica, options.duration, output
    try:
        if options.what == "time":
            profile_time(*target, options.options)
        else:
            profile_memory(*target)
    except ProfilingFailed as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"wrote {output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
