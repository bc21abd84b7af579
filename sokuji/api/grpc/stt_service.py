"""``sokuji.stt.STTService``: speech in, text out; of a recording as a whole, or of live speech."""

import asyncio
import time

from sokuji import languages
from sokuji.access.quotas import Resource
from sokuji.api.grpc.audio_chunks import recogniser_pcm
from sokuji.api.grpc.call import Call
from sokuji.api.grpc.listening import ListeningTransport
from sokuji.api.grpc.methods import Method
from sokuji.api.grpc.session_call import serve_session
from sokuji.api.grpc.stage_reports import stage_methods
from sokuji.api.transcription import RecordingTranscript, transcribe_recording
from sokuji.audio.pcm import RECOGNISER_RATE, duration_ms
from sokuji.config.keys import KeyScope
from sokuji.errors import TooLarge
from sokuji.languages import AUTO
from sokuji.proto.common_pb2 import TranscriptionResult
from sokuji.proto.stt_pb2 import LanguageListResponse, TranscribeRequest

SERVICE = "sokuji.stt.STTService"


async def _serve_transcribe(call: Call) -> None:
    uploads = call.service.uploads
    with uploads.client_place(call.client.address):
        with uploads.place():
            request = await call.only(TranscribeRequest)
        with call.service.request_slot():
            result = await _transcribe(call, request)
    await call.respond(result)


async def _transcribe(call: Call, request: TranscribeRequest) -> TranscriptionResult:
    service = call.service
    source = languages.parse_source(request.language or AUTO, "language")
    if source is not None:
        service.pipeline.catalogue.check_spoken(source, param="language")
    pcm = await asyncio.to_thread(recogniser_pcm, request.audio, "audio.")
    took_ms, limit_s = duration_ms(pcm, RECOGNISER_RATE), service.settings.limits.max_audio_s
    if took_ms > 1_000 * limit_s:
        raise TooLarge(f"the recording lasts longer than {limit_s:g} s", param="audio.data")
    await call.client.use(Resource.AUDIO, took_ms)
    recognised = transcribe_recording(service, pcm, source=source, param="audio.data")
    transcript = await RecordingTranscript().add_all(recognised)
    return TranscriptionResult(
        text=transcript.text,
        language=transcript.language,
        confidence=transcript.confidence or 0.0,
        timestamp=time.time(),
        start_time=transcript.utterances[0].start_ms / 1_000,
        end_time=transcript.utterances[-1].end_ms / 1_000,
        is_final=True,
    )


async def _serve_transcribe_stream(call: Call) -> None:
    await serve_session(call, ListeningTransport(call))


def _languages(call: Call) -> LanguageListResponse:
    return LanguageListResponse(language_codes=call.service.pipeline.catalogue.spoken)


METHODS = {
    f"/{SERVICE}/Transcribe": Method(_serve_transcribe, KeyScope.RECORDINGS),
    f"/{SERVICE}/TranscribeStream": Method(_serve_transcribe_stream, KeyScope.SESSIONS, is_session=True),
    **stage_methods(SERVICE, "stt", _languages),
}
"""Path -> method."""
