"""What the translation door sends, validated, and audio to send to it."""

import base64
from collections.abc import Iterable
from typing import Any

from openai.types import realtime
from pydantic import BaseModel

from sokuji.api.openai.wire import encode_audio
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.audio.resampling import resample
from tests.support.openai_types import validated
from tests.support.speech import sample, silence

Event = dict[str, Any]
RATE = 24_000
TYPES: dict[str, type[BaseModel]] = {
    "error": realtime.RealtimeErrorEvent,
    "session.created": realtime.RealtimeTranslationSessionCreatedEvent,
    "session.updated": realtime.RealtimeTranslationSessionUpdatedEvent,
    "session.closed": realtime.RealtimeTranslationSessionClosedEvent,
    "session.input_transcript.delta": realtime.RealtimeTranslationInputTranscriptDeltaEvent,
    "session.output_transcript.delta": realtime.RealtimeTranslationOutputTranscriptDeltaEvent,
    "session.output_audio.delta": realtime.RealtimeTranslationOutputAudioDeltaEvent,
}
EXTENSIONS = (
    "language",
    "session.audio.input.language",
    *(f"session.audio.output.{name}" for name in ("languages", "voice", "speed", "glossary", "echo")),
)
"""Fields that a client gets which has set them."""


def check(event: Event, *extensions: str) -> Event:
    """The event, after it has been validated; only a client that asks for extensions gets them."""
    if event["type"] == "session.acknowledged":
        assert "session.acknowledged" in extensions
    else:
        validated(TYPES[event["type"]], event, *extensions)
    return event


def spoken(seconds: float | None = None) -> bytes:
    """Portuguese speech and the silence that ends it, 24 kHz PCM16."""
    pcm = sample("pt", "ola_mundo") if seconds is None else sample("pt", "ola_mundo")[: int(32_000 * seconds)]
    return resample(pcm + silence(800), RECOGNISER_RATE, RATE)


def appends(pcm: bytes, size: int = 9_600) -> Iterable[Event]:
    """The audio in pieces of ``size`` bytes."""
    for start in range(0, len(pcm), size):
        yield {"type": "session.input_audio_buffer.append", "audio": encode_audio(pcm[start : start + size])}


def text_of(received: Iterable[Event], kind: str, language: str | None = None) -> str:
    """The deltas of a transcript, joined as they came."""
    found = (each for each in received if each["type"] == f"session.{kind}.delta")
    return "".join(each["delta"] for each in found if each.get("language") == language)


def audio_of(received: Iterable[Event], language: str | None = None) -> bytes:
    """The audio, joined as it came."""
    found = (each for each in received if each["type"] == "session.output_audio.delta")
    return b"".join(base64.b64decode(each["delta"]) for each in found if each.get("language") == language)
