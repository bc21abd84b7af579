"""The whole API in a process of its own, whose memory and children are watched from outside.

Its server has the bounds of that of Serve's proxy.

As a program (``python -m tests.attacks.attacked_service SETTINGS``) it serves over fake stages until its
input ends; ``SETTINGS`` is a JSON object with fields of ``GatewaySettings``.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from deployments.http_server import install
from sokuji.config import GatewaySettings
from tests.support.api_server import serve_api

ROOT = Path(__file__).parents[2]
_WATCH_S = 0.02


@dataclass
class AttackedService:
    """A service that runs."""

    url: str
    pid: int
    peaks: dict[int, int] = field(default_factory=dict)
    """Largest resident memory in bytes of each process that it has had, its own included (``VmHWM``)."""

    def decoders(self) -> list[psutil.Process]:
        """The processes that it has started."""
        return psutil.Process(self.pid).children(recursive=True)

    def watch(self, stop: threading.Event) -> None:
        """Note the memory of all its processes until ``stop`` is set."""
        service = psutil.Process(self.pid)
        while not stop.wait(_WATCH_S):
            with suppress(psutil.NoSuchProcess):
                for process in (service, *self.decoders()):
                    self.note(process)

    def note(self, process: psutil.Process) -> None:
        """Note the memory of a process."""
        with suppress(OSError, StopIteration):
            lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
            line = next(line for line in lines if line.startswith("VmHWM:"))
            peak = 1_024 * int(line.split()[1])
            self.peaks[process.pid] = max(peak, self.peaks.get(process.pid, 0))


@contextmanager
def attacked_service(*, keys_file: Path | None = None, **limits: Any) -> Iterator[AttackedService]:
    """A service with these fields of ``Limits``; the test fails if it leaves a process behind.

    Args:
        keys_file: the keys that it demands; None: none.
    """
    settings = {"limits": limits, "access": {"keys_file": str(keys_file or "")}}
    command = [sys.executable, "-m", __name__, json.dumps(settings)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        service = AttackedService(process.stdout.readline().strip(), process.pid)
        stop = threading.Event()
        watching = threading.Thread(target=service.watch, args=(stop,))
        watching.start()
        try:
            yield service
        finally:
            stop.set()
            watching.join()
            children = service.decoders()
            process.stdin.close()
            process.wait(timeout=30)
    _, left = psutil.wait_procs(children, timeout=10)
    assert not left


def main() -> None:
    """Serve until the input ends."""
    settings = GatewaySettings.model_validate_json(sys.argv[1])
    install(behind_haproxy=False)
    with serve_api(settings=settings, ws="auto") as url:
        print(url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
