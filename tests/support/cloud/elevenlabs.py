"""ElevenLabs' API as its reference describes it: streamed speech, and the voices of the account in pages.

https://elevenlabs.io/docs/api-reference/text-to-speech/stream and /voices/search, looked up 2026-11.
"""

import re
from typing import Any

from tests.support.cloud.server import KEY, Request, Response, reply
from tests.support.cloud.sounds import cut, spoken

RATES = (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
LONGEST = {"eleven_flash_v2_5": 40_000, "eleven_multilingual_v2": 10_000, "eleven_v3": 5_000}
"""Characters of one request."""
GEORGE: dict[str, Any] = {
    "voice_id": "JBFqnCBsd6RMkjVDRZzb",
    "name": "George",
    "labels": {"accent": "british", "gender": "male", "use_case": "narration"},
    "verified_languages": [{"language": "en", "model_id": "eleven_flash_v2_5", "locale": "en-GB"}],
}
MARIA: dict[str, Any] = {
    "voice_id": "mAriA0000000000000pt",
    "name": "Maria",
    "labels": {"gender": "female", "language": "pt"},
    "verified_languages": None,
}
BARE: dict[str, Any] = {"voice_id": "bare0000000000000000"}
ODD: dict[str, Any] = {"voice_id": "../../v1/user", "name": "Odd"}
"""No id that could stand in a path."""
VOICES = [GEORGE, MARIA, BARE, ODD]
PIECE = 1_001


def refusal(code: int, status: str) -> Response:
    """An error as the service words it."""
    return reply({"detail": {"status": status, "message": "..."}}, code)


async def service(request: Request) -> Response:
    """Answer as the service does."""
    if request.headers.get("xi-api-key") != KEY:
        return refusal(401, "invalid_api_key")
    if (request.method, request.path) == ("GET", "/v2/voices"):
        return _voices(request)
    found = re.fullmatch("/v1/text-to-speech/([A-Za-z0-9]+)/stream", request.path)
    if request.method != "POST" or not found:
        return refusal(404, "not_found")
    if found[1] not in [voice["voice_id"] for voice in VOICES]:
        return refusal(404, "voice_not_found")
    return _speech(request)


def _voices(request: Request) -> Response:
    start, size = int(request.query.get("page_token", "0")), int(request.query.get("page_size", "10"))
    end = start + min(size, 2)  # Pages may be shorter than was asked for.
    more = end < len(VOICES)
    page = {"voices": VOICES[start:end], "total_count": len(VOICES)}
    return reply(page | {"has_more": more, "next_page_token": str(end) if more else None})


def _speech(request: Request) -> Response:
    codec, _, rate = request.query["output_format"].partition("_")
    body = request.json()
    manner = body.get("voice_settings", {})
    language = body.get("language_code")
    if len(body["text"]) > LONGEST.get(body["model_id"], 30_000):
        return refusal(400, "max_character_limit_exceeded")
    sound = (
        codec == "pcm"
        and int(rate) in RATES
        and body.keys() <= {"text", "model_id", "language_code", "voice_settings"}
        and manner.keys() <= {"stability", "similarity_boost", "style", "use_speaker_boost", "speed"}
        and 0.7 <= manner.get("speed", 1.0) <= 1.2
        and (language is None or body["model_id"] in ("eleven_flash_v2_5", "eleven_turbo_v2_5", "eleven_v3"))
        and language != "tl"
    )
    if not sound:
        return refusal(422, "invalid_request")
    return Response(
        cut(spoken(body["text"], int(rate)), PIECE), headers={"Content-Type": "application/octet-stream"}
    )
