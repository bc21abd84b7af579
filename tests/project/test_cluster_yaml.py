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

from launcher.environment import serve_variables

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


def test_every_mounted_file_is_in_the_repository_or_made_by_a_command_at_the_top(cluster: Any) -> None:
    made = {"dist", "secrets"}
    mounted = set(cluster["file_mounts"].values())
    assert [path for path in mounted - made if not (ROOT / path).exists()] == []
    # What is secret stays out of the repository.
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {f"/{path}/" for path in made} <= set(ignored)


def test_commands_use_only_what_is_mounted(cluster: Any) -> None:
    mounts = {path.replace("/home/ray", "~") for path in cluster["file_mounts"]}
    used = re.findall(r"~/sokuji/[\w.*/-]+", (ROOT / "cluster.yaml").read_text())
    assert len(used) >= 3
    assert [path for path in used if not any(f"{path}/".startswith(f"{mount}/") for mount in mounts)] == []


def test_images_have_the_pinned_ray(cluster: Any) -> None:
    docker = cluster["docker"]
    of_types = [
        each["docker"]["worker_image"]
        for each in cluster["available_node_types"].values()
        if "docker" in each
    ]
    for image in (docker["head_image"], docker["worker_image"], *of_types):
        assert image.startswith(f"rayproject/ray:{version('ray')}-py311-")


def test_the_wheel_has_the_name_that_is_installed(cluster: Any) -> None:
    name = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"].replace("-", "_")
    for commands in setups(cluster):
        assert any(f"/{name}-*.whl" in command for command in commands)


def setups(cluster: Any) -> list[list[str]]:
    """The commands that set up a node, of those of no type of its own and of each type that has some."""
    types = cluster["available_node_types"].values()
    return [
        cluster["setup_commands"],
        *(each["worker_setup_commands"] for each in types if "worker_setup_commands" in each),
    ]


def test_every_node_has_the_environment_of_the_cluster_and_ray_asks_for_the_token(cluster: Any) -> None:
    for name in ("head_start_ray_commands", "worker_start_ray_commands"):
        assert "ops/cluster/environment.sh; ray start" in cluster[name][-1]
    environment = (ROOT / "ops" / "cluster" / "environment.sh").read_text()
    assert "RAY_AUTH_MODE=token" in environment
    for variable, value in serve_variables().items():
        assert f"{variable}={value}" in environment


def test_gateways_are_on_nodes_of_their_own_and_listen_for_a_load_balancer(cluster: Any) -> None:
    config = yaml.safe_load((ROOT / "ops" / "cluster" / "serve_config.yaml").read_text())
    assert config["http_options"]["host"] == "0.0.0.0"
    (application,) = config["applications"]
    gateway, *stages = application["deployments"]
    types = cluster["available_node_types"]
    assert gateway["max_replicas_per_node"] == 1
    for resource, amount in gateway["ray_actor_options"]["resources"].items():
        assert types["gateway"]["resources"][resource] == amount
    assert types["gateway"]["min_workers"] >= gateway["autoscaling_config"]["min_replicas"]
    # Together they take the whole card of a GPU node.
    assert sum(each["ray_actor_options"].get("num_gpus", 0) for each in stages) == 1
