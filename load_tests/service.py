"""A service of one's own to measure, on this machine, and which of its processes does what."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console

from launcher.launch import managed_service, wait_until_ready
from launcher.serve_config import ServeConfig, check_port, read_config
from launcher.serve_process import ServeProcess

START_S = 300.0
"""Patience with models that are loaded and warmed."""
_REPLICA = re.compile(r"ray::ServeReplica:[^:]+:(\w+)")
PROXY, CONTROLLER, REST = "Serve proxy", "Serve controller", "rest of Ray"
_TITLES = {"ray::ProxyActor": PROXY, "haproxy": PROXY, "ray::ServeController": CONTROLLER}


@dataclass(frozen=True, slots=True)
class Deployed:
    """A process, and the deployment whose replica it is; or ``PROXY``, ``CONTROLLER`` or ``REST``."""

    name: str
    process: psutil.Process


class Running:
    """A service that translates.

    Args:
        serve: the Serve config that it runs, and where.
        service: its processes.
    """

    def __init__(self, serve: ServeConfig, service: ServeProcess) -> None:
        self._serve = serve
        self._service = service

    @property
    def url(self) -> str:
        """Its address on this machine."""
        return self._serve.url

    def described(self) -> dict[str, Any]:
        """The whole Serve config, and the variables of the environment that were set for it; for JSON."""
        return {"config": self._serve.content, "environment": dict(self._serve.environment)}

    def processes(self) -> list[Deployed]:
        """All its processes that are alive now."""
        found = []
        for pid in self._service.processes():
            with suppress(psutil.NoSuchProcess):  # it may have ended meanwhile
                process = psutil.Process(pid)
                found.append(Deployed(role(" ".join(process.cmdline())), process))
        return found


def role(command_line: str) -> str:
    """What a process of Ray does, by its title: an actor's is ``ray::`` and its class or name."""
    if replica := _REPLICA.match(command_line):
        return replica[1]
    program = command_line.partition(" ")[0].rpartition("/")[2]
    return next((name for title, name in _TITLES.items() if program.startswith(title)), REST)


@asynccontextmanager
async def started(
    config: Path, port: int, *, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Running]:
    """A Serve config as a service with a Ray of its own, on a port of loopback; it ends with the block.

    Its output goes to standard error until it is ready.

    Args:
        config: the Serve config (YAML); its host and port do not count.
        port: where it listens, on 127.0.0.1.
        environment: variables for all its processes, besides those of this one and of the config.

    Raises:
        LaunchError: it cannot be started; the message says why.
    """
    serve = read_config(config, "127.0.0.1", port)
    serve = replace(serve, environment={**serve.environment, **(environment or {})})
    check_port(serve)
    console = Console(stderr=True, highlight=False, markup=False)
    async with managed_service(console, serve.environment) as service:
        await service.start(serve.content)
        await wait_until_ready(service, serve.url, START_S)
        service.echo = False
        yield Running(serve, service)
