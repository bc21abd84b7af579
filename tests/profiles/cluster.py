"""Profiles on a Ray that believes it has GPUs, with small models in place of the big ones.

A few are deployed at a time: together they would need more memory than a test should take.
"""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from rich.console import Console

from launcher import dashboard
from launcher.launch import managed_service
from sokuji.capacity import profiles
from tests.support.nllb.build import model

DEPLOYED_S = 300
REFUSED = "too_small_a_gpu"
RESOURCES = {"CPU": 64, "GPU": 8, "memory": 2**40}
QUIET = {"logging_config": {"enable_access_log": False}}
CLOSED = "http://127.0.0.1:9"
"""Nobody listens on the discard port: a service that is out of reach."""
KEYS = {"AZURE_SPEECH_KEY": "none", "DEEPL_API_KEY": "none:fx", "ELEVENLABS_API_KEY": "none"}


def replacements() -> dict[str, dict[str, Any]]:
    """Provider -> settings with which it runs here; all others stay as the profile has them."""
    return {
        "faster_whisper": {"model_size": "base", "device": "cpu", "compute_type": "int8", "num_workers": 1},
        "nllb": {"translation_model": str(model() / "ctranslate2"), "device": "cpu", "precision": "int8"},
        "piper": {"tts_model": "en_US-joe-medium", "device": "cpu"},
        "azure": {"base_url": CLOSED},
        "deepl": {"base_url": CLOSED},
        "elevenlabs": {"base_url": CLOSED},
    }


def application(name: str, replaced: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The application of a profile, at ``/name``."""
    (found,) = yaml.safe_load(profiles.profile_paths()[name].read_text())["applications"]
    providers = {
        each.name: getattr(each.config, "provider", "") for each in profiles.load_profile(name).deployments
    }
    for options in found["deployments"]:
        changes = replaced.get(providers[options["name"]], {})
        options["user_config"] = {**options.get("user_config", {}), **changes}
    return {**found, "name": name, "route_prefix": f"/{name}"}


def refused() -> dict[str, Any]:
    """A profile whose GPUs are too small for its models; that is found before the models are fetched."""
    found = application("memory_constrained", {"piper": {"tts_model": "en_US-joe-medium"}})
    found["args"]["gpu_memory_gb"] = 2
    return {**found, "name": REFUSED, "route_prefix": f"/{REFUSED}"}


@dataclass
class Cluster:
    """One Ray, and what is deployed on it now."""

    url: str
    dashboard: httpx.AsyncClient
    replaced: dict[str, dict[str, Any]]
    applications: dict[str, Any]
    """Name -> ``ray.serve.schema.ApplicationDetails``."""
    actors: list[dict[str, Any]]
    """All actors that live, as Ray's state API shows them."""

    async def deploy(self, names: Sequence[str]) -> None:
        """These profiles and nothing else; returns when all are up, or given up."""
        if not self.applications.keys() >= set(names):
            await self.put([application(name, self.replaced) for name in names])
        async with asyncio.timeout(DEPLOYED_S):
            while {each["status"] for each in self.applications.values()} & {"NOT_STARTED", "DEPLOYING"}:
                await asyncio.sleep(0.3)
                await self.look()
        answer = await self.dashboard.get("/api/v0/actors", params={"detail": 1, "limit": 1_000})
        actors = answer.raise_for_status().json()["data"]["result"]["result"]
        self.actors = [each for each in actors if each["state"] == "ALIVE"]

    async def put(self, applications: list[dict[str, Any]]) -> None:
        """Have these and no others deployed; returns at once."""
        config = {"http_options": {"host": "127.0.0.1"}, **QUIET, "applications": applications}
        answer = await self.dashboard.put(dashboard.APPLICATIONS, json=config, timeout=30)
        assert answer.is_success, answer.text
        self.applications = {each["name"]: {"status": "NOT_STARTED"} for each in applications}

    async def look(self) -> None:
        """See what has become of them; a dashboard that is too busy to answer is asked again later."""
        try:
            found = (await dashboard.details(self.dashboard))["applications"]
        except httpx.TimeoutException:
            return
        self.applications = {name: found.get(name, each) for name, each in self.applications.items()}

    def replicas(self, name: str) -> Counter[str]:
        """Deployment -> replicas that run, of an application."""
        return Counter(
            each["name"]
            for each in self.applications[name]["deployments"].values()
            for replica in each["replicas"]
            if replica["state"] == "RUNNING"
        )

    def resources(self, name: str) -> list[tuple[str, float, float]]:
        """Deployment, GPUs and CPUs that Ray has given, for each replica of an application."""
        found = []
        for actor in self.actors:
            if replica := re.match(rf"SERVE_REPLICA::{name}#(\w+)#", actor["name"]):
                given = actor["required_resources"]
                found.append((replica[1], given.get("GPU", 0.0), given.get("CPU", 0.0)))
        return sorted(found)


@asynccontextmanager
async def cluster(port: int, log: Path, names: Sequence[str]) -> AsyncIterator[Cluster]:
    """A Ray with Serve on a port of loopback, until the block ends; it begins with some profiles."""
    replaced = replacements()
    first = [application(name, replaced) for name in names]
    # What replicas say while they start is of no use here, and it takes time to pass it on.
    environment = {"RAY_OVERRIDE_RESOURCES": json.dumps(RESOURCES), "RAY_LOG_TO_DRIVER": "0", **KEYS}
    with log.open("w") as output:
        async with managed_service(Console(file=output, width=200), environment) as service:
            http = {"host": "127.0.0.1", "port": port}
            await service.start({"http_options": http, **QUIET, "applications": first})
            try:
                async with asyncio.timeout(DEPLOYED_S):
                    while service.dashboard is None:
                        assert service.exit_code is None
                        await asyncio.sleep(0.2)
                async with dashboard.connect(service.dashboard) as client:
                    started = {name: {"status": "NOT_STARTED"} for name in names}
                    yield Cluster(f"http://127.0.0.1:{port}", client, replaced, started, [])
            finally:
                # No conversations are there to be drained.
                service.kill()
