"""Whether a whole Serve config fits this machine, asked before anything slow begins.

Each replica asks the same of its own share when it starts (``deployments.gpu_share``).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sokuji.capacity.machine import probe
from sokuji.capacity.placement import unplaced
from sokuji.capacity.profiles import applications, read
from sokuji.errors import ConfigError


def check_fits(content: Mapping[str, Any]) -> list[str]:
    """What may go wrong, in words, for the applications that are made by this project's graph.

    Raises:
        ConfigError: settings are not accepted, a replica needs more than its part of a GPU, or there are too
            few GPUs; says by how much.
    """
    machine, doubts = probe(), []
    card = min((gpu.memory for gpu in machine.gpus), default=None)
    for application in applications(content):
        name = str(application.get("name", "default"))
        found = read(application, name, Path())
        found.check(card)
        if left := unplaced(found.replicas, len(machine.gpus)):
            waiting = ", ".join(each.name for each in left)
            raise ConfigError(
                f"it takes {found.gpus} of such GPUs to hold application {name!r}, and this machine has "
                f"{len(machine.gpus)}: no place is left for {waiting}. 'sokuji profile recommend' says what "
                "runs here",
                param="num_gpus",
            )
        if found.cores > machine.cores:
            doubts.append(
                f"application {name!r} asks for {found.cores} cores and {machine.cores} are here: some of "
                "its replicas may wait for ever"
            )
    return doubts
