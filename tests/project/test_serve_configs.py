"""Every Serve config here: valid for Serve, about deployments that exist, with settings they take."""

from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import ValidationError
from ray.serve._private.build_app import build_app
from ray.serve.experimental.round_robin_router import RoundRobinRouter
from ray.serve.schema import ServeApplicationSchema, ServeDeploySchema

from deployments.gateway import COMPLETION_S
from deployments.routing import LeastLoadedRouter, NearTwoChoicesRouter, Strategy
from deployments.stage import StageReplica
from graphs.speech_translation import GraphArgs, app
from sokuji.config import GatewaySettings, VllmConfig, parse, parse_provider
from tests.support.knobs import Knobs

ROOT = Path(__file__).parents[2]
PROFILES = [ROOT / "serve_config.yaml", *sorted((ROOT / "profiles").glob("*.yaml"))]
CONFIGS = [*PROFILES, *sorted((ROOT / "ops").glob("*/serve_config.yaml"))]

ROUTERS = {
    "power_of_two": NearTwoChoicesRouter,
    "round_robin": RoundRobinRouter,
    "least_loaded": LeastLoadedRouter,
}


def application(path: Path) -> ServeApplicationSchema:
    (found,) = ServeDeploySchema.model_validate(yaml.safe_load(path.read_text())).applications
    return found


def built(args: dict[str, Any]) -> dict[str, Any]:
    """The deployments that the graph makes of its args, by name."""
    deployments = build_app(app(GraphArgs.model_validate(args)), name="test").deployments
    return {deployment.name: deployment for deployment in deployments}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_config_names_the_graphs_deployments_and_settings_they_take(path: Path) -> None:
    schema = application(path)
    graph = built(schema.args)
    assert {each.name for each in schema.deployments} == set(graph)
    for each in schema.deployments:
        kind = graph[each.name].func_or_class
        settings = each.user_config if isinstance(each.user_config, dict) else {}
        if issubclass(kind, StageReplica):
            provider, gpu_memory_gb = graph[each.name].init_args
            assert gpu_memory_gb == schema.args.get("gpu_memory_gb")
            parse_provider(kind.stage, {"provider": provider, **settings}, {})
        else:
            parse(GatewaySettings, settings, each.name)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_scaling_is_bounded_and_named_in_full(path: Path) -> None:
    for each in application(path).deployments:
        scaling = each.autoscaling_config
        assert isinstance(scaling, dict)
        # Serve fills in its own defaults, not those of the deployment's code.
        assert scaling["upscale_delay_s"] <= 5
        assert scaling["downscale_delay_s"] >= 60
        assert scaling["target_ongoing_requests"] >= 1
        assert 1 <= scaling["min_replicas"] <= scaling["max_replicas"] <= 16


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
    assert gateway["graceful_shutdown_timeout_s"] > drain_s + COMPLETION_S


@pytest.mark.knob("args.stt", "args.translation", "args.tts")
def test_each_provider_of_a_stage_has_a_deployment_of_its_own(knob: Knobs) -> None:
    for stage, others in (
        ("stt", ["azure", "faster_whisper"]),
        ("translation", ["nllb"]),
        ("tts", ["kokoro"]),
    ):
        for args in ({}, {stage: others}):
            serving = frozenset(
                (name, deployment.init_args[0])
                for name, deployment in built(args).items()
                if issubclass(deployment.func_or_class, StageReplica)
            )
            knob.observe(f"args.{stage}", GraphArgs.model_validate(args), serving)
    assert set(built({})) == {
        "Gateway", "SpeechToText", "Translation", "TextToSpeech", "TextToSpeechKokoro",
    }  # fmt: skip
    assert set(built({"tts": ["kokoro"]})) == {"Gateway", "SpeechToText", "Translation", "TextToSpeech"}


def test_a_language_model_has_a_deployment_that_takes_more_at_a_time_wherever_it_stands() -> None:
    first, second = built({"translation": ["vllm"]}), built({"translation": ["bergamot", "vllm"]})
    of_model = second["TranslationVllm"]._deployment_config
    assert first["Translation"]._deployment_config.max_ongoing_requests == of_model.max_ongoing_requests
    assert of_model.max_ongoing_requests > 2 * VllmConfig().max_batch_size
    usual = second["Translation"]._deployment_config
    assert usual.max_ongoing_requests < of_model.max_ongoing_requests
    assert usual.health_check_timeout_s < of_model.health_check_timeout_s


@pytest.mark.parametrize("strategy", get_args(Strategy))
def test_the_load_balance_strategy_is_that_of_every_stage(strategy: str) -> None:
    deployments = built({"load_balance_strategy": strategy})
    for name in ("SpeechToText", "Translation", "TextToSpeech", "TextToSpeechKokoro"):
        config = deployments[name]._deployment_config.request_router_config
        assert issubclass(config.get_request_router_class(), ROUTERS[strategy])


def test_the_health_check_interval_is_that_of_every_deployment() -> None:
    for deployment in built({"health_check_interval": 2.5}).values():
        assert deployment._deployment_config.health_check_period_s == 2.5
    assert built({})["SpeechToText"]._deployment_config.health_check_period_s == 2


@pytest.mark.parametrize(
    "args",
    [{"tts": []}, {"colour": ["red"]}, {"load_balance_strategy": "dice"}, {"health_check_interval": 0}],
)
def test_args_that_mean_nothing_are_refused(args: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        GraphArgs.model_validate(args)
