"""Checks before the start: that this machine has the GPUs and the memory that a Serve config needs, and that
a service which others can reach demands keys.

Each replica makes the check of its own share too when it starts (``deployments.gpu_share``), and a service
without keys answers at loopback addresses only, however it was started (``sokuji.api.credentials``).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from launcher.serve_config import check_free
from sokuji.access.key_file import read_keys
from sokuji.capacity.machine import detect
from sokuji.capacity.placement import unplaced
from sokuji.capacity.profiles import applications, gateway_settings, read_application
from sokuji.config import is_loopback
from sokuji.errors import ConfigError


def check_access(content: Mapping[str, Any], host: str, environment: Mapping[str, str]) -> None:
    """Check the keys of the applications that are built by this project's graph.

    Args:
        host: where they will listen.
        environment: of their processes.

    Raises:
        ConfigError: others than this machine reach the host and no keys are demanded, the key file cannot be
            read, or a setting of the Gateway is not accepted.
    """
    for application in applications(content):
        access = gateway_settings(application, environment).access
        if access.keys_file:
            read_keys(Path(access.keys_file))
        if access.is_loopback_only and not is_loopback(host):
            raise ConfigError(
                f"{host} can be reached from other machines, and clients need no key. Make one with "
                "'sokuji keys create NAME --file /etc/sokuji/keys.json' and set SOKUJI_KEYS_FILE to that "
                "file; or, on a network that you trust, SOKUJI_KEYLESS=1",
                param="access.keys_file",
            )


def grpc_addresses(content: Mapping[str, Any], environment: Mapping[str, str]) -> list[str]:
    """Where the applications that are built by this project's graph will serve gRPC; arguments as before."""
    found = [gateway_settings(each, environment).grpc.address for each in applications(content)]
    return [address for address in found if address]


def check_grpc_ports(content: Mapping[str, Any], environment: Mapping[str, str]) -> None:
    """Check that gRPC's addresses are free: its servers would share one with whoever listens there already.

    Raises:
        LaunchError: one is in use.
    """
    for address in grpc_addresses(content, environment):
        host, _, port = address.rpartition(":")
        remedy = f"serve gRPC on another one: SOKUJI_GRPC_ADDRESS={host}:{int(port) + 1} make run"
        check_free(host.strip("[]"), int(port), remedy)


def check_capacity(content: Mapping[str, Any]) -> list[str]:
    """Check the applications of a Serve config that are built by this project's graph.

    Returns:
        Warnings.

    Raises:
        ConfigError: a setting is not accepted, a replica needs more than its share of a GPU, or there are
            too few GPUs; the message says how much is missing.
    """
    machine, warnings = detect(), []
    card = min((gpu.memory for gpu in machine.gpus), default=None)
    for application in applications(content):
        name = str(application.get("name", "default"))
        profile = read_application(application, name, Path())
        profile.check(card)
        if remaining := unplaced(profile.replicas, len(machine.gpus)):
            waiting = ", ".join(each.name for each in remaining)
            raise ConfigError(
                f"application {name!r} needs {profile.gpus} GPUs and this machine has {len(machine.gpus)}: "
                f"there is no room for {waiting}. 'sokuji profile recommend' names a profile that runs here",
                param="num_gpus",
            )
        if profile.cores > machine.cores:
            warnings.append(
                f"application {name!r} needs {profile.cores} cores and this machine has {machine.cores}: "
                "some of its replicas may never start"
            )
    return warnings
