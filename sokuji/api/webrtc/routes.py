"""The paths of calls. An answer names its call in ``Location``; the request lasts as long as the call."""

import time
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.datastructures import QueryParams

from sokuji.api.client_socket import FrameChannel
from sokuji.api.dependencies import CurrentClient, CurrentService
from sokuji.api.errors import BODY_FAILURE_RESPONSES, FAILURE_RESPONSES
from sokuji.api.openai.client_secrets import checked_translation
from sokuji.api.openai.realtime.configuration import Configuration
from sokuji.api.openai.realtime.dialects import GeneralAvailability
from sokuji.api.openai.realtime.routes import rate_limits
from sokuji.api.openai.realtime.transport import RealtimeTransport
from sokuji.api.openai.translations.opening import Opening
from sokuji.api.openai.translations.protocol import DEFAULT_MODEL
from sokuji.api.openai.translations.transport import TranslationTransport
from sokuji.api.openai.wire import new_id
from sokuji.api.playback import Playback
from sokuji.api.request_fields import NOT_BLANK
from sokuji.api.webrtc.call_request import FORM, SDP, read_call
from sokuji.api.webrtc.call_socket import AudioEvents, CallSocket
from sokuji.api.webrtc.called_session import called_session
from sokuji.api.webrtc.calls import CREATED, CallResponse, new_call
from sokuji.api.webrtc.realtime_call_socket import CallFrames, RealtimeCallSocket

router = APIRouter(tags=["calls"], responses=FAILURE_RESPONSES | BODY_FAILURE_RESPONSES)

_SDP_CONTENT = {SDP: {"schema": {"type": "string", **NOT_BLANK}}}
_FIELDS = {
    "sdp": {"type": "string", **NOT_BLANK},
    "session": {"type": "string", "description": "JSON, as in session.update"},
}
_FORM = {"type": "object", "required": ["sdp"], "properties": _FIELDS, "additionalProperties": False}
_FORM_CONTENT = {FORM: {"schema": _FORM}}
DOCUMENTED: dict[str, Any] = {
    "status_code": CREATED,
    "response_class": Response,
    "responses": {CREATED: {"description": "The answer", "content": _SDP_CONTENT}},
    "openapi_extra": {"requestBody": {"required": True, "content": {**_FORM_CONTENT, **_SDP_CONTENT}}},
}
"""What FastAPI cannot read from a handler that takes the body as it comes."""
TRANSLATION_AUDIO = AudioEvents("session.input_audio_buffer.append", "session.output_audio.delta")


@router.post("/v1/realtime/translations/calls", **DOCUMENTED)
async def call_translation(request: Request, service: CurrentService, client: CurrentClient) -> CallResponse:
    """Answer an SDP offer, and translate what is said in the call."""
    asked = await read_call(request, client.session)
    session = checked_translation({"model": DEFAULT_MODEL} | asked.session, service, one_voice=True)
    opening = Opening(QueryParams(), [], session, one_voice=True)

    def transport_of(channel: FrameChannel, playback: Playback) -> TranslationTransport:
        socket = CallSocket(channel, playback, TRANSLATION_AUDIO, service.settings)
        return TranslationTransport(socket, service, opening)

    return await new_call(service, client, asked.offer, _location(request), transport_of)


@router.post("/v1/realtime/calls", **DOCUMENTED)
async def call_realtime(request: Request, service: CurrentService, client: CurrentClient) -> CallResponse:
    """Answer an SDP offer, and interpret what is said in the call."""
    asked = await read_call(request, client.session)
    config = called_session(asked.session, request.query_params.get("model"), service)
    limits = service.settings.limits

    def transport_of(channel: CallFrames, playback: Playback) -> RealtimeTransport:
        return RealtimeTransport(
            RealtimeCallSocket(channel, playback, service.settings),
            lambda: Configuration(service, client, config, int(time.time() + limits.max_session_s)),
            GeneralAvailability(),
            partial(rate_limits, client),
            limits.idle_timeout_s,
        )

    return await new_call(service, client, asked.offer, _location(request), transport_of)


def _location(request: Request) -> str:
    return f"{request.url.path}/{new_id('rtc')}"
