"""The whole service with this voice in its graph: a text that is sent over HTTP comes back as its speech."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.launched_service import answer_of
from tests.support.pocket_tts.small_model import small_model

READY_S = 240
CALL = """
import json, sys, httpx
text = {"text": "Where is the station?", "language": "en", "voice_id": "ben"}
answer = httpx.post(sys.argv[1] + "/api/v1/tts/synthesize", json=text, timeout=60)
voices = httpx.get(sys.argv[1] + "/api/v1/tts/voices", timeout=60).json()["voices"]
print("ANSWER", json.dumps([answer.status_code, answer.json(), [voice["id"] for voice in voices]]))
"""


def config() -> dict[str, Any]:
    """As small as it can be: each deployment at its own defaults, but for the model."""
    return {
        "proxy_location": "HeadOnly",
        "http_options": {"host": "127.0.0.1"},
        "applications": [
            {
                "name": "sokuji",
                "route_prefix": "/",
                "import_path": "graphs.speech_translation:app",
                "args": {"stt": ["faster_whisper"], "translation": ["bergamot"], "tts": ["pocket_tts"]},
                "deployments": [
                    {"name": "SpeechToText", "ray_actor_options": {"num_cpus": 0.2}},
                    {
                        "name": "TextToSpeech",
                        "ray_actor_options": {"num_cpus": 0.5},
                        "user_config": {"tts_model": str(small_model())},
                    },
                ],
            }
        ],
    }


@pytest.mark.service
@pytest.mark.timeout(READY_S + 60)
def test_a_text_is_spoken_by_a_voice_of_the_model_over_http(tmp_path: Path) -> None:
    status, answer, voices = answer_of(config(), CALL, tmp_path, READY_S)
    assert status == 200, answer
    assert answer["provider"] == "pocket_tts"
    assert answer["duration_ms"] > 1_000
    assert voices == ["ana", "ben"]
