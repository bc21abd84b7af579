"""The whole service with a language model in its graph: what is asked over HTTP is translated by vLLM."""

from pathlib import Path
from typing import Any

from tests.llm.conftest import SETTINGS
from tests.support.launched_service import answer_of

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
    status, answer = answer_of(config(model), CALL, tmp_path, READY_S)
    assert status == 200, answer
    assert answer["translated_text"] == "¿Dónde está la estación?"
    assert answer["provider"] == "vllm"
    assert 0 < answer["score"] <= 1
