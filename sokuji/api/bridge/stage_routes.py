"""The REST door, one stage at a time: recognise, translate, speak (bridge API, version 1).

Handlers map requests to the pipeline and its results to answers; there is nothing else in them. The calls
that go through all stages are in ``rest_pipeline``, what the service tells of itself in ``rest_about``.
"""

import base64
import time
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from sokuji.api.bridge import operations
from sokuji.api.bridge.dependencies import FORM_IN_A_SLOT, IN_A_SLOT, MULTIPART, BoundedForms, UsedService
from sokuji.api.bridge.requests import SynthesizeRequest, TranscribeForm, TranslateRequest
from sokuji.api.bridge.responses import (
    SOUND,
    SpokenLanguages,
    SynthesizedSpeech,
    TranscribeResponse,
    TranslateResponse,
    TranslationLanguages,
    Voices,
    voice_bodies,
)
from sokuji.api.errors import FAILURES, WORK_FAILURES
from sokuji.audio.pcm import AudioBuffer

router = APIRouter(prefix="/api/v1", responses=FAILURES, route_class=BoundedForms)


@router.post("/stt/transcribe", tags=["Speech to text"], responses=WORK_FAILURES, dependencies=FORM_IN_A_SLOT)
async def transcribe(form: Annotated[TranscribeForm, MULTIPART], service: UsedService) -> TranscribeResponse:
    """Write down what is said in a recording."""
    started = time.perf_counter()
    if form.language is not None:
        service.pipeline.catalogue.check_spoken(form.language, param="language")
    async with aclosing(operations.listen(service, form.audio_file, source=form.language)) as utterances:
        heard = operations.RecognisedRecording([utterance async for utterance in utterances])
    return TranscribeResponse(
        text=heard.text,
        language=heard.language,
        confidence=heard.confidence,
        provider=heard.recognisers,
        snr_db=heard.snr_db,
        processing_time_ms=operations.elapsed_ms(started),
        segments=heard.segments,
    )


@router.get("/stt/languages", tags=["Speech to text"])
async def spoken_languages(service: UsedService) -> SpokenLanguages:
    """The languages that can be recognised."""
    return SpokenLanguages(languages=service.pipeline.catalogue.spoken)


@router.post("/translation/translate", tags=["Translation"], responses=WORK_FAILURES, dependencies=IN_A_SLOT)
async def translate(body: TranslateRequest, service: UsedService) -> TranslateResponse:
    """Translate a text."""
    started = time.perf_counter()
    operations.check_length(service, body.text)
    operations.check_length(service, body.context or "", "context")
    catalogue = service.pipeline.catalogue
    catalogue.check_text_pair(body.source_language, body.target_language)
    if body.context:
        catalogue.check_translation_context(body.source_language, body.target_language)
    context = (body.context,) if body.context else ()
    translated = await service.pipeline.translate_text(
        body.text, body.source_language, body.target_language, context, body.glossary
    )
    return TranslateResponse(
        original_text=body.text,
        translated_text=translated.text,
        source_language=body.source_language,
        target_language=body.target_language,
        provider=translated.provider,
        score=translated.score,
        processing_time_ms=operations.elapsed_ms(started),
    )


@router.get("/translation/languages", tags=["Translation"])
async def translation_languages(service: UsedService) -> TranslationLanguages:
    """The pairs in which text is translated."""
    pairs = service.pipeline.catalogue.text_pairs
    codes = sorted({code for pair in pairs for code in pair})
    return TranslationLanguages(languages=codes, supports_batch=True, supports_streaming=False, pairs=pairs)


@router.post(
    "/tts/synthesize",
    tags=["Text to speech"],
    response_model=SynthesizedSpeech,
    responses=WORK_FAILURES | SOUND,
    dependencies=IN_A_SLOT,
)
async def synthesize(body: SynthesizeRequest, service: UsedService) -> SynthesizedSpeech | Response:
    """Speak a text. With `return_format` audio the answer is the sound itself."""
    started = time.perf_counter()
    operations.check_length(service, body.text)
    speaker = operations.speaker(
        service,
        body.voice_id,
        body.language,
        body.speed,
        sample_rate=body.sample_rate,
        audio_format=body.audio_format,
        param="language",
    )
    sound = AudioBuffer(speaker.sample_rate)
    provider = await operations.speak(
        service,
        body.text,
        body.language,
        speaker.voice.id,
        into=sound,
        speed=body.speed,
        sample_rate=sound.sample_rate,
    )
    file = await speaker.file(sound)
    took_ms = operations.elapsed_ms(started)
    if body.return_format == "audio":
        headers = {
            "X-Duration-Ms": str(sound.duration_ms),
            "X-Processing-Time-Ms": str(took_ms),
            "X-Sample-Rate": str(file.sample_rate),
            "X-Provider": provider or "",
        }
        return Response(file.data, media_type=file.media_type, headers=headers)
    return SynthesizedSpeech(
        audio_data=base64.b64encode(file.data).decode(),
        audio_format=speaker.audio_format,
        sample_rate=file.sample_rate,
        duration_ms=sound.duration_ms,
        provider=provider,
        processing_time_ms=took_ms,
    )


@router.get("/tts/voices", tags=["Text to speech"])
async def voices(service: UsedService) -> Voices:
    """The voices that can be asked for."""
    return Voices(voices=voice_bodies(service.pipeline.catalogue.voices))
