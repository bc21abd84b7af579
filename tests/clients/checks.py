"""What a user of a client would notice: the right words, and a voice that says them."""

import httpx

from sokuji.audio.pcm import wav_bytes
from tests.support.text_similarity import normalised, word_error_rate

VOICE_RATE = 24_000
"""Of raw PCM, in Hz, where nothing else is said."""
VOICE_ERRORS = 0.35
"""Accepted word error rate of speaking a sentence and recognising it. Most errors are in names."""
RESPONSE = (
    "response.created",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.done",
)
"""The events of a spoken response in their order; deltas come before the first ``done``."""


def check_words(reference: str, transcript: str) -> None:
    """A transcript has the words of an English recording, which Whisper recognises without an error."""
    assert word_error_rate(reference, transcript, "en") == 0, transcript


def check_meaning(translation: str) -> None:
    """An English text says what the Portuguese recording says."""
    words = normalised(translation, "en").split()
    assert [word for word in ("fox", "jump", "dog") if not any(said.startswith(word) for said in words)] == []


async def check_voice(http: httpx.AsyncClient, text: str, audio: bytes) -> None:
    """An audio file says an English text: the service's own recogniser hears it."""
    answer = await http.post(
        "/api/v1/stt/transcribe", files={"audio_file": ("voice", audio)}, data={"language": "en"}
    )
    assert answer.status_code == 200, answer.text
    assert word_error_rate(text, answer.json()["text"], "en") <= VOICE_ERRORS, answer.json()["text"]


async def check_pcm(http: httpx.AsyncClient, text: str, pcm: bytes, *, rate: int = VOICE_RATE) -> None:
    """Raw PCM says an English text."""
    await check_voice(http, text, wav_bytes(pcm, rate))


def check_response(events: list[str], *, beta: bool = False) -> None:
    """The first response comes in the documented order."""
    order = [name.replace("output_audio", "audio") if beta else name for name in RESPONSE]
    steps = [name for name in events if name.startswith("response.") and not name.endswith(".delta")]
    assert steps[: len(order)] == order
    deltas = [
        place for place, name in enumerate(events) if name.endswith(("audio.delta", "audio_transcript.delta"))
    ]
    assert events.index(order[2]) < deltas[0]
    assert deltas[0] < events.index(order[3])
