"""The usage that clients are told: seconds of transcribed audio, and tokens of responses.

There are no tokens here. Audio is counted as OpenAI counts it, ten tokens a second of input and twenty a
second of output; text as OpenAI estimates it, a token for four characters.
"""

from sokuji.api.openai.wire import JSONObject

INPUT_MS_PER_TOKEN = 100
OUTPUT_MS_PER_TOKEN = 50
CHARS_PER_TOKEN = 4


def transcription_usage(audio_ms: float) -> JSONObject:
    """``usage`` of a transcription."""
    return {"type": "duration", "seconds": round(audio_ms / 1_000, 3)}


def response_usage(*, heard_ms: int, read: str, said: str, said_ms: int) -> JSONObject:
    """``usage`` of a response.

    Args:
        heard_ms, said_ms: audio of the input and of the output.
        read, said: text of the input and of the output.
    """
    audio_in, text_in = -(-heard_ms // INPUT_MS_PER_TOKEN), text_tokens(read)
    audio_out, text_out = -(-said_ms // OUTPUT_MS_PER_TOKEN), text_tokens(said)
    return {
        "total_tokens": audio_in + text_in + audio_out + text_out,
        "input_tokens": audio_in + text_in,
        "output_tokens": audio_out + text_out,
        "input_token_details": {
            "text_tokens": text_in,
            "audio_tokens": audio_in,
            "image_tokens": 0,
            "cached_tokens": 0,
            "cached_tokens_details": {"text_tokens": 0, "audio_tokens": 0, "image_tokens": 0},
        },
        "output_token_details": {"text_tokens": text_out, "audio_tokens": audio_out},
    }


def text_tokens(text: str) -> int:
    """Estimated tokens of a text."""
    return -(-len(text) // CHARS_PER_TOKEN)
