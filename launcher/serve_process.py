"""``serve run`` as a child process with its own Ray instance.

All processes that Ray starts stay in the POSIX session that the child leads. ``ServeProcess.stop`` ends the
whole session, so that no process outlives it.
"""

import asyncio
import contextlib
import ctypes
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.text import Text

from launcher import dashboard
from launcher.environment import haproxy_files, serve_variables
from launcher.processes import session_members

DRAIN_S = 60.0
"""Time for conversations to end: ``streaming.drain_s`` and the processing of the last utterance."""
STOP_S = 60.0
"""Time for Serve to shut down, in which requests may finish (``graceful_shutdown_timeout_s``)."""
ORPHANS_S = 5.0
"""Time for Ray's workers to notice that their raylet is gone."""
LONGEST_LINE = 2**24
"""Bytes. A traceback with a request in it can be long, and a line over the limit would end the reading,
which blocks the child."""
PR_SET_PDEATHSIG = 1  # <sys/prctl.h>
DASHBOARD = re.compile(r"View the dashboard at .*?((?:https?://)[\w.:\[\]-]+)")


async def _clear_session(session: int) -> None:
    deadline = asyncio.get_running_loop().time() + ORPHANS_S
    while members := session_members(session):
        if asyncio.get_running_loop().time() > deadline:
            for pid in members:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(0.1)


def _interrupt_with_parent() -> Callable[[], None]:
    """For the child to call before ``exec``: if the launcher dies, the kernel sends SIGINT to the child."""
    libc = ctypes.CDLL(None)

    def prepare() -> None:
        if sys.platform == "linux":
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGINT)

    return prepare


def _environment(ray_dir: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    return inherited | {
        "PYTHONUNBUFFERED": "1",
        # Ray's ports may be reachable from outside; with the token only this user can use them.
        "RAY_AUTH_MODE": os.environ.get("RAY_AUTH_MODE", "token"),
        "RAY_TMPDIR": str(ray_dir),
        # A service that processes speech sends no usage reports.
        "RAY_USAGE_STATS_ENABLED": "0",
        **serve_variables(),
        **haproxy_files(ray_dir),
    }


class ServeProcess:
    """One ``serve run``.

    Args:
        ray_dir: an empty directory for Ray's sockets and logs. Its path must be short: Ray adds about 65
            characters to it, and the address of a Unix socket has 107 at most (unix(7)).
        console: for the child's output.
        environment: variables for the child, besides those of this process.
    """

    def __init__(self, ray_dir: Path, console: Console, environment: Mapping[str, str] | None = None) -> None:
        self.echo = True
        self.console = console
        self.dashboard: str | None = None
        """Base URL of Ray's dashboard, once it is known."""
        self._ray_dir = ray_dir
        self._more_environment = dict(environment or {})
        self._process: asyncio.subprocess.Process | None = None
        self._output: asyncio.Task[None] | None = None

    async def start(self, config: dict[str, Any]) -> None:
        """Start ``serve run`` with a Serve config."""
        path = self._ray_dir / "serve_config.yaml"
        path.write_text(yaml.safe_dump(config, sort_keys=False))
        self._process = await asyncio.create_subprocess_exec(
            # "local": never join another Ray cluster that runs on this machine.
            *(sys.executable, "-m", "ray.serve.scripts", "run", "--address", "local", str(path)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=LONGEST_LINE,
            env=_environment(self._ray_dir) | self._more_environment,
            start_new_session=True,
            preexec_fn=_interrupt_with_parent(),
        )
        assert self._process.stdout is not None
        self._output = asyncio.create_task(self._pass_through(self._process.stdout))

    async def _pass_through(self, output: asyncio.StreamReader) -> None:
        async for raw in output:
            line = Text.from_ansi(raw.decode(errors="replace").rstrip())
            if found := DASHBOARD.search(line.plain):
                self.dashboard = found[1]
            if self.echo:
                self.console.print(line, soft_wrap=True)

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.returncode if self._process else None

    @property
    def metrics_port(self) -> int | None:
        """Where Ray listens for Prometheus; None: it does not."""
        files = (self._ray_dir / "ray" / "session_latest").glob("metrics_export_port_*")
        ports = [int(each.read_text()) for each in files]
        return next((port for port in ports if port > 0), None)

    def processes(self) -> list[int]:
        """Process ids of the child and of all processes of its Ray instance."""
        return session_members(self._process.pid) if self._process else []

    async def wait(self) -> int:
        """Wait until it ends; returns its exit code."""
        assert self._process is not None
        return await self._process.wait()

    def kill(self) -> None:
        """Kill the child; ``stop`` still has to end the rest of the session."""
        if self._process and self._process.returncode is None:
            self._process.kill()

    async def stop(self) -> None:
        """Drain conversations, shut Serve down, then kill the processes that are left of the session."""
        if self._process is None or self._output is None:
            return
        await self._drain(self._process)
        if self._process.returncode is None:
            # SIGINT and to this process alone: `serve run` then shuts Serve down before Ray.
            self._process.send_signal(signal.SIGINT)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), STOP_S)
        self.kill()
        await self._process.wait()
        await _clear_session(self._process.pid)
        self._output.cancel()

    async def _drain(self, process: asyncio.subprocess.Process) -> None:
        """Let conversations end: Serve would cut their sockets first of all when it shuts down."""
        if self.dashboard is None:
            return
        drained = asyncio.create_task(dashboard.drain(self.dashboard))
        ended = asyncio.create_task(process.wait())
        await asyncio.wait({drained, ended}, timeout=DRAIN_S, return_when=asyncio.FIRST_COMPLETED)
        if drained.done() and (error := drained.exception()):
            self.console.print(f"open conversations are cut off: {error!r}", soft_wrap=True)
        drained.cancel()
        ended.cancel()
