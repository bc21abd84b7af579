"""examples/README.md has a row for each program, and each program says at its top how it is run."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PROGRAMS = sorted(path.name for path in EXAMPLES.iterdir() if path.suffix in (".py", ".mjs"))


def test_the_page_has_a_row_for_each_program() -> None:
    rows = re.findall(r"^\| \[(.+?)\]\((.+?)\) \|", (EXAMPLES / "README.md").read_text(), re.MULTILINE)
    assert sorted(rows) == [(name, name) for name in PROGRAMS]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_short_and_says_how_it_is_run(name: str) -> None:
    text = (EXAMPLES / name).read_text()
    head = text[: text.index("\nimport ")]
    assert f"examples/{name}" in head
    assert len(text.splitlines()) <= 120
