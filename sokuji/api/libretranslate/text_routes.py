"""The calls with texts, and about languages."""

import asyncio
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends

from sokuji.access.quotas import Resource
from sokuji.api.dependencies import IN_REQUEST_SLOT, CurrentClient, CurrentService
from sokuji.api.errors import FAILURE_RESPONSES, MODEL_FAILURE_RESPONSES
from sokuji.api.libretranslate.requests import BodyFirstRoute, DetectBody, TranslateBody, body_of, body_schema
from sokuji.api.libretranslate.responses import (
    DefaultLanguages,
    Detected,
    FrontendSettings,
    NamedLanguage,
    TranslatableLanguage,
    Translated,
    TranslatedList,
    failures,
)
from sokuji.api.libretranslate.text_translation import translate_one
from sokuji.languages import LANGUAGES
from sokuji.pipeline.document_translation import TRANSLATED_FILES
from sokuji.pipeline.text_blocks import translate_all
from sokuji.text.language_identification import ProbableLanguage, probable_languages

router = APIRouter(tags=["LibreTranslate"], responses=failures(FAILURE_RESPONSES), route_class=BodyFirstRoute)

FRONTEND_TIMEOUT_MS = 500
"""How long a page should wait after the last keystroke."""
_AUTO = NamedLanguage(code="auto", name="Auto Detect")


@router.post(
    "/translate",
    responses=failures(MODEL_FAILURE_RESPONSES),
    response_model_exclude_none=True,
    dependencies=IN_REQUEST_SLOT,
    openapi_extra=body_schema(TranslateBody),
)
async def translate(
    body: Annotated[TranslateBody, Depends(body_of(TranslateBody))],
    service: CurrentService,
    client: CurrentClient,
) -> Translated | TranslatedList:
    """Translate a text, or a list of texts."""
    texts = body.q if isinstance(body.q, list) else [body.q]
    service.check_text_length("".join(texts), "q")
    await client.use(Resource.CHARACTERS, sum(map(len, texts)))
    found = await translate_all(
        texts,
        partial(
            translate_one,
            service=service,
            source=body.source,
            target=body.target,
            text_format=body.format,
            alternatives=body.alternatives,
        ),
    )
    if isinstance(body.q, list):
        return TranslatedList(
            translated_text=[each.text for each in found],
            detected_language=[_detected(each.detected) for each in found if each.detected] or None,
            alternatives=[each.alternatives for each in found] if body.alternatives else None,
        )
    (only,) = found
    return Translated(
        translated_text=only.text,
        detected_language=_detected(only.detected) if only.detected else None,
        alternatives=only.alternatives if body.alternatives else None,
    )


def _detected(language: ProbableLanguage) -> Detected:
    return Detected(confidence=round(100 * language.probability, 1), language=language.code)


@router.post("/detect", responses=failures(MODEL_FAILURE_RESPONSES), openapi_extra=body_schema(DetectBody))
async def detect(
    body: Annotated[DetectBody, Depends(body_of(DetectBody))],
    service: CurrentService,
    client: CurrentClient,
) -> list[Detected]:
    """In which of the languages that are translated a text is: the most probable first."""
    service.check_text_length(body.q, "q")
    await client.use(Resource.CHARACTERS, len(body.q))
    candidates = service.pipeline.catalogue.text_targets
    found = await asyncio.to_thread(probable_languages, body.q, candidates)
    possible = [_detected(each) for each in found if each.probability > 0]
    return possible or [_detected(each) for each in found[:1]]


@router.get("/languages")
async def languages(service: CurrentService) -> list[TranslatableLanguage]:
    """The languages from which text is translated, and to which each."""
    return [
        TranslatableLanguage(code=source, name=LANGUAGES[source].name, targets=sorted({source, *targets}))
        for source, targets in service.pipeline.catalogue.text_targets.items()
    ]


@router.get("/frontend/settings")
async def frontend_settings(service: CurrentService) -> FrontendSettings:
    """What a page for this API needs to know."""
    targets = service.pipeline.catalogue.text_sources
    target = "en" if "en" in targets else min(targets)
    return FrontendSettings(
        api_keys=service.settings.access.demands_keys,
        char_limit=service.settings.limits.max_text_chars,
        frontend_timeout=FRONTEND_TIMEOUT_MS,
        key_required=service.settings.access.demands_keys,
        language=DefaultLanguages(
            source=_AUTO, target=NamedLanguage(code=target, name=LANGUAGES[target].name)
        ),
        supported_files_format=list(TRANSLATED_FILES),
    )
