"""schemathesis tries every REST call: what the OpenAPI document allows, and all kinds of what it does not."""

import os
import subprocess
from pathlib import Path

import pytest

from sokuji.access.key_file import change_keys
from sokuji.access.new_key import make_key
from sokuji.config.keys import KeyScope
from tests.attacks.attacked_service import attacked_service

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
SCHEMATHESIS = ROOT / ".venv-clients" / "schemathesis" / "bin" / "schemathesis"
OPTIONS = (
    "--checks=all", "--exclude-checks=positive_data_acceptance", "--generation-deterministic",
    "--max-examples=25", "--workers=2", "--request-timeout=30", "--no-color",
)  # fmt: skip
MAX_S = 600


@pytest.mark.timeout(MAX_S + 60)
@pytest.mark.skipif(not SCHEMATHESIS.exists(), reason="`make attack` installs schemathesis")
def test_every_rest_call_does_what_its_document_says(tmp_path: Path) -> None:
    """``schemathesis_hooks`` does ``positive_data_acceptance``: it knows what a schema cannot say."""
    hooks = "tests.attacks.schemathesis_hooks"
    environment = os.environ | {"SCHEMATHESIS_HOOKS": hooks, "PYTHONPATH": str(ROOT)}
    made = make_key("attacker", scopes=tuple(KeyScope))
    change_keys(tmp_path / "keys.json", lambda _: (made.key,))
    with attacked_service(keys_file=tmp_path / "keys.json", requests_per_minute=0) as service:
        # It writes to the folder in which it runs.
        run = subprocess.run(
            [SCHEMATHESIS, "run", f"{service.url}/openapi.json", f"--url={service.url}",
             f"--header=Authorization: Bearer {made.value}", *OPTIONS],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=MAX_S,
        )  # fmt: skip
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-2_000:]
    assert "API Operations" in run.stdout
