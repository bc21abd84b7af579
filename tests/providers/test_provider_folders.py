"""A provider's folder is private: other code reaches the provider through the registry."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from sokuji.providers.registry import PROVIDERS

ROOT = Path(__file__).parents[2]
PACKAGES = ("sokuji", "deployments", "graphs", "launcher")

FOLDERS = sorted(
    {
        # "sokuji.providers.stt.whisper.provider:FasterWhisper" -> "sokuji.providers.stt.whisper"; a provider
        # that is a single file is its own folder.
        ".".join(path.partition(":")[0].split(".")[:4])
        for table in PROVIDERS.values()
        for path in table.values()
    }
)


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported_modules(source: str) -> Iterator[str]:
    """All modules that a source imports; for ``from a import b`` both ``a`` and ``a.b``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def folder_of(module: str) -> str | None:
    """The provider's folder that a module is in; None for a module outside of all."""
    return next((folder for folder in FOLDERS if f"{module}.".startswith(f"{folder}.")), None)


def intrusions(module: str, source: str) -> list[str]:
    """Imports of a module from folders of providers other than its own."""
    return [name for name in imported_modules(source) if folder_of(name) not in (None, folder_of(module))]


def test_no_module_imports_from_the_folder_of_another_provider() -> None:
    sources = {module_name(path): path.read_text() for top in PACKAGES for path in (ROOT / top).rglob("*.py")}
    found = {module: intrusions(module, source) for module, source in sources.items()}
    assert {module: names for module, names in found.items() if names} == {}


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("sokuji.providers.stt.azure.provider", "from sokuji.providers.stt.whisper.windows import LEAD_S"),
        ("sokuji.providers.stt.cloud_transcript", "from sokuji.providers.stt.whisper import windows"),
        ("sokuji.pipeline.in_process", "from sokuji.providers.translation import bergamot"),
        ("deployments.stt", "import sokuji.providers.stt.whisper.provider"),
    ],
)
def test_an_import_from_another_folder_is_found(module: str, source: str) -> None:
    assert intrusions(module, source)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("sokuji.providers.stt.whisper.provider", "from sokuji.providers.stt.whisper import windows"),
        ("sokuji.providers.stt.azure.provider", "from sokuji.providers.stt import cloud_transcript"),
        ("sokuji.providers.translation.vllm.provider", "from sokuji.providers.translation.llm import prompt"),
    ],
)
def test_imports_from_the_own_folder_and_of_shared_modules_are_allowed(module: str, source: str) -> None:
    assert intrusions(module, source) == []
