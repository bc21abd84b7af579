"""REST calls of one stage each: recognise, translate, synthesise (bridge API, version 1)."""

import base64
import time
from functools import partial
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from sokuji.access.quotas import Resource
from sokuji.api.bridge.recording_responses import segment_responses, span_responses, word_responses
from sokuji.api.bridge.requests import SynthesizeRequest, TranscribeForm, TranslateRequest
from sokuji.api.bridge.responses import (
    AUDIO_FILE_RESPONSE,
    SpokenLanguagesResponse,
    SynthesizeResponse,
    TranscribeResponse,
    TranslateResponse,
    TranslationLanguagesResponse,
    VoicesResponse,
    elapsed_ms,
    joined_names,
    voice_responses,
)
from sokuji.api.bridge.subtitle_files import SUBTITLE_RESPONSE, subtitle_response
from sokuji.api.dependencies import (
    FORM_IN_REQUEST_SLOT,
    IN_REQUEST_SLOT,
    MULTIPART,
    BoundedFormRoute,
    CurrentClient,
    CurrentService,
)
from sokuji.api.errors import FAILURE_RESPONSES, MODEL_FAILURE_RESPONSES
from sokuji.api.synthesis import SpeechFile
from sokuji.api.transcription import RecordingTranscript, transcribe_upload
from sokuji.errors import InvalidRequest
from sokuji.pipeline.html_translation import translate_html
from sokuji.pipeline.language_candidates import check_candidates

router = APIRouter(prefix="/api/v1", responses=FAILURE_RESPONSES, route_class=BoundedFormRoute)


@router.post(
    "/stt/transcribe",
    tags=["Speech to text"],
    response_model=TranscribeResponse,
    responses=MODEL_FAILURE_RESPONSES | SUBTITLE_RESPONSE,
    dependencies=FORM_IN_REQUEST_SLOT,
)
async def transcribe(
    form: Annotated[TranscribeForm, MULTIPART], service: CurrentService, client: CurrentClient
) -> TranscribeResponse | Response:
    """Transcribe a recording. With `return_format` srt or vtt the answer is a subtitle file."""
    started = time.perf_counter()
    catalogue = service.pipeline.catalogue
    if form.language is not None:
        catalogue.check_spoken(form.language, param="language")
    check_candidates(catalogue, form.language, form.source_languages, param="language")
    recognised = transcribe_upload(
        service,
        form.audio_file,
        client=client,
        source=form.language,
        candidates=form.source_languages,
        word_times=form.word_times or form.return_format != "json",
        speakers=form.labels(service.pipeline.catalogue),
    )
    transcript = await RecordingTranscript().add_all(recognised)
    provider = joined_names(transcript.recognisers)
    if form.return_format != "json":
        headers = {"X-Processing-Time-Ms": str(elapsed_ms(started)), "X-Provider": provider or ""}
        return await subtitle_response(transcript, "source", form.return_format, headers)
    return TranscribeResponse(
        text=transcript.text,
        language=transcript.language,
        confidence=transcript.confidence,
        provider=provider,
        snr_db=transcript.snr_db,
        processing_time_ms=elapsed_ms(started),
        segments=segment_responses(transcript.segments),
        words=word_responses(transcript.words) if form.word_times else None,
        unrecognised=span_responses(transcript.unrecognised),
    )


@router.get("/stt/languages", tags=["Speech to text"])
async def spoken_languages(service: CurrentService) -> SpokenLanguagesResponse:
    """The languages that can be recognised."""
    return SpokenLanguagesResponse(languages=service.pipeline.catalogue.spoken)


@router.post(
    "/translation/translate",
    tags=["Translation"],
    responses=MODEL_FAILURE_RESPONSES,
    dependencies=IN_REQUEST_SLOT,
)
async def translate(
    body: TranslateRequest, service: CurrentService, client: CurrentClient
) -> TranslateResponse:
    """Translate a text."""
    started = time.perf_counter()
    service.check_text_length(body.text)
    service.check_text_length(body.context or "", "context")
    catalogue = service.pipeline.catalogue
    catalogue.check_text_pair(body.source_language, body.target_language)
    if body.context:
        catalogue.check_translation_context(body.source_language, body.target_language)
    context = (body.context,) if body.context else ()
    translate_text = partial(
        service.request_pipeline().translate_text,
        source=body.source_language,
        target=body.target_language,
        context=context,
        glossary=body.glossary,
    )
    await client.use(Resource.CHARACTERS, len(body.text))
    if body.format == "html":
        translated = await translate_html(body.text, translate_text)
    else:
        translated = await translate_text(body.text)
    return TranslateResponse(
        original_text=body.text,
        translated_text=translated.text,
        source_language=body.source_language,
        target_language=body.target_language,
        provider=translated.provider,
        score=translated.score,
        processing_time_ms=elapsed_ms(started),
    )


@router.get("/translation/languages", tags=["Translation"])
async def translation_languages(service: CurrentService) -> TranslationLanguagesResponse:
    """The pairs in which text is translated."""
    pairs = service.pipeline.catalogue.text_pairs
    codes = sorted({code for pair in pairs for code in pair})
    return TranslationLanguagesResponse(
        languages=codes, supports_batch=True, supports_streaming=False, pairs=pairs
    )


@router.post(
    "/tts/synthesize",
    tags=["Text to speech"],
    response_model=SynthesizeResponse,
    responses=MODEL_FAILURE_RESPONSES | AUDIO_FILE_RESPONSE,
    dependencies=IN_REQUEST_SLOT,
)
async def synthesize(
    body: SynthesizeRequest, service: CurrentService, client: CurrentClient
) -> SynthesizeResponse | Response:
    """Speak a text. With `return_format` audio the answer is the audio file itself."""
    started = time.perf_counter()
    service.check_text_length(body.text)
    speech = SpeechFile(
        service.request_pipeline(),
        body.language,
        body.voice_id,
        speed=body.speed,
        sample_rate=body.sample_rate,
        audio_format=body.audio_format,
        param="language",
    )
    await client.use(Resource.CHARACTERS, len(body.text))
    await speech.add(body.text)
    if not speech.duration_ms:
        raise InvalidRequest("text has no word, number or sign that can be spoken", param="text")
    file = await speech.encode()
    provider = joined_names(speech.providers)
    took_ms = elapsed_ms(started)
    if body.return_format == "audio":
        headers = {
            "X-Duration-Ms": str(speech.duration_ms),
            "X-Processing-Time-Ms": str(took_ms),
            "X-Sample-Rate": str(file.sample_rate),
            "X-Provider": provider or "",
        }
        return Response(file.data, media_type=file.media_type, headers=headers)
    return SynthesizeResponse(
        audio_data=base64.b64encode(file.data).decode(),
        audio_format=speech.audio_format,
        sample_rate=file.sample_rate,
        duration_ms=speech.duration_ms,
        provider=provider,
        processing_time_ms=took_ms,
    )


@router.get("/tts/voices", tags=["Text to speech"])
async def voices(service: CurrentService) -> VoicesResponse:
    """The available voices."""
    return VoicesResponse(voices=voice_responses(service.pipeline.catalogue.voices))
