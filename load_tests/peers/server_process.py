"""The process of a peer's server, from its start to its end."""

import asyncio
import os
import socket
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import IO

from load_tests.peers.system import PeerFailed

HOST = "127.0.0.1"
START_S = 120.0
STOP_S = 10.0
_POLL_S = 0.1
_OUTPUT_BYTES = 4_096
"""The end of its output, which may hold the reason why it ended."""


@asynccontextmanager
async def server_process(
    name: str, command: Sequence[str], port: int, environment: Mapping[str, str]
) -> AsyncIterator[None]:
    """Run a server until the block ends; its output is not shown, because it may hold what was said.

    Raises:
        PeerFailed: the port is taken, the server ends, or it does not listen in time.
    """
    _check(port)
    with tempfile.TemporaryFile() as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, **environment},
        )
        try:
            await _wait(name, process, port, output)
            yield
        finally:
            await _end(process)


def _check(port: int) -> None:
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        raise PeerFailed(f"cannot listen on {HOST} port {port}: {error.strerror}; see --port") from None


async def _wait(name: str, process: asyncio.subprocess.Process, port: int, output: IO[bytes]) -> None:
    deadline = asyncio.get_running_loop().time() + START_S
    while not await _accepts(port):
        if process.returncode is not None:
            raise PeerFailed(f"{name} ended with exit code {process.returncode}: {_last_line(output)}")
        if asyncio.get_running_loop().time() > deadline:
            raise PeerFailed(f"{name} does not listen on port {port} after {START_S:.0f} s")
        await asyncio.sleep(_POLL_S)


async def _accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    return True


def _last_line(output: IO[bytes]) -> str:
    output.seek(max(0, output.seek(0, os.SEEK_END) - _OUTPUT_BYTES))
    lines = output.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "no output")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_S)
    except TimeoutError:
        process.kill()
        await process.wait()
