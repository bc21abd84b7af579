"""What a call has used, in the units that OpenAI's types ask for.

Nothing is charged here, and the models of this service count in different tokens or in none. Where a type
asks for tokens, audio is counted as OpenAI counts it (https://platform.openai.com/docs/guides/realtime-costs):
a token for each 100 ms that is heard and each 50 ms that is spoken. A character of text counts as one.
"""

import math
from typing import Literal

from pydantic import BaseModel

_MS_PER_HEARD_TOKEN = 100
_MS_PER_SPOKEN_TOKEN = 50


class DurationUsage(BaseModel):
    """The duration of the audio."""

    type: Literal["duration"] = "duration"
    seconds: float


class InputTokenDetails(BaseModel):
    """What the input was."""

    audio_tokens: int
    text_tokens: int


class TranscriptionTokens(BaseModel):
    """Of a transcription that is streamed, for which OpenAI's types know tokens alone."""

    type: Literal["tokens"] = "tokens"
    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_token_details: InputTokenDetails


class SpeechTokens(BaseModel):
    """Of a text that is spoken."""

    input_tokens: int
    output_tokens: int
    total_tokens: int


def transcription_tokens(heard_ms: int, prompt: str, text: str) -> TranscriptionTokens:
    """Of a recording with its prompt, and its transcript."""
    audio = math.ceil(heard_ms / _MS_PER_HEARD_TOKEN)
    return TranscriptionTokens(
        input_tokens=audio + len(prompt),
        output_tokens=len(text),
        total_tokens=audio + len(prompt) + len(text),
        input_token_details=InputTokenDetails(audio_tokens=audio, text_tokens=len(prompt)),
    )


def speech_tokens(text: str, spoken_ms: int) -> SpeechTokens:
    """Of a text and its speech."""
    audio = math.ceil(spoken_ms / _MS_PER_SPOKEN_TOKEN)
    return SpeechTokens(input_tokens=len(text), output_tokens=audio, total_tokens=len(text) + audio)
