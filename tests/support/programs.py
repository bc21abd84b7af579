"""Programs as they stand, in processes of their own: run to the end, or as servers while a block lasts."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAM_S, START_S, STOP_S = 90, 90, 10


@dataclass(frozen=True)
class Finished:
    """What a program left."""

    code: int
    output: str
    complaints: str
    """Standard error."""


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Those of this process that do not concern its Python, and ``variables``."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
        **variables,
    }


async def finished(*command: str, cwd: Path, variables: Mapping[str, str], given: bytes = b"") -> Finished:
    """Run a program to its end, with ``given`` as its standard input."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env=environment(variables),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PROGRAM_S):
            output, complaints = await process.communicate(given)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Finished(process.returncode, output.decode(), complaints.decode())


@asynccontextmanager
async def server(
    *command: str, cwd: Path, variables: Mapping[str, str], port: int, log: Path
) -> AsyncIterator[None]:
    """Run a server until the block ends; it listens on ``port`` when the block begins."""
    with log.open("w") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=cwd,
            env=environment(variables),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        async with asyncio.timeout(START_S):
            while not await _listens(port):
                assert process.returncode is None, log.read_text()[-4_000:]  # noqa: ASYNC240
                await asyncio.sleep(0.2)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _listens(port: int) -> bool:
    try:
        (await asyncio.open_connection("127.0.0.1", port))[1].close()
    except OSError:
        return False
    return True
