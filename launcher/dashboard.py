"""Serve's REST API, a part of Ray's dashboard, as far as the launcher of a service needs it.

https://docs.ray.io/en/latest/serve/api/index.html#serve-rest-api
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

APPLICATIONS = "/api/serve/applications/"
GATEWAY = "Gateway"
ANSWER_S = 10.0
POLL_S = 0.1


def ray_token() -> str:
    """The token that Ray's dashboard asks for, from where Ray itself looks for it; "" where there is none."""
    if token := os.environ.get("RAY_AUTH_TOKEN"):
        return token
    path = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token")
    return path.read_text().strip() if path.is_file() else ""


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the dashboard at a base URL of this machine."""
    headers = {"Authorization": f"Bearer {ray_token()}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=ANSWER_S, trust_env=False) as client:
        yield client


async def details(client: httpx.AsyncClient) -> dict[str, Any]:
    """What Serve tells of itself: ``ray.serve.schema.ServeInstanceDetails``.

    Raises:
        httpx.HTTPError: the dashboard does not answer as it should.
    """
    answer = (await client.get(APPLICATIONS)).raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


async def failures(client: httpx.AsyncClient) -> list[str]:
    """Which applications Serve has given up, and why. Raises ``httpx.HTTPError`` as ``details`` does."""
    reasons = []
    for name, application in (await details(client))["applications"].items():
        if application["status"] == "DEPLOY_FAILED":
            failed = [each for each in application["deployments"].values() if each["status"] != "HEALTHY"]
            reasons += [f"application {name!r} cannot be deployed", application["message"]]
            reasons += [f"{each['name']}: {each['message']}" for each in failed]
    return reasons


async def change(client: httpx.AsyncClient, deployment: str, **fields: Any) -> None:
    """Deploy what is deployed with other ``fields`` of a deployment; returns when Serve is done with it.

    ``user_config`` is added to the present one. Applications that have no such deployment, or have not been
    deployed from a config, stay as they are. Raises ``httpx.HTTPError`` as ``details`` does.
    """
    now = await details(client)
    config = {name: now[name] for name in ("proxy_location", "http_options")}
    config["applications"] = [
        _changed(application["deployed_app_config"], deployment, fields)
        if deployment in application["deployments"]
        else application["deployed_app_config"]
        for application in now["applications"].values()
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
    """Have the gateway tell all conversations to move elsewhere; returns when the last one is over.

    Raises:
        httpx.HTTPError: the dashboard at ``url`` does not answer as it should.
    """
    async with connect(url) as client:
        if any(each["status"] == "RUNNING" for each in (await details(client))["applications"].values()):
            # All replicas at once.
            await change(client, GATEWAY, user_config={"draining": True}, rolling_update_percentage=1.0)
