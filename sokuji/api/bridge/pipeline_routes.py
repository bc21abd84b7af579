"""REST calls through all stages: a text or recording in, its translation spoken (bridge API, version 1)."""

import base64
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Annotated, Any
from urllib.parse import quote, unquote_to_bytes

from fastapi import APIRouter
from starlette.responses import Response

from sokuji.access.principal import Principal
from sokuji.access.quotas import Resource
from sokuji.api.bridge.recording_responses import (
    span_responses,
    word_responses,
)
from sokuji.api.bridge.requests import TranslateAudioForm, TranslateTextRequest
from sokuji.api.bridge.responses import (
    PipelineResponse,
    elapsed_ms,
    joined_names,
)
from sokuji.api.bridge.subtitle_files import AUDIO_OR_SUBTITLE_RESPONSE, subtitle_response
from sokuji.api.dependencies import (
    FORM_IN_REQUEST_SLOT,
    IN_REQUEST_SLOT,
    MULTIPART,
    BoundedFormRoute,
    CurrentClient,
    CurrentService,
)
from sokuji.api.errors import FAILURE_RESPONSES, MODEL_FAILURE_RESPONSES
from sokuji.api.recording_headers import unrecognised_header, unspoken_header
from sokuji.api.service import Service
from sokuji.api.synthesis import SpeechFile
from sokuji.api.transcription import RecordingTranscript, transcribe_upload
from sokuji.audio.encoding import EncodedAudio
from sokuji.contract import StageName
from sokuji.errors import NoVoice
from sokuji.pipeline.language_candidates import check_candidates
from sokuji.pipeline.recorded_speech import RecordedUtterance, UnrecognisedSpeech
from sokuji.text.subtitles.formats import SubtitleFormat

MAX_HEADER_BYTES = 1_500
"""Of one text in a header: common proxies take 4 KiB for all headers of a response."""
ELLIPSIS = quote("…")

router = APIRouter(
    prefix="/api/v1/pipeline", tags=["Pipeline"], responses=FAILURE_RESPONSES, route_class=BoundedFormRoute
)


@router.post("/translate-text", responses=MODEL_FAILURE_RESPONSES, dependencies=IN_REQUEST_SLOT)
async def translate_text(
    body: TranslateTextRequest, service: CurrentService, client: CurrentClient
) -> PipelineResponse:
    """Translate a text and speak the translation."""
    started = time.perf_counter()
    service.check_text_length(body.text)
    pipeline, source, target = service.request_pipeline(), body.source_language, body.target_language
    pipeline.catalogue.check_text_pair(source, target)
    speech = SpeechFile(
        pipeline, target, body.voice_id, sample_rate=body.sample_rate, audio_format=body.audio_format
    )
    await client.use(Resource.CHARACTERS, len(body.text))
    translation = await pipeline.translate_text(body.text, source, target)
    await speech.add(translation.text)
    return PipelineResponse(
        transcription=body.text,
        transcription_language=source,
        translation=translation.text,
        translation_language=target,
        translation_score=translation.score,
        providers={
            "stt": None,
            "translation": translation.provider,
            "tts": joined_names(speech.providers),
        },
        **_audio_fields(speech, await speech.encode(), started),
    )


@router.post(
    "/translate-audio",
    response_model=PipelineResponse,
    responses=MODEL_FAILURE_RESPONSES | AUDIO_OR_SUBTITLE_RESPONSE,
    dependencies=FORM_IN_REQUEST_SLOT,
)
async def translate_audio(
    form: Annotated[TranslateAudioForm, MULTIPART], service: CurrentService, client: CurrentClient
) -> PipelineResponse | Response:
    """Translate a recording and speak the translation.

    With `return_format` audio the answer is the audio file itself. Its headers `X-Transcription` and
    `X-Translation` are percent-encoded UTF-8; a text of more than 1,500 bytes in this form is cut and ends in
    an ellipsis. With srt or vtt it is a subtitle file, without a voice.

    A translation in a script that no voice reads is left out of the audio, and its time is in `unspoken`
    (`X-Unspoken-Ms` of a file); an audio file in which nothing could be spoken is an error, `no_voice`.
    """
    started = time.perf_counter()
    target = form.target_language
    catalogue = service.pipeline.catalogue
    catalogue.check_speech_pair(form.source_language, target)
    check_candidates(catalogue, form.source_language, form.source_languages, [target])
    if form.return_format == "srt" or form.return_format == "vtt":
        return await _subtitles(form, form.return_format, service, client, started)
    speech = SpeechFile(
        service.request_pipeline(),
        target,
        form.voice_id,
        sample_rate=form.sample_rate,
        audio_format=form.audio_format,
    )
    utterances = _interpreted(form, service, client, target, word_times=form.word_times)
    transcript, unspoken = await _spoken(utterances, speech, skips_all=form.return_format != "audio")
    file = await speech.encode()
    providers: dict[StageName, str | None] = {
        "stt": joined_names(transcript.recognisers),
        "translation": joined_names(transcript.translators),
        "tts": joined_names(speech.providers),
    }
    if form.return_format == "audio":
        return _file_response(file, transcript, unspoken, providers, started)
    return PipelineResponse(
        transcription=transcript.text,
        transcription_language=transcript.language,
        transcription_confidence=transcript.confidence,
        translation=transcript.translation,
        translation_language=target,
        translation_score=transcript.score,
        words=word_responses(transcript.words) if form.word_times else None,
        unrecognised=span_responses(transcript.unrecognised),
        unspoken=span_responses(unspoken),
        providers=providers,
        **_audio_fields(speech, file, started),
    )


def _interpreted(
    form: TranslateAudioForm, service: Service, client: Principal, target: str | None, *, word_times: bool
) -> AsyncGenerator[RecordedUtterance | UnrecognisedSpeech, None]:
    return transcribe_upload(
        service,
        form.audio_file,
        client=client,
        source=form.source_language,
        candidates=form.source_languages,
        target=target,
        word_times=word_times,
        speakers=form.labels(service.pipeline.catalogue),
    )


async def _spoken(
    utterances: AsyncGenerator[RecordedUtterance | UnrecognisedSpeech, None],
    speech: SpeechFile,
    *,
    skips_all: bool,
) -> tuple[RecordingTranscript, list[RecordedUtterance]]:
    """Speak the translations into ``speech``; the transcript, and the utterances that no voice reads.

    One utterance is spoken while the next ones are recognised and translated.

    Raises:
        NoVoice: nothing could be spoken for this reason, unless ``skips_all``.
    """
    transcript, unspoken = RecordingTranscript(), list[RecordedUtterance]()
    failure: NoVoice | None = None
    async with aclosing(utterances):
        async for utterance in utterances:
            transcript.add(utterance)
            if isinstance(utterance, RecordedUtterance) and utterance.translation is not None:
                try:
                    await speech.add(utterance.translation.text)
                except NoVoice as error:
                    unspoken.append(utterance)
                    failure = error
    if failure is not None and not speech.duration_ms and not skips_all:
        raise failure
    return transcript, unspoken


async def _subtitles(
    form: TranslateAudioForm,
    subtitle_format: SubtitleFormat,
    service: Service,
    client: Principal,
    started: float,
) -> Response:
    text = form.subtitles or "translation"
    # Subtitles of what was said need no translation.
    target = None if text == "source" else form.target_language
    results = _interpreted(form, service, client, target, word_times=True)
    transcript = await RecordingTranscript().add_all(results)
    providers: dict[StageName, str | None] = {
        "stt": joined_names(transcript.recognisers),
        "translation": joined_names(transcript.translators),
    }
    return await subtitle_response(transcript, text, subtitle_format, _call_headers(providers, started))


def _call_headers(providers: Mapping[StageName, str | None], started: float) -> dict[str, str]:
    return {
        "X-Processing-Time-Ms": str(elapsed_ms(started)),
        "X-Providers": "; ".join(f"{stage}={name}" for stage, name in providers.items() if name),
    }


def _file_response(
    file: EncodedAudio,
    transcript: RecordingTranscript,
    unspoken: Sequence[RecordedUtterance],
    providers: Mapping[StageName, str | None],
    started: float,
) -> Response:
    headers = {
        "X-Transcription": header_text(transcript.text),
        "X-Translation": header_text(transcript.translation),
        **unrecognised_header(transcript.unrecognised),
        **unspoken_header(unspoken),
        **_call_headers(providers, started),
    }
    return Response(file.data, media_type=file.media_type, headers=headers)


def _audio_fields(speech: SpeechFile, file: EncodedAudio, started: float) -> dict[str, Any]:
    return {
        "audio_duration_ms": speech.duration_ms,
        "total_latency_ms": elapsed_ms(started),
        "audio_data": base64.b64encode(file.data).decode(),
        "audio_format": speech.audio_format,
        "audio_sample_rate": file.sample_rate,
    }


def header_text(text: str) -> str:
    """``text`` as percent-encoded UTF-8 of at most ``MAX_HEADER_BYTES``, cut between characters."""
    encoded = quote(text, safe="")
    if len(encoded) <= MAX_HEADER_BYTES:
        return encoded
    # A cut within an escape or a character leaves bytes that do not decode: they are dropped.
    head = encoded[: MAX_HEADER_BYTES - len(ELLIPSIS)].encode()
    head = head[:-2] if head[-2:-1] == b"%" else head.removesuffix(b"%")
    return quote(unquote_to_bytes(head).decode(errors="ignore"), safe="") + ELLIPSIS
