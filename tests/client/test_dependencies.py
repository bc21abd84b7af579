"""What the client needs: the standard library and ``websockets``, both to be imported and to be installed."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection

from sokuji import events
from tests.support.scripted_server import send_events, service

ROOT = Path(__file__).parents[2]
PIP = ("-m", "pip", "--disable-pip-version-check")
PRINT_NEW_PACKAGES = """
import json, sys
before = set(sys.modules)
import sokuji.client
added = {name.partition(".")[0] for name in set(sys.modules) - before}
print(json.dumps(sorted(added - sys.stdlib_module_names)))
"""
CONVERSE = """
import asyncio, json, sys
from sokuji.client import Config, connect

async def frames():
    yield bytes(3_200)

async def main():
    async with connect(sys.argv[1], Config(target_language="en")) as conversation:
        print(json.dumps([type(event).__name__ async for event in conversation.converse(frames())]))

asyncio.run(main())
"""


def test_the_import_of_the_client_loads_no_package_besides_websockets() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", PRINT_NEW_PACKAGES], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(loaded.stdout) == ["sokuji", "websockets"]


async def output_of(*command: str | Path, cwd: Path) -> str:
    """Standard output of a command that succeeds, run without this process's PYTHONPATH."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    stdout, stderr = await process.communicate()
    assert process.returncode == 0, stderr.decode()
    return stdout.decode()


@pytest.fixture(scope="module")
async def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new environment in which the base package is installed, as a user would do it."""
    folder = tmp_path_factory.mktemp("bare")
    python = folder / "venv" / "bin" / "python"
    build = ("-m", "build", "--wheel", "--no-isolation", "--outdir", folder / "dist", ROOT)
    await output_of(sys.executable, *build, cwd=folder)
    (wheel,) = (folder / "dist").glob("*.whl")
    await output_of(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    locked = ("--require-hashes", "--only-binary=:all:", "-r", ROOT / "requirements-client.lock")
    await output_of(python, *PIP, "install", *locked, cwd=folder)
    await output_of(python, *PIP, "install", "--no-deps", "--no-index", wheel, cwd=folder)
    await output_of(python, *PIP, "check", cwd=folder)
    return python


@pytest.mark.slow
async def test_the_base_installation_holds_the_client_and_websockets_alone(bare_python: Path) -> None:
    listed = await output_of(bare_python, *PIP, "list", "--format=json", cwd=bare_python.parent)
    installed = {each["name"].replace("_", "-").lower() for each in json.loads(listed)}
    assert installed - {"pip", "setuptools"} == {"sokuji-bridge", "websockets"}


@pytest.mark.slow
async def test_a_conversation_works_in_the_base_installation(bare_python: Path) -> None:
    async def script(socket: ServerConnection) -> None:
        async for message in socket:
            if isinstance(message, str):
                await send_events(socket, events.Ack(100), events.Done())

    async with service(script) as url:
        received = await output_of(bare_python, "-c", CONVERSE, url, cwd=bare_python.parent)
    assert json.loads(received) == ["Ack", "Done"]


@pytest.mark.slow
async def test_the_command_of_the_base_installation_names_the_extra_that_it_needs(bare_python: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        bare_python.with_name("sokuji"), "--help", stderr=asyncio.subprocess.PIPE
    )
    _, stderr = await process.communicate()
    (line,) = stderr.decode().splitlines()
    assert (process.returncode, line.partition(": ")[0]) == (1, "sokuji")
    assert line.endswith("is not installed: pip install 'sokuji-bridge[cli]'")
