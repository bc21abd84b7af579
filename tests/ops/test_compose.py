"""The compose files: Docker Compose reads them, what they mount is there, and they fit the Serve config."""

import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from sokuji.config import FIELD_VARIABLES, PROXY_VARIABLES
from sokuji.config.variables import GATEWAY_FIELD_VARIABLES
from tests.ops.tools import ROOT, program, run

FOLDER = ROOT / "ops" / "compose"
FILES = ("docker-compose.yml", "docker-compose.prod.yml", "docker-compose.monitoring.yml")


@cache
def config(name: str, *options: str, **environment: str) -> dict[str, Any]:
    """What Docker Compose makes of a file; not to be changed."""
    output = run(program("docker-compose"), "-f", FOLDER / name, *options, "config", **environment)
    content: dict[str, Any] = yaml.safe_load(output)
    return content


def serve_deployments() -> dict[str, dict[str, Any]]:
    """Name -> options, of the Serve config of docker-compose.prod.yml."""
    (application,) = yaml.safe_load((FOLDER / "serve_config.yaml").read_text())["applications"]
    return {each["name"]: each for each in application["deployments"]}


@pytest.mark.parametrize("name", FILES)
def test_docker_compose_accepts_it_and_every_service_has_walls(name: str) -> None:
    services = config(name)["services"]
    assert services
    for service, options in services.items():
        limits = options.get("deploy", {}).get("resources", {}).get("limits", {})
        # What deploys the Serve config ends at once.
        assert {"cpus", "memory"} <= limits.keys() or service == "deploy", service


@pytest.mark.parametrize("name", FILES)
def test_mounted_files_are_there(name: str) -> None:
    content = config(name, "--profile", "*")
    mounted = [
        Path(each["source"])
        for options in content["services"].values()
        for each in options.get("volumes", [])
        if each["type"] == "bind"
    ]
    # Keys and the certificate are the operator's.
    assert [path for path in mounted if path.name not in ("tls", "keys") and not path.exists()] == []


def test_gateways_that_others_reach_demand_keys_from_a_folder_that_is_mounted() -> None:
    for gateway in ("gateway-1", "gateway-2"):
        options = config("docker-compose.prod.yml")["services"][gateway]
        folders = {each["target"] for each in options["volumes"]}
        assert str(Path(options["environment"]["SOKUJI_KEYS_FILE"]).parent) in folders
        assert "SOKUJI_KEYLESS" not in options["environment"]


def test_only_nginx_is_reached_from_outside_the_machine() -> None:
    published = {
        service: port.get("host_ip")
        for name in FILES
        for service, options in config(name)["services"].items()
        for port in options.get("ports", [])
    }
    assert {service for service, address in published.items() if address != "127.0.0.1"} == {"nginx"}


def test_the_guides_variables_reach_the_stage_that_reads_them() -> None:
    known = {*FIELD_VARIABLES.values(), *GATEWAY_FIELD_VARIABLES.values(), *PROXY_VARIABLES}
    given = {"MODEL_SIZE": "tiny", "BEAM_SIZE": "5", "WS_PING_INTERVAL": "30"}
    assert given.keys() <= known
    prod = config("docker-compose.prod.yml", **given)["services"]
    assert prod["stt-service"]["environment"].items() >= {"MODEL_SIZE": "tiny", "BEAM_SIZE": "5"}.items()
    for gateway in ("gateway-1", "gateway-2"):
        assert prod[gateway]["environment"]["WS_PING_INTERVAL"] == "30"
    base = config("docker-compose.yml", **given)["services"]["sokuji"]["environment"]
    assert base.items() >= given.items()
    # What is not set is not there: an empty value would be refused.
    assert config("docker-compose.yml")["services"]["sokuji"]["environment"].get("MODEL_SIZE") is None


def test_grpc_is_switched_on_by_a_file_and_has_the_guides_variables() -> None:
    knobs = {name for field, name in GATEWAY_FIELD_VARIABLES.items() if field.startswith("grpc.")}
    given = dict.fromkeys(knobs - {"SOKUJI_GRPC_ADDRESS"}, "10")
    options = ("-f", str(FOLDER / "docker-compose.grpc.yml"))
    service = config("docker-compose.yml", *options, **given)["services"]["sokuji"]
    assert service["environment"].items() >= {**given, "SOKUJI_GRPC_ADDRESS": "0.0.0.0:50051"}.items()
    assert [(port["host_ip"], port["target"]) for port in service["ports"]] == [
        ("127.0.0.1", 8_000),
        ("127.0.0.1", 50_051),
    ]


def test_each_deployment_has_a_container_with_its_resource_and_more_memory_than_its_bound() -> None:
    services = config("docker-compose.prod.yml")["services"]
    containers: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for service, options in services.items():
        command = " ".join(options.get("command") or [])
        if found := re.search(r'--resources=\{"(\w+)": ?1\}', command):
            containers.setdefault(found[1], []).append((service, options["deploy"]["resources"]["limits"]))
    taken: dict[str, float] = {}
    for deployment in serve_deployments().values():
        actor = deployment["ray_actor_options"]
        ((resource, _),) = actor["resources"].items()
        taken[resource] = taken.get(resource, 0) + actor["memory"]
    assert {service for service, _ in containers["gateway"]} == {"gateway-1", "gateway-2"}
    for resource, memory in taken.items():
        for _, limits in containers[resource]:
            assert memory + 600_000_000 < int(limits["memory"])


def test_nginx_names_the_gateways_of_the_compose_file() -> None:
    named = re.findall(r"server ([\w-]+):8000", (ROOT / "ops/nginx/upstreams.conf").read_text())
    services = config("docker-compose.prod.yml")["services"]
    assert named == [name for name in services if name.startswith("gateway-")]
    assert serve_deployments()["Gateway"]["autoscaling_config"]["min_replicas"] == len(named)


def test_networks_and_volumes_of_both_files_have_the_same_names() -> None:
    monitoring = config("docker-compose.monitoring.yml")
    for name in ("docker-compose.yml", "docker-compose.prod.yml"):
        service = config(name)
        for kind in ("networks", "volumes"):
            made = {each["name"] for each in service[kind].values()}
            assert {each["name"] for each in monitoring[kind].values() if each.get("external")} <= made


def test_prometheus_and_grafana_reach_what_their_files_name() -> None:
    monitoring = config("docker-compose.monitoring.yml")["services"]
    scraped = yaml.safe_load((ROOT / "ops" / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    (gateway,) = next(job for job in scraped if job["job_name"] == "gateway")["static_configs"][0]["targets"]
    for name, service in (("docker-compose.yml", "sokuji"), ("docker-compose.prod.yml", "gateway-1")):
        aliases = config(name)["services"][service]["networks"]["cluster"]["aliases"]
        assert gateway.removesuffix(":8000") in aliases
    replacements = {rule.get("replacement") for job in scraped for rule in job.get("relabel_configs", [])}
    assert {host.partition(":")[0] for host in replacements if host} <= monitoring.keys()
    provisioning = ROOT / "ops" / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text())["datasources"]
    assert urlsplit(source["url"]).hostname in monitoring
    (boards,) = yaml.safe_load((provisioning / "dashboards" / "sokuji.yml").read_text())["providers"]
    assert boards["options"]["path"] in {each["target"] for each in monitoring["grafana"]["volumes"]}
