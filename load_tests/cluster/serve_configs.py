"""The Serve config of the scaling tests (``load_tests/scaling.yaml``), with changes for a scenario."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import yaml

Changes = Mapping[str, Mapping[str, Any]]
"""Deployment -> the fields of it that are replaced; ``autoscaling_config``, ``ray_actor_options`` and
``user_config`` are merged with what is there."""
_MERGED = ("autoscaling_config", "ray_actor_options", "user_config")


def serve_config(changes: Changes | None = None, **args: Any) -> dict[str, Any]:
    """The config, with changes of deployments and further ``args`` of the application."""
    config: dict[str, Any] = yaml.safe_load((files("load_tests") / "scaling.yaml").read_text("utf-8"))
    (application,) = config["applications"]
    application["args"] |= args
    for name, fields in (changes or {}).items():
        (deployment,) = [each for each in application["deployments"] if each["name"] == name]
        for field, value in fields.items():
            deployment[field] = {**deployment[field], **value} if field in _MERGED else value
    return config


def replicas(count: int, most: int | None = None) -> dict[str, Any]:
    """The change of ``autoscaling_config`` to a fixed number of replicas, or to a range."""
    return {"autoscaling_config": {"min_replicas": count, "max_replicas": most or count}}
