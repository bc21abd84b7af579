"""A peer's server: its virtual environment, created from a lock file when first needed, and its process."""

import asyncio
import hashlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

from filelock import FileLock
from rich.console import Console

from load_tests.peers.system import PeerFailed
from sokuji.models.store import root

HOST = "127.0.0.1"
INSTALL_S, START_S, STOP_S, POLL_S = 1_800, 120.0, 10.0, 0.1
_OUTPUT_BYTES = 4_096
"""The end of its output, which may hold the reason why it ended."""
_INSTALL = ("install", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:", "--requirement")
_PINNED = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)


def lock_of(package: str) -> Path:
    """Its lock file: everything that is installed, with hashes."""
    return Path(__file__).with_name(f"{package}.lock")


def versions(package: str, *names: str) -> dict[str, str]:
    """The versions of some packages in its lock file."""
    pinned = dict(_PINNED.findall(lock_of(package).read_text("utf-8")))
    return {name: pinned[name] for name in names}


def python_of(package: str) -> Path:
    """The Python of a peer's environment in the cache folder; it is created where it is missing.

    Raises:
        PeerFailed: it cannot be created; the message says why.
    """
    lock = lock_of(package)
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    home = root() / "peers" / f"{package}-{digest[:12]}"
    home.parent.mkdir(parents=True, exist_ok=True)
    python, complete = home / "bin" / "python", home / "complete"
    with FileLock(home.with_suffix(".lock")):
        if not complete.exists():
            with Console(stderr=True).status(f"installing {package} in an environment of its own"):
                _run(package, sys.executable, "-m", "venv", "--clear", str(home))
                _run(package, str(python), "-m", "pip", "--disable-pip-version-check", *_INSTALL, str(lock))
            complete.touch()
    return python


def _run(package: str, *command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_S)
    except subprocess.TimeoutExpired:
        raise PeerFailed(f"{package} was not installed within {INSTALL_S} s") from None
    if done.returncode:
        lines = done.stderr.splitlines() or ["no reason given"]
        reason = next((line for line in lines if line.startswith("ERROR:")), lines[-1])
        raise PeerFailed(f"{package} cannot be installed: {reason.strip()}")


@asynccontextmanager
async def peer_process(name: str, package: str, arguments: Sequence[str], port: int) -> AsyncIterator[None]:
    """Run the Python of a peer's environment without network until the block ends; see ``server_process``."""
    python = await asyncio.to_thread(python_of, package)
    async with server_process(name, [str(python), *arguments], port, {"HF_HUB_OFFLINE": "1"}):
        yield


@asynccontextmanager
async def server_process(
    name: str, command: Sequence[str], port: int, environment: Mapping[str, str]
) -> AsyncIterator[None]:
    """Run a server until the block ends; its output is not shown, because it may hold what was said.

    Raises:
        PeerFailed: the port is taken, the server ends, or it does not listen in time.
    """
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        raise PeerFailed(f"cannot listen on {HOST} port {port}: {error.strerror}; see --port") from None
    with tempfile.TemporaryFile() as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, **environment},
        )
        try:
            await _accepts(name, process, port, output)
            yield
        finally:
            if process.returncode is None:
                process.terminate()
                try:
                    await asyncio.wait_for(process.wait(), STOP_S)
                except TimeoutError:
                    process.kill()
                    await process.wait()


async def _accepts(name: str, process: asyncio.subprocess.Process, port: int, output: IO[bytes]) -> None:
    """Return when the server accepts connections."""
    deadline = time.monotonic() + START_S
    while process.returncode is None:
        try:
            (await asyncio.open_connection(HOST, port))[1].close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise PeerFailed(f"{name} does not listen on port {port} after {START_S:.0f} s") from None
        await asyncio.sleep(POLL_S)
    output.seek(max(0, output.seek(0, os.SEEK_END) - _OUTPUT_BYTES))
    lines = output.read().decode(errors="replace").strip().split("\n")
    raise PeerFailed(f"{name} ended with exit code {process.returncode}: {lines[-1].strip() or 'no output'}")
