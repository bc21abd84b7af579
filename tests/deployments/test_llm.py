"""A replica passes its share of a GPU to the provider in the environment, so that providers need no Ray."""

import os
from types import SimpleNamespace

import pytest
import ray
from ray import serve

from deployments import gpu_share
from deployments.translation import Translation
from sokuji.contract import GPU_FRACTION
from sokuji.providers.translation.vllm.engine import assigned_gpus


@pytest.mark.parametrize(("resources", "share"), [({"CPU": 1.0, "GPU": 0.3}, 0.3), ({"CPU": 1.0}, 0.0)])
def test_the_share_that_ray_has_assigned_is_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, resources: dict[str, float], share: float
) -> None:
    monkeypatch.setenv(GPU_FRACTION, "")
    replica = SimpleNamespace(deployment="Translation", replica_id=SimpleNamespace(unique_id="a"))
    monkeypatch.setattr(serve, "get_replica_context", lambda: replica)
    context = SimpleNamespace(get_assigned_resources=lambda: resources)
    monkeypatch.setattr(ray, "get_runtime_context", lambda: context)
    Translation.func_or_class("bergamot")  # type: ignore[attr-defined]
    assert assigned_gpus() == share


def test_outside_a_replica_the_environment_is_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(GPU_FRACTION, raising=False)
    gpu_share.export()
    assert GPU_FRACTION not in os.environ
    assert assigned_gpus() is None
