"""A Redis of Debian on a socket of its own, without a disk."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAM = shutil.which("redis-server")
needs_redis = pytest.mark.skipif(PROGRAM is None, reason="redis-server is missing: apt install redis-server")
START_S = 10.0


@contextmanager
def redis_server(folder: Path, port: int | None = None, password: str = "") -> Iterator[str]:
    """The URL of a server that runs as long as the block."""
    if port is None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
    assert PROGRAM is not None
    settings = [
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--dir",
        str(folder),
        "--requirepass",
        password,
    ]
    with subprocess.Popen([PROGRAM, *settings], stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(port, process)
            yield f"redis://:{password}@127.0.0.1:{port}/0" if password else f"redis://127.0.0.1:{port}/0"
        finally:
            process.kill()


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError("redis-server does not start")
