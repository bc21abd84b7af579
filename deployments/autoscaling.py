"""How many replicas deployments should have, by what sessions need: an autoscaling policy of the application.

In a Serve config: ``autoscaling_policy: {policy_function: "deployments.autoscaling:by_demand"}``. Calls in
progress show a load when it hurts already, and a session that was refused shows in no call at all. The
gateways know both, and report them (``demand_report``): the numbers by which they admit sessions. Serve
applies the bounds, delays and factors of each deployment's ``autoscaling_config`` to what the policy wants.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from ray.serve._private.common import DeploymentID
from ray.serve.config import AutoscalingContext

from sokuji.admission.demand import ProviderDemand

BUSY, WANTED, ROOM = "busy_workers", "wanted_workers", "room_of_a_replica"
"""Workers that are busy; workers that are wanted besides; workers that may be busy in one replica."""

NEGLIGIBLE = 0.01
"""Share of a replica for which none is started or kept: averages fade towards zero and never reach it."""


def demand_report(demands: Iterable[tuple[str, ProviderDemand]]) -> dict[str, float]:
    """What a gateway replica reports to Serve's autoscaler (``record_autoscaling_stats``).

    Args:
        demands: name of a deployment and the demand on its provider.
    """
    report: dict[str, float] = {}
    for deployment, demand in demands:
        if not demand.replicas:
            continue
        room = demand.limit / demand.replicas
        queue = room if demand.wait_s > demand.max_wait_s else 0.0
        report |= {
            f"{deployment}/{BUSY}": demand.busy,
            f"{deployment}/{WANTED}": demand.reserved / demand.gateways + demand.refused + queue,
            f"{deployment}/{ROOM}": room,
        }
    return report


def by_demand(
    contexts: Mapping[DeploymentID, AutoscalingContext],
) -> tuple[dict[DeploymentID, float], dict[DeploymentID, dict[str, Any]]]:
    """The replicas that each deployment of the application should have.

    That is what its calls in progress need (``target_ongoing_requests``) or, where that is more, what the
    sessions of all gateways need, those included that were refused. Where neither need any it is none, which
    has an effect with ``min_replicas: 0``.
    """
    latest: dict[str, list[float]] = {}
    for context in contexts.values():
        for name, replicas in (context.raw_metrics or {}).items():
            latest.setdefault(name, []).extend(each[-1].value for each in replicas.values() if each)
    wanted = {}
    for deployment, context in contexts.items():
        config: Any = context.config  # An AutoscalingConfig; Serve leaves its type open.
        by_calls = context.total_num_requests / config.get_target_ongoing_requests()
        busy, more, room = (latest.get(f"{deployment.name}/{name}", [0.0]) for name in (BUSY, WANTED, ROOM))
        # All gateways see the same workers, and each its own sessions.
        by_sessions = (max(busy) + sum(more)) / max(room) if max(room) else 0.0
        wanted[deployment] = float(math.ceil(max(by_calls, by_sessions) - NEGLIGIBLE))
    return wanted, {}
