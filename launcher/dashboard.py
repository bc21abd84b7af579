"""A client of Ray's dashboard: the parts of its REST APIs for Serve and for jobs that the launcher needs.

https://docs.ray.io/en/latest/serve/api/index.html#serve-rest-api
https://docs.ray.io/en/latest/cluster/running-applications/job-submission/api.html
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

APPLICATIONS = "/api/serve/applications/"
JOBS = "/api/jobs/"
GATEWAY = "Gateway"
RESPONSE_S = 10.0
JOB_START_S = 60.0
"""Ray responds only when the process that runs the job exists."""
POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class RunningReplica:
    """A running replica and its process."""

    application: str
    deployment: str
    replica_id: str
    actor: str
    """Name of its Ray actor, in the namespace ``serve``."""
    node: str
    """IP address of the node."""
    pid: int

    @property
    def name(self) -> str:
        """Its name within the application: ``SpeechToText#abcd1234``."""
        return f"{self.deployment}#{self.replica_id}"


def ray_token() -> str:
    """The token that Ray's dashboard requires, read from where Ray stores it; "" if there is none."""
    if token := os.environ.get("RAY_AUTH_TOKEN"):
        return token
    path = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token")
    return path.read_text().strip() if path.is_file() else ""


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the dashboard at a base URL of this machine."""
    headers = {"Authorization": f"Bearer {ray_token()}"}
    async with httpx.AsyncClient(
        base_url=url, headers=headers, timeout=RESPONSE_S, trust_env=False
    ) as client:
        yield client


async def details(client: httpx.AsyncClient) -> dict[str, Any]:
    """The state of Serve: ``ray.serve.schema.ServeInstanceDetails``.

    Raises:
        httpx.HTTPError: the dashboard does not respond, or responds with an error.
    """
    response = (await client.get(APPLICATIONS)).raise_for_status()
    instance: dict[str, Any] = response.json()
    return instance


async def replicas(client: httpx.AsyncClient) -> list[RunningReplica]:
    """All replicas that serve, of all applications. Raises ``httpx.HTTPError`` as ``details`` does."""
    return [
        RunningReplica(
            application=application["name"],
            deployment=deployment["name"],
            replica_id=replica["replica_id"],
            actor=replica["actor_name"],
            node=replica["node_ip"],
            pid=replica["pid"],
        )
        for application in (await details(client))["applications"].values()
        for deployment in application["deployments"].values()
        for replica in deployment["replicas"]
        if replica["state"] == "RUNNING"
    ]


async def run_job(client: httpx.AsyncClient, command: str) -> tuple[bool, str]:
    """Run a shell command on the head node as a Ray job; a cancelled call stops the job.

    Returns:
        Whether its exit code was 0, and its output.

    Raises:
        httpx.HTTPError: as ``details`` does.
    """
    response = await client.post(JOBS, json={"entrypoint": command}, timeout=JOB_START_S)
    job = f"{JOBS}{response.raise_for_status().json()['submission_id']}"
    try:
        status = "PENDING"
        while status in ("PENDING", "RUNNING"):
            await asyncio.sleep(POLL_S)
            status = (await client.get(job)).raise_for_status().json()["status"]
    except asyncio.CancelledError:
        await client.post(f"{job}/stop")
        raise
    logs = (await client.get(f"{job}/logs")).raise_for_status().json()["logs"]
    return status == "SUCCEEDED", str(logs)


async def failures(client: httpx.AsyncClient) -> list[str]:
    """Why applications failed to deploy, one line each. Raises ``httpx.HTTPError`` as ``details`` does."""
    reasons = []
    for name, application in (await details(client))["applications"].items():
        if application["status"] == "DEPLOY_FAILED":
            failed = [each for each in application["deployments"].values() if each["status"] != "HEALTHY"]
            reasons += [f"application {name!r} cannot be deployed", application["message"]]
            reasons += [f"{each['name']}: {each['message']}" for each in failed]
    return reasons


async def change(client: httpx.AsyncClient, deployment: str, **fields: Any) -> None:
    """Redeploy the running applications with other ``fields`` of a deployment; returns when Serve is done.

    ``user_config`` is merged into the present one. Applications that have no such deployment, or have not
    been deployed from a config, stay as they are. Raises ``httpx.HTTPError`` as ``details`` does.
    """
    instance = await details(client)
    config = {name: instance[name] for name in ("proxy_location", "http_options")}
    config["applications"] = [
        _changed(application["deployed_app_config"], deployment, fields)
        if deployment in application["deployments"]
        else application["deployed_app_config"]
        for application in instance["applications"].values()
        if application["deployed_app_config"]
    ]
    (await client.put(APPLICATIONS, json=config)).raise_for_status()
    while True:
        applications = (await details(client))["applications"].values()
        if "DEPLOYING" not in {each["status"] for each in applications}:
            return
        await asyncio.sleep(POLL_S)


def _changed(application: dict[str, Any], deployment: str, fields: dict[str, Any]) -> dict[str, Any]:
    deployments = {each["name"]: each for each in application.get("deployments", ())}
    present = deployments.get(deployment, {"name": deployment})
    user_config = (present.get("user_config") or {}) | fields.get("user_config", {})
    deployments[deployment] = present | fields | {"user_config": user_config}
    return application | {"deployments": list(deployments.values())}


async def drain(url: str) -> None:
    """Have the gateway end all conversations in order (docs/draining.md); returns when the last is over.

    Raises:
        httpx.HTTPError: as ``details`` does.
    """
    async with connect(url) as client:
        if any(each["status"] == "RUNNING" for each in (await details(client))["applications"].values()):
            # All replicas at once.
            await change(client, GATEWAY, user_config={"draining": True}, rolling_update_percentage=1.0)
