"""The service that is measured: a running one, or one that is started here with a Ray of its own."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil
from rich.console import Console

from launcher import dashboard
from launcher.launch import managed_service, wait_until_ready
from launcher.serve_config import ServeConfig, check_port, read_config
from launcher.serve_process import ServeProcess
from sokuji.client.handshake import ServiceUnreachable, authorization, endpoint, unreachable

START_S = 300.0
"""How long models may take to load and warm up."""
PROXY, CONTROLLER, REST = "Serve proxy", "Serve controller", "rest of Ray"
NOT_REPLICAS = (PROXY, CONTROLLER, REST)
Result = TypeVar("Result")
_REPLICA = re.compile(r"ray::ServeReplica:[^:]+:(\w+)")
_TITLES = {"ray::ProxyActor": PROXY, "haproxy": PROXY, "ray::ServeController": CONTROLLER}


@dataclass(frozen=True, slots=True)
class ServiceProcess:
    """A process, and the deployment whose replica it is; or one of ``NOT_REPLICAS``."""

    name: str
    process: psutil.Process


@dataclass(frozen=True, slots=True)
class GatewaySetting:
    """A setting of the Gateway, such as ``run_on_ms`` of ``streaming``, with a value."""

    section: str
    name: str
    value: float

    def __str__(self) -> str:
        return f"{self.name}={self.value:g}"


@dataclass(frozen=True, slots=True)
class ServiceUnderTest:
    """A service that can be spoken to."""

    url: str
    serve: ServeConfig | None = None
    """Of a service that was started here."""
    ray: ServeProcess | None = None
    """Its processes; None: the processes of the service are not known."""

    def processes(self) -> list[ServiceProcess]:
        """All its processes that are alive now; empty where they are not known."""
        running = []
        for pid in self.ray.processes() if self.ray else ():
            with suppress(psutil.NoSuchProcess):  # it may have ended meanwhile
                process = psutil.Process(pid)
                running.append(ServiceProcess(role(" ".join(process.cmdline())), process))
        return running

    async def change(self, setting: GatewaySetting) -> None:
        """Change a setting of a service that was started here, while it runs.

        Raises:
            RuntimeError: it was not started here.
            httpx.HTTPError: Serve does not accept the value.
        """
        if self.serve is None or self.ray is None or self.ray.dashboard is None:
            raise RuntimeError("settings can be changed of a service that was started here")
        deployments = [
            each for app in self.serve.content["applications"] for each in app.get("deployments", ())
        ]
        own: dict[str, Any] = next((each for each in deployments if each["name"] == dashboard.GATEWAY), {})
        section = own.get("user_config", {}).get(setting.section, {}) | {setting.name: setting.value}
        async with dashboard.connect(self.ray.dashboard) as client:
            await dashboard.change(client, dashboard.GATEWAY, user_config={setting.section: section})

    def info(self) -> dict[str, Any]:
        """Version, providers and limits that the service reports.

        Raises:
            ServiceUnreachable: nothing answers at the URL, or something else does.
        """
        try:
            response = httpx.get(
                endpoint(self.url, "/api/v1/info", "http"), headers=authorization(), timeout=10
            )
            return {name: response.json()[name] for name in ("version", "providers", "limits")}
        except httpx.TransportError as error:
            raise unreachable(self.url, error) from None
        except (ValueError, KeyError):
            raise ServiceUnreachable(
                f"{self.url} answered with HTTP status {response.status_code} and no description of a Sokuji "
                "Bridge; is it one, and has it finished starting?"
            ) from None


def role(command_line: str) -> str:
    """The name of a ``ServiceProcess``, from its title; an actor's is ``ray::`` and its class or name."""
    if replica := _REPLICA.match(command_line):
        return replica[1]
    program = command_line.partition(" ")[0].rpartition("/")[2]
    return next((name for title, name in _TITLES.items() if program.startswith(title)), REST)


async def with_service(
    url: str,
    config: Path,
    port: int,
    measure: Callable[[ServiceUnderTest], Awaitable[Result]],
    environment: Mapping[str, str] | None = None,
) -> tuple[dict[str, Any], Result]:
    """Measure the service at ``url``; without a URL one that is started, as ``started_service`` does it.

    Args:
        environment: as there; a running service is as it is.

    Returns:
        The service's description and Serve config with its variables, for JSON; what ``measure`` returns.
    """
    started = started_service(config, port, environment=environment)
    async with nullcontext(ServiceUnderTest(url)) if url else started as service:
        serve = service.serve and {
            "config": service.serve.content,
            "environment": dict(service.serve.environment),
        }
        return {"service": service.info(), "serve": serve}, await measure(service)


@asynccontextmanager
async def started_service(
    config: Path, port: int, *, environment: Mapping[str, str] | None = None
) -> AsyncIterator[ServiceUnderTest]:
    """Start a Serve config (YAML) with a Ray of its own on a port of 127.0.0.1; it ends with the block.

    Its host and port are replaced. ``environment`` is set for all its processes, besides the variables of
    this process and of the config. Its output goes to standard error until it is ready.

    Raises:
        LaunchError: it cannot be started; the message says why.
    """
    serve = read_config(config, "127.0.0.1", port)
    serve = replace(serve, environment={**serve.environment, **(environment or {})})
    check_port(serve)
    console = Console(stderr=True, highlight=False, markup=False)
    async with managed_service(console, serve.environment) as ray:
        await ray.start(serve.content)
        await wait_until_ready(ray, serve.url, START_S)
        ray.echo = False
        yield ServiceUnderTest(serve.url, serve, ray)
