"""The table of doors: a new one gets a line here, and all tests of keys and limits then hold for it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest

from sokuji.config.keys import KeyScope
from tests.support.speech import encode, silence


class Door(NamedTuple):
    """A way into the service."""

    path: str
    scope: KeyScope | None
    request: dict[str, Any] | None = None
    """What ``httpx`` sends; None: it is a socket."""
    uses: str = ""
    """The limit that a request is charged to."""


WAV = ("a.wav", encode(silence(1_500), "wav", "pcm_s16le"), "audio/wav")
RECORDING = {"files": {"file": WAV}, "data": {"model": "whisper-1"}}
UPLOAD = {"files": {"audio_file": WAV}, "data": {"target_language": "en"}}
TRANSCRIBED = {"files": {"audio_file": WAV}}
OFFER = {"content": "v=0", "headers": {"Content-Type": "application/sdp"}}
TEXT = {"text": "Olá, mundo.", "source_language": "pt", "target_language": "en"}
LIBRE = {"q": "Olá, mundo.", "source": "pt", "target": "en"}
FILE = {"file": ("a.txt", b"Bom dia.", "text/plain")}
LIBRE_FILE = {"files": FILE, "data": {"source": "pt", "target": "en"}}
SPOKEN = {"text": "Hello, world", "language": "en"}
SPEECH = {"model": "tts-1", "input": "Hello, world", "voice": "alloy"}
TRANSLATION = {"session": {"model": "gpt-realtime-translate"}}
CHARACTERS, AUDIO = "characters", "audio-seconds"

DOORS = (
    Door("/api/v1/stt/transcribe", KeyScope.RECORDINGS, TRANSCRIBED, AUDIO),
    Door("/api/v1/pipeline/translate-audio", KeyScope.RECORDINGS, UPLOAD, AUDIO),
    Door("/v1/audio/transcriptions", KeyScope.RECORDINGS, RECORDING, AUDIO),
    Door("/v1/audio/translations", KeyScope.RECORDINGS, RECORDING, AUDIO),
    Door("/api/v1/translation/translate", KeyScope.TEXTS, {"json": TEXT}, CHARACTERS),
    Door("/api/v1/pipeline/translate-text", KeyScope.TEXTS, {"json": TEXT}, CHARACTERS),
    Door("/api/v1/tts/synthesize", KeyScope.TEXTS, {"json": SPOKEN}, CHARACTERS),
    Door("/v1/audio/speech", KeyScope.TEXTS, {"json": SPEECH}, CHARACTERS),
    Door("/translate", KeyScope.TEXTS, {"json": LIBRE}, CHARACTERS),
    Door("/detect", KeyScope.TEXTS, {"json": {"q": "Olá, mundo."}}, CHARACTERS),
    Door("/translate_file", KeyScope.TEXTS, LIBRE_FILE, CHARACTERS),
    Door("/v1/realtime/client_secrets", KeyScope.TOKENS, {"json": {}}),
    Door("/v1/realtime/translations/client_secrets", KeyScope.TOKENS, {"json": TRANSLATION}),
    Door("/v1/realtime/calls", KeyScope.SESSIONS, OFFER),
    Door("/v1/realtime/translations/calls", KeyScope.SESSIONS, OFFER),
    Door("/metrics", KeyScope.METRICS, {}),
    Door("/api/v1/info", None, {}),
    Door("/api/v1/stt/languages", None, {}),
    Door("/api/v1/translation/languages", None, {}),
    Door("/api/v1/tts/voices", None, {}),
    Door("/v1/models", None, {}),
    Door("/v1/models/whisper-1", None, {}),
    Door("/v1/audio/models", None, {}),
    Door("/v1/audio/voices", None, {}),
    Door("/api/v1/ws/translate", KeyScope.SESSIONS),
    Door("/v1/realtime", KeyScope.SESSIONS),
    Door("/v1/realtime/translations", KeyScope.SESSIONS),
)
CALLS = [door for door in DOORS if door.request is not None]
SOCKETS = [door for door in DOORS if door.request is None]
CHARGED = [door for door in CALLS if door.uses]
DOCUMENTS = ("/docs", "/redoc", "/openapi.json")
OPEN = ("/", "/overlay", "/listen", "/health", "/health/live", *DOCUMENTS, "/languages", "/frontend/settings")
IN_BODY = [door for door in CALLS if door.path in ("/translate", "/detect", "/translate_file")]
"""Doors whose clients send the key in the body."""


def named(doors: Sequence[Door]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("door", doors, ids=[door.path for door in doors])
