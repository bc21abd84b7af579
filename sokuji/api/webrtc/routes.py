"""The paths of calls. An answer names its call in ``Location``; the request lasts as long as the call."""

from fastapi import APIRouter, Request
from starlette.datastructures import QueryParams

from sokuji.api.client_socket import FrameChannel
from sokuji.api.credentials import ClientSecret
from sokuji.api.dependencies import CurrentService, ShownClientSecret
from sokuji.api.openai.client_secrets import checked_translation
from sokuji.api.openai.translations.opening import Opening
from sokuji.api.openai.translations.protocol import DEFAULT_MODEL
from sokuji.api.openai.translations.transport import TranslationTransport
from sokuji.api.openai.wire import new_id
from sokuji.api.playback import Playback
from sokuji.api.webrtc.call_request import read_call
from sokuji.api.webrtc.call_socket import AudioEvents, CallSocket
from sokuji.api.webrtc.calls import CallResponse, new_call

router = APIRouter(tags=["calls"])

TRANSLATION_AUDIO = AudioEvents("session.input_audio_buffer.append", "session.output_audio.delta")


@router.post("/v1/realtime/translations/calls", status_code=201)
async def call_translation(
    request: Request, service: CurrentService, secret: ShownClientSecret
) -> CallResponse:
    """Answer an SDP offer, and translate what is said in the call."""
    asked = await read_call(request, secret)
    session = checked_translation({"model": DEFAULT_MODEL} | asked.session, service, one_voice=True)
    opening = Opening(QueryParams(), [], ClientSecret(session), one_voice=True)

    def transport_of(channel: FrameChannel, playback: Playback) -> TranslationTransport:
        socket = CallSocket(channel, playback, TRANSLATION_AUDIO, service.settings)
        return TranslationTransport(socket, service, opening)

    return await new_call(service, asked.offer, _location(request), transport_of)


def _location(request: Request) -> str:
    return f"{request.url.path}/{new_id('rtc')}"
