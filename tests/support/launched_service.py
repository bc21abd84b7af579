"""A service that the launcher starts for one program, which calls it and prints the answer."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.service.conftest import ROOT, free_port


def answer_of(config: Mapping[str, Any], call: str, folder: Path, ready_s: float) -> Any:
    """What a program is told by the service of a Serve config.

    Args:
        config: is written to ``folder``.
        call: the program, which gets the URL as its argument and prints ``ANSWER`` and JSON in one line.
        folder: for files.
        ready_s: within which the service must be ready.
    """
    path = folder / "serve.yaml"
    path.write_text(yaml.safe_dump(dict(config)))
    port = free_port()
    launch = [sys.executable, "-m", "launcher.launch", "--config", str(path), "--port", str(port)]
    # A developer's own service on this machine must not be joined.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    run = subprocess.run(
        [*launch, "--timeout", str(ready_s), "--", sys.executable, "-c", call, f"http://127.0.0.1:{port}"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = [line for line in run.stdout.splitlines() if line.startswith("ANSWER ")]
    assert (run.returncode, len(said)) == (0, 1), run.stdout[-6_000:]
    return json.loads(said[0].removeprefix("ANSWER "))
