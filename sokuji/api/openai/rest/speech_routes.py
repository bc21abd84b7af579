"""``POST /v1/audio/speech``: a text in, its speech out while it is spoken."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi import APIRouter
from starlette.responses import Response

from sokuji.access.quotas import Resource
from sokuji.api.dependencies import IN_STREAM_SLOT, CurrentClient, CurrentService
from sokuji.api.errors import FAILURE_RESPONSES, MODEL_FAILURE_RESPONSES, UNKNOWN_MODEL_RESPONSE
from sokuji.api.openai.rest.server_sent_events import EVENT_STREAM, event_response
from sokuji.api.openai.rest.speech_audio import SpeechAudio, choose_speaker
from sokuji.api.openai.rest.speech_request import SpeechRequest
from sokuji.api.openai.rest.usage import speech_tokens
from sokuji.api.openai.wire import JSONObject, encode_audio
from sokuji.api.produced_response import ProducedResponse
from sokuji.audio.encoding import MEDIA_TYPES

router = APIRouter(
    prefix="/v1/audio",
    tags=["OpenAI: text to speech"],
    responses=FAILURE_RESPONSES | MODEL_FAILURE_RESPONSES | UNKNOWN_MODEL_RESPONSE,
)
_BINARY = {"schema": {"type": "string", "format": "binary"}}


@router.post(
    "/speech",
    response_class=Response,
    responses={
        200: {
            "content": {
                **{kind.partition(";")[0]: _BINARY for kind in MEDIA_TYPES},
                EVENT_STREAM: {"schema": {"type": "string"}},
            }
        }
    },
    dependencies=IN_STREAM_SLOT,
)
async def speak(body: SpeechRequest, service: CurrentService, client: CurrentClient) -> Response:
    """Speak a text. The audio is sent while it is made; with `stream_format` sse, as server-sent events."""
    service.check_text_length(body.input, "input")
    audio = SpeechAudio(body, await choose_speaker(body, service), service)
    await client.use(Resource.CHARACTERS, len(body.input))
    stall_s = service.settings.limits.body_timeout_s
    if body.stream_format == "sse":
        return event_response(_events(body.input, audio), stall_s=stall_s)
    return ProducedResponse(audio.parts(), audio.media_type, stall_s=stall_s)


async def _events(text: str, audio: SpeechAudio) -> AsyncGenerator[JSONObject, None]:
    async with aclosing(audio.parts()) as parts:
        async for part in parts:
            yield {"type": "speech.audio.delta", "audio": encode_audio(part)}
    yield {"type": "speech.audio.done", "usage": speech_tokens(text, audio.duration_ms).model_dump()}
