"""The whole service with a language model in its graph: what is asked over HTTP is translated by vLLM."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.llm.conftest import SETTINGS
from tests.service.conftest import ROOT, free_port

READY_S = 600
CALL = """
import json, sys, httpx
text = {"text": "Where is the station?", "source_language": "en", "target_language": "es"}
answer = httpx.post(sys.argv[1] + "/api/v1/translation/translate", json=text, timeout=60)
print("ANSWER", json.dumps([answer.status_code, answer.json()]))
"""


def config(model: Path) -> dict[str, Any]:
    """As small as it can be: each deployment at its own defaults, but for what the model needs here."""
    user_config = {**SETTINGS, "translation_model": str(model)}
    return {
        "proxy_location": "HeadOnly",
        "http_options": {"host": "127.0.0.1"},
        "applications": [
            {
                "name": "sokuji",
                "route_prefix": "/",
                "import_path": "graphs.speech_translation:app",
                "args": {"stt": ["faster_whisper"], "translation": ["vllm"], "tts": ["piper"]},
                "deployments": [
                    {"name": "SpeechToText", "ray_actor_options": {"num_cpus": 0.2}},
                    {
                        "name": "Translation",
                        "ray_actor_options": {"num_cpus": 0.5},
                        "user_config": user_config,
                    },
                ],
            }
        ],
    }


def test_a_text_is_translated_by_the_language_model_over_http(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "serve.yaml"
    path.write_text(yaml.safe_dump(config(model)))
    port = free_port()
    call = [sys.executable, "-c", CALL, f"http://127.0.0.1:{port}"]
    launch = [sys.executable, "-m", "launcher.launch", "--config", str(path), "--port", str(port)]
    # A developer's own service on this machine must not be joined.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    run = subprocess.run(
        [*launch, "--timeout", str(READY_S), "--", *call],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = [line for line in run.stdout.splitlines() if line.startswith("ANSWER ")]
    assert (run.returncode, len(said)) == (0, 1), run.stdout[-6_000:]
    status, answer = json.loads(said[0].removeprefix("ANSWER "))
    assert status == 200, answer
    assert answer["translated_text"] == "¿Dónde está la estación?"
    assert answer["provider"] == "vllm"
    assert 0 < answer["score"] <= 1
