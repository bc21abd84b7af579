"""Every Serve config here: valid for Serve, about deployments that exist, with settings they take."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError
from ray.serve._private.build_app import build_app
from ray.serve.schema import ServeApplicationSchema, ServeDeploySchema

from deployments.gateway import FAREWELL_S
from deployments.stage import StageReplica
from graphs.speech_translation import GraphArgs, app
from sokuji.config import GatewaySettings, parse, parse_provider

ROOT = Path(__file__).parents[1]
CONFIGS = [ROOT / "serve_config.yaml", *sorted((ROOT / "profiles").glob("*.yaml"))]


def application(path: Path) -> ServeApplicationSchema:
    (found,) = ServeDeploySchema.model_validate(yaml.safe_load(path.read_text())).applications
    return found


def built(args: dict[str, Any]) -> dict[str, Any]:
    """The deployments that the graph makes of its args, by name."""
    deployments = build_app(app(GraphArgs.model_validate(args)), name="test").deployments
    return {deployment.name: deployment for deployment in deployments}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_a_config_names_the_graphs_deployments_and_settings_they_take(path: Path) -> None:
    schema = application(path)
    graph = built(schema.args)
    assert {each.name for each in schema.deployments} == set(graph)
    for each in schema.deployments:
        kind = graph[each.name].func_or_class
        settings = each.user_config if isinstance(each.user_config, dict) else {}
        if issubclass(kind, StageReplica):
            (provider,) = graph[each.name].init_args
            parse_provider(kind.stage, {"provider": provider, **settings}, {})
        else:
            parse(GatewaySettings, settings, each.name)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_the_smallest_number_of_replicas_fits_one_gpu_and_scaling_is_bounded(path: Path) -> None:
    gpus = 0.0
    for each in application(path).deployments:
        scaling = each.autoscaling_config
        assert isinstance(scaling, dict)
        # Serve fills in its own defaults, not those of the deployment's code.
        assert scaling["upscale_delay_s"] <= 5
        assert scaling["downscale_delay_s"] >= 60
        assert scaling["target_ongoing_requests"] >= 1
        assert 1 <= scaling["min_replicas"] <= scaling["max_replicas"] <= 16
        gpus += scaling["min_replicas"] * (each.ray_actor_options.num_gpus or 0)
    assert gpus <= 1


def test_the_embedded_default_fits_two_cores_and_listens_on_loopback_only() -> None:
    config = yaml.safe_load((ROOT / "serve_config.yaml").read_text())
    deployments = config["applications"][0]["deployments"]
    assert sum(each["ray_actor_options"]["num_cpus"] for each in deployments) <= 2
    assert config["http_options"]["host"] == "127.0.0.1"


def test_the_embedded_default_replaces_its_gateway_without_a_gap() -> None:
    config = yaml.safe_load((ROOT / "serve_config.yaml").read_text())
    deployments = {each["name"]: each for each in config["applications"][0]["deployments"]}
    gateway = deployments["Gateway"]
    assert gateway["max_surge_percent"] == 100
    cpus = sum(each["ray_actor_options"]["num_cpus"] for each in [*deployments.values(), gateway])
    assert cpus <= 2
    drain_s = parse(GatewaySettings, gateway["user_config"], "Gateway").streaming.drain_s
    assert gateway["graceful_shutdown_timeout_s"] > drain_s + FAREWELL_S


def test_each_provider_of_a_stage_has_a_deployment_of_its_own() -> None:
    assert set(built({})) == {
        "Gateway", "SpeechToText", "Translation", "TextToSpeech", "TextToSpeechKokoro",
    }  # fmt: skip
    assert set(built({"tts": ["kokoro"]})) == {"Gateway", "SpeechToText", "Translation", "TextToSpeech"}


@pytest.mark.parametrize("args", [{"tts": []}, {"colour": ["red"]}])
def test_args_that_mean_nothing_are_refused(args: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        GraphArgs.model_validate(args)
