"""OpenAI's ``/audio/transcriptions`` and ``/audio/translations``, as far as its API reference says (2026-11).

It hears ``said(7)`` where the first sample is 7, in Portuguese. What a model does not take is answered with
400, as by the real one.
"""

import struct
from typing import Any

from tests.support.cloud.forms import Form, read_form
from tests.support.cloud.server import KEY, Request, Response, reply

SEGMENTS = [
    {"id": 0, "seek": 0, "start": 0.0, "end": 1.0, "avg_logprob": -0.1, "no_speech_prob": 0.01},
    {"id": 1, "seek": 0, "start": 1.0, "end": 4.0, "avg_logprob": -0.5, "no_speech_prob": 0.02},
]
_COMMON = {"model", "response_format", "prompt"}
_TAKES = {
    "gpt-transcribe": {"model", "languages[]", "keywords[]"},
    "gpt-4o-transcribe": _COMMON | {"language", "temperature", "include[]"},
    "gpt-4o-transcribe-diarize": {"model", "response_format", "language", "temperature"},
    "whisper-1": _COMMON | {"language", "temperature", "timestamp_granularities[]"},
}


def speech(number: int, seconds: float = 0.1) -> bytes:
    """An utterance that is heard as ``said(number)``."""
    return struct.pack("<h", number) + bytes(2 * int(16_000 * seconds) - 2)


def said(number: int) -> str:
    """What is heard in ``speech(number)``."""
    return f'Utterance {number}, and "so on".'


async def openai(request: Request) -> Response:
    """The service."""
    if request.headers.get("authorization") != f"Bearer {KEY}":
        return _error(401, f"Incorrect API key provided: {request.headers.get('authorization')}")
    return await own_server(request)


async def own_server(request: Request) -> Response:
    """The same without a key, which knows whisper-1 by any other name as well."""
    if (request.method, request.path) == ("GET", "/v1/models"):
        return reply({"object": "list", "data": [{"id": model, "object": "model"} for model in _TAKES]})
    if request.method != "POST" or request.path not in ("/v1/audio/transcriptions", "/v1/audio/translations"):
        return _error(404, "Unknown request URL")
    form = read_form(request)
    assert form.file_field == "file"
    model = form.fields["model"][0]
    takes = _TAKES.get(model, _TAKES["whisper-1"])
    if request.path.endswith("translations"):
        takes = takes - {"language", "timestamp_granularities[]"} if "language" in takes else set()
    if any("<" in word for word in form.fields.get("keywords[]", [])):
        return _error(400, "Invalid keyword")
    if unknown := form.fields.keys() - takes:
        return _error(400, f"{model} does not support {unknown}")
    return _answer(request, form, model)


def _answer(request: Request, form: Form, model: str) -> Response:
    wanted = form.fields.get("response_format", ["json"])[0]
    granularities = form.fields.get("timestamp_granularities[]", ["segment"])
    if wanted == "verbose_json" and model.startswith("gpt"):
        return _error(400, f"response_format 'verbose_json' is not compatible with model '{model}'")
    if wanted == "json" and granularities != ["segment"]:
        return _error(400, "timestamp_granularities needs verbose_json")
    text = said(*struct.unpack_from("<h", form.pcm()))
    answer: dict[str, Any] = {"text": text, "usage": {"type": "duration", "seconds": 4}}
    if wanted == "verbose_json":
        translates = request.path.endswith("translations")
        answer |= {
            "task": "translate" if translates else "transcribe",
            "language": "english" if translates else "portuguese",
            "duration": 4.0,
            "text": f" {text}",
        }
        if "segment" in granularities:
            half = text.index(",") + 1
            texts = (f" {text[:half]}", text[half:])
            answer["segments"] = [
                {**segment, "text": text} for segment, text in zip(SEGMENTS, texts, strict=True)
            ]
        if "word" in granularities:
            spelled = [mark for word in text.split() if (mark := word.strip('",.'))]
            answer["words"] = [
                {"word": word, "start": place / 2, "end": place / 2 + 0.4}
                for place, word in enumerate(spelled)
            ]
    if form.fields.get("include[]") == ["logprobs"]:
        answer["logprobs"] = [{"token": token, "logprob": -0.2, "bytes": []} for token in text.split()]
    if model == "gpt-transcribe":
        answer["languages"] = [{"code": "pt"}, {"code": "en"}]
    return reply(answer)


def _error(status: int, message: str) -> Response:
    return reply({"error": {"message": message, "type": "invalid_request_error", "param": None}}, status)
