"""The REST calls that go through all stages: a text or recording in, its translation spoken."""

import base64
import time
from contextlib import aclosing
from typing import Annotated, Any
from urllib.parse import quote, unquote_to_bytes

from fastapi import APIRouter
from starlette.responses import Response

from sokuji.api.bridge import operations
from sokuji.api.bridge.dependencies import FORM_IN_A_SLOT, IN_A_SLOT, MULTIPART, BoundedForms, UsedService
from sokuji.api.bridge.requests import TranslateAudioForm, TranslateTextRequest
from sokuji.api.bridge.responses import SOUND, PipelineResponse
from sokuji.api.errors import FAILURES, WORK_FAILURES
from sokuji.audio.encoding import EncodedAudio
from sokuji.audio.pcm import AudioBuffer
from sokuji.contract import StageName

MAX_HEADER_BYTES = 1_500
"""Of one text in a header: common proxies take 4 KiB for all headers of an answer."""
ELLIPSIS = quote("…")

router = APIRouter(prefix="/api/v1/pipeline", tags=["Pipeline"], responses=FAILURES, route_class=BoundedForms)


@router.post("/translate-text", responses=WORK_FAILURES, dependencies=IN_A_SLOT)
async def translate_text(body: TranslateTextRequest, service: UsedService) -> PipelineResponse:
    """Translate a text and speak the translation."""
    started = time.perf_counter()
    operations.check_length(service, body.text)
    pipeline, target = service.pipeline, body.target_language
    pipeline.catalogue.check_text_pair(body.source_language, target)
    speaker = operations.speaker(
        service, body.voice_id, target, sample_rate=body.sample_rate, audio_format=body.audio_format
    )
    translation = await pipeline.translate_text(body.text, body.source_language, target)
    sound = AudioBuffer(speaker.sample_rate)
    provider = await operations.speak(
        service, translation.text, target, speaker.voice.id, into=sound, sample_rate=sound.sample_rate
    )
    return PipelineResponse(
        transcription=body.text,
        transcription_language=body.source_language,
        translation=translation.text,
        translation_language=target,
        translation_score=translation.score,
        providers={"stt": None, "translation": translation.provider, "tts": provider},
        **_sound(sound, speaker, await speaker.file(sound), started),
    )


@router.post(
    "/translate-audio",
    response_model=PipelineResponse,
    responses=WORK_FAILURES | SOUND,
    dependencies=FORM_IN_A_SLOT,
)
async def translate_audio(
    form: Annotated[TranslateAudioForm, MULTIPART], service: UsedService
) -> PipelineResponse | Response:
    """Translate a recording and speak the translation.

    With `return_format` audio the answer is the sound itself; its headers `X-Transcription` and
    `X-Translation` are percent-encoded UTF-8 and end in an ellipsis where the text is longer than 1,500 bytes
    so encoded.
    """
    started = time.perf_counter()
    catalogue, target = service.pipeline.catalogue, form.target_language
    catalogue.check_speech_pair(form.source_language, target)
    speaker = operations.speaker(
        service, form.voice_id, target, sample_rate=form.sample_rate, audio_format=form.audio_format
    )
    heard, sound, speakers = (
        operations.RecognisedRecording([]),
        AudioBuffer(speaker.sample_rate),
        list[str | None](),
    )
    utterances = operations.listen(service, form.audio_file, source=form.source_language, target=target)
    async with aclosing(utterances):
        # One utterance is spoken while the next ones are recognised and translated.
        async for utterance in utterances:
            heard.utterances.append(utterance)
            text = utterance.translation.text if utterance.translation else ""
            speakers.append(
                await operations.speak(
                    service, text, target, speaker.voice.id, into=sound, sample_rate=sound.sample_rate
                )
            )
    file = await speaker.file(sound)
    providers: dict[StageName, str | None] = {
        "stt": heard.recognisers,
        "translation": heard.translators,
        "tts": operations.named(speakers),
    }
    if form.return_format == "audio":
        headers = {
            "X-Transcription": header_text(heard.text),
            "X-Translation": header_text(heard.translation),
            "X-Processing-Time-Ms": str(operations.elapsed_ms(started)),
            "X-Providers": "; ".join(f"{stage}={name}" for stage, name in providers.items() if name),
        }
        return Response(file.data, media_type=file.media_type, headers=headers)
    return PipelineResponse(
        transcription=heard.text,
        transcription_language=heard.language,
        transcription_confidence=heard.confidence,
        translation=heard.translation,
        translation_language=target,
        translation_score=heard.score,
        providers=providers,
        **_sound(sound, speaker, file, started),
    )


def _sound(
    sound: AudioBuffer, speaker: operations.Speaker, file: EncodedAudio, started: float
) -> dict[str, Any]:
    return {
        "audio_duration_ms": sound.duration_ms,
        "total_latency_ms": operations.elapsed_ms(started),
        "audio_data": base64.b64encode(file.data).decode(),
        "audio_format": speaker.audio_format,
        "audio_sample_rate": file.sample_rate,
    }


def header_text(text: str) -> str:
    """``text`` as percent-encoded UTF-8 of at most ``MAX_HEADER_BYTES``, cut between characters."""
    encoded = quote(text, safe="")
    if len(encoded) <= MAX_HEADER_BYTES:
        return encoded
    # A cut within an escape or a character leaves bytes that do not decode: they go with the rest.
    head = encoded[: MAX_HEADER_BYTES - len(ELLIPSIS)].encode()
    head = head[:-2] if head[-2:-1] == b"%" else head.removesuffix(b"%")
    return quote(unquote_to_bytes(head).decode(errors="ignore"), safe="") + ELLIPSIS
