"""The configs of the scenarios are configs that Serve and the application accept."""

import pytest
from ray.serve.schema import ServeDeploySchema

from graphs.speech_translation import GraphArgs
from load_tests.cluster.cluster import SIZES
from load_tests.cluster.fault_runs import NO_MODEL, TWO_OF_EACH
from load_tests.cluster.scaling_runs import SCALED, STAGES
from load_tests.cluster.serve_configs import Changes, replicas, serve_config
from load_tests.cluster.spread_runs import BESIDE_GATEWAYS, STRATEGIES
from sokuji.config import GatewaySettings

CHANGES: list[Changes] = [
    {},
    TWO_OF_EACH,
    NO_MODEL,
    BESIDE_GATEWAYS,
    {stage: replicas(0, 1) for stage in STAGES},
]


@pytest.mark.parametrize("changes", CHANGES)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_scenario_has_a_config_whose_replicas_find_nodes(changes: Changes, strategy: str) -> None:
    config = serve_config(changes, load_balance_strategy=strategy)
    (application,) = ServeDeploySchema.model_validate(config).applications
    assert GraphArgs.model_validate(application.args).load_balance_strategy == strategy
    offered = {name for size in SIZES.values() for name in size.resources}
    (written,) = config["applications"]
    for deployment in written["deployments"]:
        assert set(deployment["ray_actor_options"]["resources"]) <= offered
        if deployment["name"] == "Gateway":
            GatewaySettings.model_validate(deployment["user_config"])


def test_changes_are_merged_with_what_is_there() -> None:
    (application,) = serve_config({"SpeechToText": replicas(0, 5)})["applications"]
    (plain,) = serve_config()["applications"]
    (changed,) = [each for each in application["deployments"] if each["name"] == "SpeechToText"]
    (before,) = [each for each in plain["deployments"] if each["name"] == "SpeechToText"]
    scaling = before["autoscaling_config"] | {"min_replicas": 0, "max_replicas": 5}
    assert changed == before | {"autoscaling_config": scaling}
    most = {each["name"]: each["autoscaling_config"]["max_replicas"] for each in plain["deployments"]}
    assert most.items() >= SCALED.items()
