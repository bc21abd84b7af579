"""``cluster.yaml``: Ray's own validation accepts it, and what it names is there."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from ray.autoscaler._private.util import validate_config

ROOT = Path(__file__).parents[2]
# Ray fills this in from its defaults before it validates.
DEFAULTS: dict[str, Any] = {"cluster_synced_files": []}


@pytest.fixture
def cluster() -> Any:
    return yaml.safe_load((ROOT / "cluster.yaml").read_text()) | DEFAULTS


def test_ray_accepts_it(cluster: Any) -> None:
    validate_config(cluster)


def test_ray_would_refuse_a_misspelt_field(cluster: Any) -> None:
    with pytest.raises(jsonschema.ValidationError, match="idle_minutes"):
        validate_config(cluster | {"idle_minutes": 5})


def test_every_mounted_file_is_in_the_repository_or_made_by_make_wheel(cluster: Any) -> None:
    assert [
        path for path in cluster["file_mounts"].values() if path != "dist" and not (ROOT / path).exists()
    ] == []


def test_commands_use_only_what_is_mounted(cluster: Any) -> None:
    mounts = {path.replace("/home/ray", "~") for path in cluster["file_mounts"]}
    used = re.findall(r"~/sokuji/[\w.*/-]+", (ROOT / "cluster.yaml").read_text())
    assert len(used) >= 3
    assert [path for path in used if not any(f"{path}/".startswith(f"{mount}/") for mount in mounts)] == []


def test_images_have_the_pinned_ray(cluster: Any) -> None:
    docker = cluster["docker"]
    for image in (docker["head_image"], docker["worker_image"]):
        assert image.startswith(f"rayproject/ray:{version('ray')}-py311-")


def test_the_wheel_has_the_name_that_is_installed(cluster: Any) -> None:
    name = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"].replace("-", "_")
    assert any(f"/{name}-*.whl" in command for command in cluster["setup_commands"])
