"""Runs a command in namespaces of its own: network, mounts and processes (namespaces(7)).

What runs there sees no other network and no other processes, may use every port, and ends with the command
whatever happens to it: the kernel kills the processes of a namespace with its first one. Users who are not
root get a user namespace as well, where the system permits that.
"""

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Sequence

from sokuji.errors import ConfigError

_MARK = "SOKUJI_LOAD_TEST_ISOLATED"
_NAMESPACES = ("--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
_TOOLS = {"unshare": "util-linux", "setpriv": "util-linux", "ip": "iproute2"}


def is_isolated() -> bool:
    """Whether this process runs in namespaces that ``run_isolated`` has made."""
    return _MARK in os.environ


def run_isolated(module: str, arguments: Sequence[str]) -> int:
    """Run ``python -m module`` in new namespaces; its exit code.

    Raises:
        ConfigError: a program that makes namespaces is not installed.
    """
    for tool, package in _TOOLS.items():
        if shutil.which(tool) is None:
            raise ConfigError(f"a cluster on one machine needs {tool}: apt install {package}")
    user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    # unshare(1) takes no SIGTERM: it is killed when this process ends, and the namespaces with it.
    unshare = ("setpriv", "--pdeathsig", "KILL", "unshare", *user, *_NAMESPACES)
    command = [*unshare, sys.executable, "-m", module, *arguments]
    # A developer's own settings of Ray are for another cluster. By the token its processes know each other.
    own = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    environment = {**own, _MARK: "1", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    return subprocess.run(command, env=environment, check=False).returncode
