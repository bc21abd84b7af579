"""The recipes of docs/clients.md as programs: run as they stand, and what they print."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).parents[2]
RECIPES = Path(__file__).parent / "recipes"
PROGRAM_S, START_S, STOP_S = 90, 90, 10


@dataclass(frozen=True)
class Printed:
    """What a recipe printed: lines of the form ``name: value``."""

    lines: tuple[tuple[str, str], ...]

    def __getitem__(self, name: str) -> str:
        """The value that was printed once under a name."""
        (value,) = self.all(name)
        return value

    def all(self, name: str) -> list[str]:
        """All values that were printed under a name."""
        return [value for found, value in self.lines if found == name]

    def events(self) -> list[str]:
        """The types of the events received, in order, each once where several follow each other."""
        return [kind for kind, _ in groupby(self.all("event"))]


def interpreter(client: str) -> str:
    """The Python of a client's environment, which the Makefile makes."""
    python = ROOT / ".venv-clients" / client / "bin" / "python"
    assert python.exists(), f"{python} is missing: `make test-clients` makes it"
    return str(python)


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    # Nothing is fetched at run time.
    return {**inherited, "HF_HUB_OFFLINE": "1", "LITELLM_LOCAL_MODEL_COST_MAP": "True", **variables}


async def run(*command: str, variables: Mapping[str, str]) -> Printed:
    """Run a program to its end; fail if it fails, or prints an error."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=RECIPES,
        env=_environment(variables),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PROGRAM_S):
            output, complaints = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    text = f"{output.decode()}\n{complaints.decode()[-4_000:]}"
    assert process.returncode == 0, text
    lines = (line.split(": ", 1) for line in output.decode().splitlines() if ": " in line)
    printed = Printed(tuple((name, value) for name, value in lines))
    assert printed.all("error") == [], text
    return printed


@asynccontextmanager
async def server(*command: str, variables: Mapping[str, str], port: int, log: Path) -> AsyncIterator[None]:
    """Run a server until the block ends; it listens on ``port`` when the block begins."""
    with log.open("w") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=RECIPES,
            env=_environment(variables),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        async with asyncio.timeout(START_S):
            while not await _listens(port):
                assert process.returncode is None, log.read_text()[-4_000:]
                await asyncio.sleep(0.2)
        yield
    finally:
        if process.returncode is None:
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
