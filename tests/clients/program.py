"""The recipes of docs/clients.md as programs: run as they stand, and what they print."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from tests.support import programs

ROOT = Path(__file__).parents[2]
RECIPES = Path(__file__).parent / "recipes"


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


# Nothing is fetched at run time.
OFFLINE = {"HF_HUB_OFFLINE": "1", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}


async def run(*command: str, variables: Mapping[str, str]) -> Printed:
    """Run a program to its end; fail if it fails, or prints an error."""
    done = await programs.finished(*command, cwd=RECIPES, variables={**OFFLINE, **variables})
    text = f"{done.output}\n{done.complaints[-4_000:]}"
    assert done.code == 0, text
    lines = (line.split(": ", 1) for line in done.output.splitlines() if ": " in line)
    printed = Printed(tuple((name, value) for name, value in lines))
    assert printed.all("error") == [], text
    return printed


def server(
    *command: str, variables: Mapping[str, str], port: int, log: Path
) -> AbstractAsyncContextManager[None]:
    """Run a server of a recipe; see ``programs.server``."""
    return programs.server(*command, cwd=RECIPES, variables={**OFFLINE, **variables}, port=port, log=log)
