"""What is named where: metrics in the code, in the docs, in rules and on dashboards."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
PROMETHEUS, GRAFANA = ROOT / "ops" / "prometheus", ROOT / "ops" / "grafana"
_PARTS = re.compile(r"_(bucket|count|sum)$")
_NAME = re.compile(r"[a-zA-Z_:][\w:]*")
_OF_HISTOGRAMS = ("_sum", "_count", "_bucket")
"""Their parts, by which code that reads them knows them."""


def declared() -> set[str]:
    """The metrics of the code; counters with their suffix."""
    files = [*(ROOT / "sokuji" / "metrics").glob("*.py"), ROOT / "sokuji" / "api" / "service_metrics.py"]
    return {name for file in files for name in _declared_in(ast.parse(file.read_text()))}


def _declared_in(tree: ast.Module) -> Iterator[str]:
    counters = {
        node.args[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and "Counter" in node.func.id
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node.value.startswith("sokuji_")
            and not node.value.endswith(_OF_HISTOGRAMS)
        ):
            yield node.value + ("_total" if node in counters else "")


def rules() -> list[dict[str, Any]]:
    """All rules: each has ``record`` or ``alert``, and ``expr``."""
    files = [yaml.safe_load(file.read_text()) for file in (PROMETHEUS / "rules").glob("*.yml")]
    return [rule for file in files for group in file["groups"] for rule in group["rules"]]


def panels() -> Iterator[tuple[str, list[str]]]:
    """Title and queries of each panel."""
    for file in sorted((GRAFANA / "dashboards").glob("*.json")):
        dashboard = json.loads(file.read_text())
        for panel in dashboard["panels"]:
            if panel["type"] != "row":
                title = f"{dashboard['title']}: {panel['title']}"
                yield title, [target["expr"] for target in panel["targets"]]


def named(query: str) -> set[str]:
    """The metrics in a query, without the parts of histograms; recorded ones have a colon."""
    words = _NAME.findall(re.sub(r'"[^"]*"', "", query))
    wanted = ("sokuji_", "ray_", "probe_")
    return {
        word if ":" in word else _PARTS.sub("", word)
        for word in words
        if word.startswith(wanted) or ":" in word
    }
