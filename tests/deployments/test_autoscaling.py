"""The autoscaling policy, over what gateways report; ``tests/service/small_stage.py`` lets Serve scale."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ray.serve._private.common import DeploymentID, ReplicaID, TimeStampedValue
from ray.serve.config import AutoscalingConfig, AutoscalingContext

from deployments.autoscaling import by_demand, demand_report
from sokuji.admission.demand import ProviderDemand

STAGE, GATEWAY = DeploymentID("SpeechToText", "sokuji"), DeploymentID("Gateway", "sokuji")
DEMAND = ProviderDemand(
    stage="stt", provider="x", workers=2, replicas=2, gateways=1, limit=1.5, busy=1.0, reserved=0.2,
    newcomer=0.1, refused=0.0, wait_s=0.0, max_wait_s=1.0,
)  # fmt: skip


def context(
    deployment: DeploymentID, calls: float = 0, reports: Mapping[str, Mapping[str, float]] | None = None
) -> AutoscalingContext:
    """What Serve knows of a deployment; ``reports``: replica -> its metrics."""
    metrics: dict[str, dict[ReplicaID, list[TimeStampedValue]]] = {}
    for replica, report in (reports or {}).items():
        for name, value in report.items():
            series = [TimeStampedValue(1.0, 1e6), TimeStampedValue(2.0, value)]
            metrics.setdefault(name, {})[ReplicaID(replica, deployment)] = series
    return AutoscalingContext(
        deployment_id=deployment, deployment_name=deployment.name, app_name="sokuji",
        current_num_replicas=1, target_num_replicas=1, running_replicas=[], total_num_requests=calls,
        total_queued_requests=0, aggregated_metrics={}, raw_metrics=metrics,
        capacity_adjusted_min_replicas=1, capacity_adjusted_max_replicas=100, policy_state={},
        last_scale_up_time=None, last_scale_down_time=None, current_time=None,
        config=AutoscalingConfig(target_ongoing_requests=4),
    )  # fmt: skip


def wanted(*demands: ProviderDemand, calls: float = 0) -> float:
    """Replicas of the stage that the policy wants for what each gateway replica reports."""
    reports = {f"g{number}": demand_report([("SpeechToText", each)]) for number, each in enumerate(demands)}
    decisions, _ = by_demand({STAGE: context(STAGE, calls), GATEWAY: context(GATEWAY, 0, reports)})
    # Nobody uses it: Serve raises that to ``min_replicas``.
    assert decisions[GATEWAY] == 0
    return decisions[STAGE]


@pytest.mark.parametrize(
    ("change", "replicas"),
    [
        ({}, 2),
        ({"busy": 0.0, "reserved": 0.0}, 0),
        ({"busy": 0.0, "reserved": 0.1}, 1),
        # What is left of a mean that fades.
        ({"busy": 0.001, "reserved": 0.0}, 0),
        ({"busy": 1.501, "reserved": 0.0}, 2),
        ({"busy": 1.5, "reserved": 0.0}, 2),
        ({"busy": 1.5}, 3),
        ({"busy": 1.5, "reserved": 0.0, "refused": 0.7}, 3),
        ({"busy": 1.5, "reserved": 0.0, "refused": 7.5}, 12),
        ({"busy": 1.5, "reserved": 0.0, "wait_s": 1.1}, 3),
        ({"workers": 0, "replicas": 0, "limit": 0.0}, 0),
    ],
)
def test_what_sessions_need_and_were_refused_decides(change: dict[str, Any], replicas: int) -> None:
    assert wanted(replace(DEMAND, **change)) == replicas


def test_gateways_see_the_same_workers_and_each_its_own_sessions() -> None:
    one = replace(DEMAND, reserved=0.0, refused=0.75)
    assert wanted(one) == 3  # (1.0 + 0.75) / 0.75
    assert wanted(one, one) == 4
    # Each has reserved for the other one too.
    assert wanted(*[replace(DEMAND, gateways=2, reserved=1.0)] * 2) == wanted(replace(DEMAND, reserved=1.0))


def test_calls_in_progress_decide_where_they_need_more() -> None:
    assert wanted(DEMAND, calls=16) == 4
    assert wanted(calls=9) == 3
    assert wanted(calls=0.1) == 1
    assert wanted() == 0


@given(st.floats(0, 50), st.floats(0, 50), st.floats(0, 50))
def test_more_refused_demand_never_means_fewer_replicas(busy: float, refused: float, more: float) -> None:
    demand = replace(DEMAND, busy=busy, refused=refused)
    assert wanted(replace(demand, refused=refused + more)) >= wanted(demand) >= (busy > 0.1)
