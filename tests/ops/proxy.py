"""Debian's nginx with the configuration of ``ops/nginx``, on free ports of loopback."""

import contextlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from load_tests.cluster.certificate import write_certificate
from tests.ops.tools import ROOT, program

STARTED_S = 10


@dataclass(frozen=True)
class Proxy:
    """A running nginx."""

    folder: Path
    """Its configuration."""
    port: int
    """Of TLS, for ``localhost``."""
    plain_port: int
    command: tuple[str, ...]

    @property
    def certificate(self) -> Path:
        """That clients have to trust."""
        return self.folder / "tls" / "fullchain.pem"

    @property
    def address(self) -> str:
        """host:port."""
        return f"localhost:{self.port}"

    def set_gateways(self, gateways: Sequence[str]) -> None:
        """Write the addresses of the gateways; ``reload`` takes them."""
        text = (ROOT / "ops" / "nginx" / "upstreams.conf").read_text()
        names = iter(gateways)
        # As many as the file has: the last one is named again.
        given = re.sub(r"server \S+", lambda _: f"server {next(names, gateways[-1])}", text)
        (self.folder / "upstreams.conf").write_text(given)

    def reload(self) -> None:
        """``nginx -s reload``."""
        subprocess.run([*self.command, "-s", "reload"], check=True, capture_output=True)


@contextlib.contextmanager
def proxied(*gateways: str) -> Iterator[Proxy]:
    """nginx in front of one or two gateways, each "host:port"; its log is shown if it does not start."""
    nginx = program("nginx")
    # Not pytest's folder, which the workers' user may not enter.
    folder = Path(tempfile.mkdtemp(prefix="nginx-"))
    folder.chmod(0o755)
    try:
        proxy = _configure(folder, nginx, gateways)
        with (folder / "log").open("w") as log:
            command = [*proxy.command, "-g", "daemon off;"]
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            _wait(proxy.port, process, folder / "log")
            yield proxy
        finally:
            process.terminate()
            process.wait(10)
    finally:
        shutil.rmtree(folder)


def _configure(folder: Path, nginx: str, gateways: Sequence[str]) -> Proxy:
    ports = _free_ports()
    text = (ROOT / "ops" / "nginx" / "nginx.conf").read_text()
    text, replaced = re.subn(r"listen (80|443)\b", lambda found: f"listen 127.0.0.1:{ports[found[1]]}", text)
    assert replaced == 2
    (folder / "nginx.conf").write_text(text.replace("/tmp/", f"{folder}/"))
    (folder / "tls").mkdir()
    write_certificate(folder / "tls", "localhost")
    command = (nginx, "-p", str(folder), "-c", str(folder / "nginx.conf"))
    proxy = Proxy(folder, ports["443"], ports["80"], command)
    proxy.set_gateways(gateways)
    return proxy


def _free_ports() -> dict[str, int]:
    with socket.socket() as tls, socket.socket() as plain:
        for each in (tls, plain):
            each.bind(("127.0.0.1", 0))
        return {"443": tls.getsockname()[1], "80": plain.getsockname()[1]}


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTED_S
    while True:
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
