"""docs/clients.md shows the programs that the tests of clients run, in the versions that they install."""

import json
import re
from pathlib import Path

import pytest

from tests.project.test_packaging import pins

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / "tests" / "clients"
PAGE = (ROOT / "docs" / "clients.md").read_text()
RECIPES = sorted((CLIENTS / "recipes").iterdir())
SHOWN = re.findall(r"^```(?:js|python|yaml|ini)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("recipe", [path.name for path in RECIPES if path.is_file()])
def test_the_page_shows_a_recipe_as_it_is_run(recipe: str) -> None:
    assert (CLIENTS / "recipes" / recipe).read_text() in SHOWN


def test_the_page_shows_nothing_that_is_not_run() -> None:
    assert len(SHOWN) == len([path for path in RECIPES if path.is_file()])


def test_the_page_names_the_versions_that_are_installed() -> None:
    npm = json.loads((CLIENTS / "package.json").read_text())["dependencies"]
    locks = {
        name: pins(f"tests/clients/{name}.lock") for name in ("litellm", "livekit", "pipecat", "wyoming")
    }
    installed = {
        "`openai` for Python": pins("requirements-dev.lock")["openai"],
        "`openai` for Node.js": npm["openai"],
        "`@openai/agents`": npm["@openai/agents"],
        "`openai-realtime-api`": npm["openai-realtime-api"],
        "`livekit-plugins-openai`": locks["livekit"]["livekit-plugins-openai"],
        "`pipecat-ai`": locks["pipecat"]["pipecat-ai"],
        "`wyoming-openai`": locks["wyoming"]["wyoming-openai"],
        "LiteLLM's proxy": locks["litellm"]["litellm"],
    }
    named = dict(re.findall(r"^\| (.+?) \| (\d[\d.]+) \|", PAGE, re.MULTILINE))
    assert {client: named.get(client) for client in installed} == installed


def test_the_lock_of_the_npm_clients_holds_the_address_of_no_registry() -> None:
    lock = json.loads((CLIENTS / "package-lock.json").read_text())
    packages = [entry for name, entry in lock["packages"].items() if name]
    assert all("integrity" in entry and "resolved" not in entry for entry in packages)
