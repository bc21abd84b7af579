"""The manifests of ops/kuberay: valid for Kubernetes and KubeRay, and about the same service as the rest."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from sokuji.config import parse_gateway
from tests.ops.tools import ROOT

FOLDER = ROOT / "ops" / "kuberay"
KUBERNETES = "1.36"
GIB = 2**30


@cache
def manifests() -> list[dict[str, Any]]:
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    return [each for name in listed for each in yaml.safe_load_all((FOLDER / name).read_text())]


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    """Name -> manifest."""
    return {each["metadata"]["name"]: each for each in manifests() if each["kind"] == kind}


@cache
def service() -> dict[str, Any]:
    spec: dict[str, Any] = of_kind("RayService")["sokuji"]["spec"]
    return spec


def groups() -> dict[str, dict[str, Any]]:
    """Name -> pod template, of the head and the workers."""
    cluster = service()["rayClusterConfig"]
    workers = {each["groupName"]: each["template"] for each in cluster["workerGroupSpecs"]}
    return {"head": cluster["headGroupSpec"]["template"], **workers}


def container(group: str) -> dict[str, Any]:
    (found,) = groups()[group]["spec"]["containers"]
    return dict(found)


def references(value: object, key: str) -> Iterator[str]:
    """The names in all references of a kind, such as ``secretKeyRef``."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == key:
                yield inner["name"]
            yield from references(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner, key)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.name)
def test_every_manifest_is_applied(path: Path) -> None:
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    assert path.name in [*listed, "kustomization.yaml"]


def test_kubernetes_accepts_what_is_its_own() -> None:
    own = [each for each in manifests() if each["kind"] != "RayService"]
    assert len(own) >= 10
    for each in own:
        kubernetes_validate.validate(each, KUBERNETES, strict=True)


@pytest.mark.parametrize("group", ["head", "gateway", "gpu"])
def test_kubernetes_accepts_the_pods(group: str) -> None:
    template = groups()[group]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": template["spec"]}
    kubernetes_validate.validate(pod, KUBERNETES, strict=True)


def test_kuberay_accepts_the_service_and_would_refuse_a_misspelt_field() -> None:
    schema = json.loads(Path(__file__).with_name("rayservice_schema.json").read_text())
    jsonschema.validate(service(), schema)
    with pytest.raises(jsonschema.ValidationError, match="serveConfig"):
        jsonschema.validate({**service(), "serveConfig": ""}, schema)


def test_it_deploys_the_serve_config_of_clusters() -> None:
    config = yaml.safe_load((ROOT / "ops" / "cluster" / "serve_config.yaml").read_text())
    assert yaml.safe_load(service()["serveConfigV2"]) == config


def test_the_pods_have_room_for_the_replicas_that_they_are_for() -> None:
    (application,) = yaml.safe_load(service()["serveConfigV2"])["applications"]
    actors = {each["name"]: each["ray_actor_options"] for each in application["deployments"]}
    of_gateway = [actors["Gateway"], actors["TextToSpeech"], actors["TextToSpeechKokoro"]]
    of_gpu = [actors["SpeechToText"], actors["Translation"]]
    for group, replicas in (("gateway", of_gateway), ("gpu", of_gpu)):
        limits = container(group)["resources"]["limits"]
        assert sum(each["num_cpus"] for each in replicas) <= int(limits["cpu"])
        assert sum(each["memory"] for each in replicas) < int(limits["memory"].removesuffix("Gi")) * GIB
    assert sum(each["num_gpus"] for each in of_gpu) == int(
        container("gpu")["resources"]["limits"]["nvidia.com/gpu"]
    )
    (gateways,) = (
        each for each in service()["rayClusterConfig"]["workerGroupSpecs"] if each["groupName"] == "gateway"
    )
    assert json.loads(json.loads(gateways["rayStartParams"]["resources"])) == actors["Gateway"]["resources"]


def test_nothing_runs_as_root_or_gains_privileges() -> None:
    for name, template in groups().items():
        assert template["spec"]["securityContext"]["runAsNonRoot"] is True
        assert container(name)["securityContext"]["allowPrivilegeEscalation"] is False


def test_selectors_meet_the_labels_of_pods() -> None:
    pods = [template["metadata"]["labels"] for template in groups().values()]
    pods.append(of_kind("StatefulSet")["redis"]["spec"]["template"]["metadata"]["labels"])
    selectors = [each["spec"]["selector"] for each in of_kind("Service").values()]
    selectors += [each["spec"]["selector"]["matchLabels"] for each in of_kind("PodDisruptionBudget").values()]
    assert len(selectors) >= 4
    for selector in selectors:
        assert any(selector.items() <= labels.items() for labels in pods), selector


def test_the_gateways_say_whether_they_could_translate() -> None:
    assert container("gateway")["readinessProbe"]["httpGet"] == {"path": "/health/ready", "port": "http"}
    ports = {each["name"]: each["containerPort"] for each in container("gateway")["ports"]}
    assert ports["http"] == yaml.safe_load(service()["serveConfigV2"])["http_options"]["port"]
    assert of_kind("Service")["sokuji"]["spec"]["ports"][0]["targetPort"] == "http"


def test_timeouts_of_the_ingress_leave_the_end_of_idle_sockets_to_the_gateway() -> None:
    limits = parse_gateway({}).limits
    annotations = of_kind("Ingress")["sokuji"]["metadata"]["annotations"]
    prefix = "nginx.ingress.kubernetes.io"
    assert int(annotations[f"{prefix}/proxy-read-timeout"]) > limits.idle_timeout_s
    assert int(annotations[f"{prefix}/proxy-send-timeout"]) > limits.idle_timeout_s
    assert annotations[f"{prefix}/proxy-body-size"] == f"{limits.max_upload_bytes // 2**20}m"


def test_every_secret_is_made_by_a_command_at_the_top() -> None:
    made = set(re.findall(r"create secret generic ([\w-]+)", (FOLDER / "kustomization.yaml").read_text()))
    mounted = (
        volume.get("secret") for group in groups().values() for volume in group["spec"].get("volumes", [])
    )
    used = {*references(manifests(), "secretKeyRef"), *(each["secretName"] for each in mounted if each)}
    assert used | {service()["rayClusterConfig"]["authOptions"]["secretName"]} == made
    assert not of_kind("Secret")
    assert set(references(manifests(), "configMapRef")) == set(of_kind("ConfigMap"))
