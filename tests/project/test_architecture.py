"""``docs/architecture.md`` names every package, and nothing that is not there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
SOURCES = "\n".join(path.read_text() for path in (ROOT / "sokuji").rglob("*.py"))


def test_every_package_of_the_engine_has_a_place_in_the_table() -> None:
    packages = {f"sokuji/{path.parent.name}" for path in (ROOT / "sokuji").glob("*/__init__.py")}
    table = PAGE.partition("## Rooms")[2]
    assert set(re.findall(r"`(sokuji/\w+)`", table)) == packages


def test_what_it_names_exists() -> None:
    paths = re.findall(r"\b(?:sokuji|deployments|graphs|launcher|tests)/[\w/.]*\w", PAGE)
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []
    owners = re.findall(r"`([A-Z]\w+)`", PAGE.partition("## Who owns")[2].partition("## Rooms")[0])
    assert len(owners) > 5
    assert [name for name in owners if f"class {name}" not in SOURCES] == []


def test_its_diagram_has_the_deployments_and_no_node_without_an_edge() -> None:
    diagram = PAGE.partition("```mermaid\n")[2].partition("```")[0]
    nodes = set(re.findall(r"\b(\w+)\[", diagram))
    assert {"SpeechToText", "Translation", "TextToSpeech"} <= set(re.findall(r"\[(\w+)\]", diagram))
    edges = [line for line in diagram.splitlines() if "--" in line]
    assert [node for node in nodes if not any(re.search(rf"\b{node}\b", line) for line in edges)] == []
