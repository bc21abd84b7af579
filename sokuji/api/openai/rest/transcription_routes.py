"""``POST /v1/audio/transcriptions`` and ``/v1/audio/translations``: a recording in, its text out.

A recording in which nobody speaks has an empty text, as with OpenAI: clients that send whatever a microphone
gives do not expect an error. Where somebody speaks and no words are recognised, the answer is an error; of a
longer recording, the header ``X-Unrecognised-Ms`` names such parts.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import PlainTextResponse, Response

from sokuji.api.dependencies import IN_STREAM_SLOT, CurrentClient, CurrentService
from sokuji.api.errors import FAILURE_RESPONSES, MODEL_FAILURE_RESPONSES, UNKNOWN_MODEL_RESPONSE
from sokuji.api.openai.model_ids import ModelIds
from sokuji.api.openai.rest.form_fields import FormFirstRoute, form_of, form_schema
from sokuji.api.openai.rest.server_sent_events import EVENT_STREAM, event_response
from sokuji.api.openai.rest.transcription_bodies import (
    DiarizedTranscription,
    TranscriptionBody,
    TranslationBody,
    VerboseTranscription,
    VerboseTranslation,
    diarized_transcription,
    speaker_segment,
    spoken_languages,
    transcription_body,
    verbose_transcription,
    verbose_translation,
)
from sokuji.api.openai.rest.transcription_forms import (
    RecordingForm,
    TranscriptionForm,
    TranslationForm,
    VoiceActivityStrategy,
)
from sokuji.api.openai.rest.usage import transcription_tokens
from sokuji.api.openai.wire import JSONObject
from sokuji.api.recording_headers import unrecognised_header
from sokuji.api.service import Service
from sokuji.api.transcription import RecordingTranscript, SubtitleText, decode_upload, transcribe_recording
from sokuji.audio.pcm import RECOGNISER_RATE, duration_ms
from sokuji.contract import StageName
from sokuji.errors import NoSpeech, NotSupported
from sokuji.pipeline.diarization import check_diarization
from sokuji.pipeline.language_candidates import check_candidates
from sokuji.pipeline.recorded_speech import RecordedUtterance, UnrecognisedSpeech
from sokuji.pipeline.speaker_labels import SpeakerLabels, lettered
from sokuji.text.subtitles.formats import SUBTITLE_MEDIA_TYPES

Results = AsyncGenerator[RecordedUtterance | UnrecognisedSpeech, None]

router = APIRouter(
    prefix="/v1/audio",
    tags=["OpenAI: speech to text"],
    responses=FAILURE_RESPONSES | MODEL_FAILURE_RESPONSES | UNKNOWN_MODEL_RESPONSE,
    dependencies=IN_STREAM_SLOT,
    route_class=FormFirstRoute,
)
_TEXTS: dict[str, Any] = {
    kind: {"schema": {"type": "string"}} for kind in ("text/plain", *SUBTITLE_MEDIA_TYPES.values())
}


@router.post(
    "/transcriptions",
    response_model=TranscriptionBody | VerboseTranscription | DiarizedTranscription,
    response_model_exclude_none=True,
    responses={200: {"content": _TEXTS | {EVENT_STREAM: {"schema": {"type": "string"}}}}},
    openapi_extra=form_schema(TranscriptionForm),
)
async def transcribe_file(
    form: Annotated[TranscriptionForm, Depends(form_of(TranscriptionForm))],
    service: CurrentService,
    client: CurrentClient,
    response: Response,
) -> TranscriptionBody | VerboseTranscription | DiarizedTranscription | Response:
    """Transcribe a recording; with `stream`, as server-sent events."""
    providers = _check_model(form, service)
    _check_languages(form, service, providers)
    service.check_text_length(form.context, "keywords")
    diarizes = form.response_format == "diarized_json"
    if diarizes:
        check_diarization(service.pipeline.catalogue, "response_format")
    strategy, segmentation = form.chunking_strategy, service.settings.segmentation
    if isinstance(strategy, VoiceActivityStrategy):
        segmentation = strategy.applied_to(segmentation)
    pcm = await decode_upload(service, form.file, client=client, param="file")
    results = transcribe_recording(
        service,
        pcm,
        source=form.language,
        candidates=form.languages,
        word_times=form.word_times,
        context=form.context,
        segmentation=segmentation,
        providers=providers,
        speakers=SpeakerLabels(name=lettered) if diarizes else None,
        param="file",
    )
    length_ms = duration_ms(pcm, RECOGNISER_RATE)
    if form.stream:
        events = _events(_or_nothing(results), length_ms, form.context, diarizes=diarizes)
        return event_response(events, stall_s=service.settings.limits.body_timeout_s)
    transcript = await RecordingTranscript().add_all(_or_nothing(results))
    response.headers.update(unrecognised_header(transcript.unrecognised))
    if (file := await _text_file(transcript, "source", form.response_format)) is not None:
        return file
    if form.response_format == "verbose_json":
        return verbose_transcription(transcript, length_ms, form.timestamp_granularities, form.language)
    if diarizes:
        return diarized_transcription(transcript, length_ms)
    return transcription_body(transcript, length_ms)


@router.post(
    "/translations",
    response_model=TranslationBody | VerboseTranslation,
    responses={200: {"content": _TEXTS}},
    openapi_extra=form_schema(TranslationForm),
)
async def translate_file(
    form: Annotated[TranslationForm, Depends(form_of(TranslationForm))],
    service: CurrentService,
    client: CurrentClient,
    response: Response,
) -> TranslationBody | VerboseTranslation | Response:
    """Translate a recording to English, or to `target_language`."""
    providers, target = _check_model(form, service), form.target_language
    service.pipeline.catalogue.check_speech_pair(None, target)
    pcm = await decode_upload(service, form.file, client=client, param="file")
    results = transcribe_recording(
        service,
        pcm,
        source=None,
        target=target,
        word_times=form.response_format in ("srt", "vtt"),
        context=form.context,
        providers=providers,
        param="file",
    )
    transcript = await RecordingTranscript().add_all(_or_nothing(results))
    response.headers.update(unrecognised_header(transcript.unrecognised))
    if (file := await _text_file(transcript, "translation", form.response_format)) is not None:
        return file
    if form.response_format == "verbose_json":
        return verbose_translation(transcript, duration_ms(pcm, RECOGNISER_RATE), target)
    return TranslationBody(text=transcript.translation)


def _check_model(form: RecordingForm, service: Service) -> Mapping[StageName, str]:
    """The providers to call first, of a request whose texts are not too long."""
    service.check_text_length(form.prompt, "prompt")
    ids = ModelIds(service.pipeline.catalogue, service.settings.openai.aliases)
    return ids.providers(form.model, "stt")


def _check_languages(form: TranscriptionForm, service: Service, providers: Mapping[StageName, str]) -> None:
    catalogue = service.pipeline.preferring(providers).catalogue
    if form.language is not None:
        catalogue.check_spoken(form.language, param="language")
    check_candidates(catalogue, form.language, form.languages, param="language", named_param="languages")
    if "word" in form.timestamp_granularities:
        recogniser = catalogue.recognisers(form.language)[0].info
        if not recogniser.gives_word_times:
            raise NotSupported(
                f"{recogniser.provider}/{recogniser.model} does not time words; accepted: segment",
                param="timestamp_granularities",
            )


async def _or_nothing(results: Results) -> Results:
    """The results; none where nobody speaks."""
    async with aclosing(results):
        try:
            async for result in results:
                yield result
        except NoSpeech:
            return


async def _events(
    results: Results, length_ms: int, context: str, *, diarizes: bool
) -> AsyncGenerator[JSONObject, None]:
    """A delta for each utterance; joined they are the text of the event at the end.

    With ``diarizes``, the segment follows with its speaker.
    """
    transcript = RecordingTranscript()
    sent = ""
    async with aclosing(results):
        async for result in results:
            transcript.add(result)
            if delta := transcript.text[len(sent) :]:
                sent += delta
                yield {"type": "transcript.text.delta", "delta": delta}
            if diarizes and isinstance(result, RecordedUtterance):
                yield speaker_segment(result, len(transcript.utterances) - 1).model_dump()
    yield {
        "type": "transcript.text.done",
        "text": sent,
        "languages": [each.model_dump() for each in spoken_languages(transcript)],
        "usage": transcription_tokens(length_ms, context, sent).model_dump(),
    }


async def _text_file(
    transcript: RecordingTranscript, of: SubtitleText, response_format: str
) -> Response | None:
    """The answer in a format that is no JSON; None: the format is JSON."""
    headers = unrecognised_header(transcript.unrecognised)
    match response_format:
        case "text":
            text = transcript.text if of == "source" else transcript.translation
            return PlainTextResponse(f"{text}\n", headers=headers)
        case "srt" | "vtt" as subtitle_format:
            file = await transcript.subtitles(of, subtitle_format)
            media_type = f"{SUBTITLE_MEDIA_TYPES[subtitle_format]}; charset=utf-8"
            return Response(file, media_type=media_type, headers=headers)
    return None
