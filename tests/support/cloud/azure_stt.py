"""Azure's fast transcription, as far as Microsoft documents it: api-version 2025-10-15 (2026-11).

It hears ``said(7)`` where the first sample is 7, in two phrases, the second one longer and in Portuguese.
"""

import json
import struct
from typing import Any

from tests.support.cloud.forms import read_form
from tests.support.cloud.openai_stt import said
from tests.support.cloud.server import KEY, Request, Response, reply

_TAKES = {"locales", "profanityFilterMode", "phraseList", "diarization", "channels", "enhancedMode"}


async def azure(request: Request) -> Response:
    """The service."""
    if request.headers.get("ocp-apim-subscription-key") != KEY:
        return _error(
            401, "Unauthorized", "Access denied due to invalid subscription key or wrong API endpoint."
        )
    if request.query != {"api-version": "2025-10-15"}:
        return _error(400, "InvalidArgument", "api-version")
    if (request.method, request.path) == ("GET", "/speechtotext/transcriptions/locales"):
        return reply({"Transcribe": ["en-US", "pt-BR"], "Submit": ["en-US", "pt-BR"]})
    if (request.method, request.path) != ("POST", "/speechtotext/transcriptions:transcribe"):
        return _error(404, "NotFound", "Resource not found")
    form = read_form(request)
    assert form.file_field == "audio"
    (text,) = form.fields["definition"]
    definition: dict[str, Any] = json.loads(text)
    if definition.keys() - _TAKES or definition.get("locales") == []:
        return _error(400, "InvalidArgument", "definition")
    return reply(answer(said(*struct.unpack_from("<h", form.pcm()))))


def answer(text: str) -> dict[str, Any]:
    """The body for what was heard."""
    half = text.index(",") + 1
    return {
        "durationMilliseconds": 4_000,
        "combinedPhrases": [{"text": text}],
        "phrases": [
            _phrase(text[:half], 0, 1_000, "en-US", 0.9),
            _phrase(text[half:].strip(), 1_000, 3_000, "pt-BR", 0.5),
        ],
    }


def _phrase(text: str, begin_ms: int, length_ms: int, locale: str, confidence: float) -> dict[str, Any]:
    words = text.split()
    each_ms = length_ms // len(words)
    return {
        "offsetMilliseconds": begin_ms,
        "durationMilliseconds": length_ms,
        "text": text,
        "words": [
            {"text": word, "offsetMilliseconds": begin_ms + place * each_ms, "durationMilliseconds": each_ms}
            for place, word in enumerate(words)
        ],
        "locale": locale,
        "confidence": confidence,
    }


def _error(status: int, code: str, message: str) -> Response:
    return reply({"error": {"code": code, "message": message}}, status)
