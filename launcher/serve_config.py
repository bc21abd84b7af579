"""Reads the Serve config of a launch, and checks that its ports are free."""

import errno
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from launcher.environment import check_haproxy, open_ports, variables_beside
from sokuji.config import parse_proxy
from sokuji.errors import ConfigError, SokujiError


class LaunchError(SokujiError):
    """The service cannot run; the message says why and what to do."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True)
class ServeConfig:
    """A Serve config, the address that it listens on and the variables that it needs."""

    content: dict[str, Any]
    host: str
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Base URL for a client on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def read_config(path: Path, host: str | None, port: int | None) -> ServeConfig:
    """The Serve config at ``path``; ``host`` and ``port`` override its own unless they are None.

    Raises:
        LaunchError: the file does not exist or is no Serve config, the ``.env`` file beside it is invalid, or
            a variable of Serve's proxy is out of range.
    """
    try:
        content = yaml.safe_load(path.read_text())
        variables = variables_beside(path)
        parse_proxy(os.environ | variables)
    except OSError as error:
        raise LaunchError(f"cannot read {path}: {error.strerror}", exit_code=2) from None
    except yaml.YAMLError as error:
        raise LaunchError(f"{path} is not YAML: {error}", exit_code=2) from None
    except ConfigError as error:
        raise LaunchError(error.message, exit_code=2) from None
    if not isinstance(content, dict) or "applications" not in content:
        raise LaunchError(f"{path} is not a Serve config: it names no applications", exit_code=2)
    # The defaults are those of ray.serve.schema.HTTPOptionsSchema.
    http = {"host": "0.0.0.0", "port": 8000} | (content.get("http_options") or {})
    http |= {"host": host or http["host"], "port": port or http["port"]}
    return ServeConfig(content | {"http_options": http}, http["host"], http["port"], variables)


def check_port(config: ServeConfig) -> None:
    """Raise LaunchError if the config's address or one of HAProxy's ports is not free to listen on."""
    variables = os.environ | config.environment
    try:
        check_haproxy(variables)
        opened = open_ports(variables)
    except ConfigError as error:
        raise LaunchError(error.message, exit_code=2) from None
    check_free(config.host, config.port, f"serve on another one: make run PORT={config.port + 1}")
    for name, (variable, port) in opened.items():
        check_free("0.0.0.0", port, f"HAProxy serves its {name} there; set {variable} to another one")


def check_free(host: str, port: int, remedy: str) -> None:
    """Raise LaunchError, which says what to do, if an address is not free to listen on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            reason = f"port {port} is in use; {remedy}"
        else:
            reason = f"cannot listen on {host} port {port}: {error.strerror}"
        raise LaunchError(reason, exit_code=2) from None
