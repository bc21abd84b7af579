"""The network of a cluster on one machine: a bridge, and a namespace with an address for each host.

Only for a process in namespaces of its own (``isolation``): the names and addresses are always the same.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_SUBNET = "10.77.0"
OWN_ADDRESS = f"{_SUBNET}.1"
"""Of this process, which the hosts reach as it reaches them."""
_BRIDGE = "cluster"
_NAMED = Path("/run/netns")


def create_network() -> None:
    """Make the bridge, with ``OWN_ADDRESS`` on it."""
    # ip-netns(8) keeps names there; this mount is seen in this mount namespace alone.
    _run("mount", "-t", "tmpfs", "tmpfs", "/run")
    _NAMED.mkdir()
    _ip("link", "set", "lo", "up")
    _ip("link", "add", _BRIDGE, "type", "bridge")
    _ip("addr", "add", f"{OWN_ADDRESS}/24", "dev", _BRIDGE)
    _ip("link", "set", _BRIDGE, "up")


class Host:
    """A network namespace with one address, a ``/tmp`` of its own, and the processes in it.

    Args:
        name: short, of letters, digits and dashes.
        number: 2 to 254; the last part of its address.
        files: an empty folder, which the host sees as its ``/tmp``.
    """

    def __init__(self, name: str, number: int, files: Path) -> None:
        self.name = name
        self.files = files
        self.address = f"{_SUBNET}.{number}"
        _ip("netns", "add", name)
        _ip("link", "add", f"host{number}", "type", "veth", "peer", "name", "eth0", "netns", name)
        _ip("link", "set", f"host{number}", "master", _BRIDGE, "up")
        _ip("-n", name, "addr", "add", f"{self.address}/24", "dev", "eth0")
        _ip("-n", name, "link", "set", "eth0", "up")
        _ip("-n", name, "link", "set", "lo", "up")

    def command(self, *words: str) -> tuple[str, ...]:
        """The command that runs another one on this host."""
        # ip-netns(8) makes a mount namespace for each command.
        own_files = f"mount --bind '{self.files}' /tmp && exec \"$@\""
        return ("ip", "netns", "exec", self.name, "sh", "-c", own_files, "sh", *words)

    def processes(self) -> dict[int, str]:
        """Process id -> command line of what runs on this host."""
        own = (_NAMED / self.name).stat().st_ino
        return {pid: line for pid, inode, line in _all_processes() if inode == own}


def _all_processes() -> Iterator[tuple[int, int, str]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            # It may end meanwhile; one that waits to be reaped has no namespace any more.
            with suppress(OSError):
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                yield int(entry.name), os.stat(entry / "ns" / "net").st_ino, line


def _ip(*words: str) -> None:
    _run("ip", *words)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
