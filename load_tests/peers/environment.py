"""A peer in a virtual environment of its own, created from its lock file when it is first needed."""

import asyncio
import hashlib
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from filelock import FileLock
from rich.console import Console

from load_tests.peers.server_process import server_process
from load_tests.peers.system import PeerFailed
from sokuji.models.store import root

INSTALL_S = 1_800
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


@asynccontextmanager
async def peer_process(name: str, package: str, arguments: Sequence[str], port: int) -> AsyncIterator[None]:
    """Run the Python of a peer's environment without network until the block ends; see ``server_process``."""
    python = await asyncio.to_thread(python_of, package)
    async with server_process(name, [str(python), *arguments], port, {"HF_HUB_OFFLINE": "1"}):
        yield


def _run(package: str, *command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_S)
    except subprocess.TimeoutExpired:
        raise PeerFailed(f"{package} was not installed within {INSTALL_S} s") from None
    if done.returncode:
        lines = done.stderr.splitlines() or ["no reason given"]
        reason = next((line for line in lines if line.startswith("ERROR:")), lines[-1])
        raise PeerFailed(f"{package} cannot be installed: {reason.strip()}")
