"""A recording of two utterances, and its upload."""

from typing import Any

import httpx

from sokuji.audio.pcm import RECOGNISER_RATE, duration_ms, wav_bytes
from tests.support.openai_api import http_client
from tests.support.speech import sample, silence

# The longer one is the first: it is recognised first where the language is detected.
_PCM = sample("en", "quick_brown_fox") + silence(800) + sample("en", "hello_world")
TWO_UTTERANCES = ("talk.wav", wav_bytes(_PCM, RECOGNISER_RATE))
"""Name and bytes."""
SECONDS = duration_ms(_PCM, RECOGNISER_RATE) / 1_000
NOTHING_SAID = ("silence.wav", wav_bytes(silence(2_000), RECOGNISER_RATE))

TRANSCRIPTIONS = "audio/transcriptions"


async def uploaded(
    base_url: str, path: str, data: dict[str, Any], file: tuple[str, bytes] = TWO_UTTERANCES
) -> httpx.Response:
    """The answer to a form with ``data`` and a file."""
    async with http_client(base_url) as http:
        return await http.post(path, data=data, files={"file": file})


async def transcribed(
    base_url: str, data: dict[str, Any], file: tuple[str, bytes] = TWO_UTTERANCES
) -> httpx.Response:
    """The answer of ``TRANSCRIPTIONS``."""
    return await uploaded(base_url, TRANSCRIPTIONS, data, file)
