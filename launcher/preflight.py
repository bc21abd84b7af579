"""Checks before the start that this machine has the GPUs and the memory that a Serve config needs.

Each replica makes the same check of its own share when it starts (``deployments.gpu_share``).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sokuji.capacity.machine import detect
from sokuji.capacity.placement import unplaced
from sokuji.capacity.profiles import applications, read_application
from sokuji.errors import ConfigError


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
