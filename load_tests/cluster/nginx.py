"""nginx with the configuration of ``ops/nginx`` in front of the gateways' nodes, as operators have it."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from load_tests.cluster.certificate import write_certificate
from load_tests.cluster.network import OWN_ADDRESS
from sokuji.errors import ConfigError

_CONFIGURATION = Path(__file__).parents[2] / "ops" / "nginx"
_TRUSTED = "SSL_CERT_FILE"


@contextmanager
def nginx(folder: Path, gateways: Sequence[str]) -> Iterator[str]:
    """Run nginx on ports 80 and 443 of ``OWN_ADDRESS``; its URL, whose certificate this process trusts.

    Args:
        folder: for its files; is made, and lies in one that only this user may enter.
        gateways: ``host:port`` of each, as many as ``ops/nginx/upstreams.conf`` names.

    Raises:
        ConfigError: it is not installed.
    """
    program = shutil.which("nginx", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin")))
    if program is None:
        raise ConfigError("the cluster's way in needs nginx: apt install nginx")
    folder.mkdir()
    # Its workers are another user.
    for each in (folder, folder.parent):
        each.chmod(0o755)
    shutil.copy(_CONFIGURATION / "nginx.conf", folder)
    addresses = iter(gateways)
    upstreams = (_CONFIGURATION / "upstreams.conf").read_text()
    (folder / "upstreams.conf").write_text(
        re.sub(r"server \S+", lambda _: f"server {next(addresses)}", upstreams)
    )
    (folder / "tls").mkdir()
    chain = write_certificate(folder / "tls", OWN_ADDRESS)
    with (folder / "nginx.log").open("wb") as log:
        command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    trusted = os.environ.get(_TRUSTED)
    os.environ[_TRUSTED] = str(chain)
    try:
        yield f"https://{OWN_ADDRESS}"
    finally:
        del os.environ[_TRUSTED]
        if trusted is not None:
            os.environ[_TRUSTED] = trusted
        process.terminate()
        process.wait(10)
