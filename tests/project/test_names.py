"""One name, one meaning: classes and modules that could be taken for each other are not allowed."""

import ast
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("sokuji", "deployments", "graphs", "launcher", "load_tests")
SOURCES = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]


def test_no_public_class_name_stands_twice() -> None:
    names = Counter(
        node.name
        for path in SOURCES
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_no_two_modules_of_a_package_differ_by_a_plural_alone() -> None:
    modules = {path.with_suffix("") for path in SOURCES}
    plurals = [path for path in modules if path.with_name(f"{path.name}s") in modules]
    assert plurals == []


def test_the_engine_has_few_modules_outside_of_its_packages() -> None:
    assert len([path for path in (ROOT / "sokuji").glob("*.py") if path.name != "__init__.py"]) <= 8
