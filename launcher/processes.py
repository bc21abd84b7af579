"""What the kernel says of processes (proc(5))."""

from collections.abc import Sequence
from pathlib import Path


def process_name(pid: int) -> str:
    """The name of a process (``comm``); "" if there is none."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def process_state(pid: int) -> str:
    """The state of a process as one letter; "" if there is none."""
    return _stat(pid)[0]


def session_members(session: int) -> list[int]:
    """Live processes of a POSIX session."""
    pids = [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]
    members = []
    for pid in pids:
        state, _, _, sid = _stat(pid)
        if sid == str(session) and state != "Z":
            members.append(pid)
    return members


def _stat(pid: int) -> Sequence[str]:
    """State, parent, group and session of a process (``stat``); all empty if there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:  # It may have ended meanwhile.
        return ("", "", "", "")
    return text.rpartition(") ")[2].split()[:4]
