"""The call with a file, and the one that fetches the translated file."""

import asyncio
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from sokuji.access.quotas import Resource
from sokuji.api.dependencies import IN_REQUEST_SLOT, CurrentClient, CurrentService
from sokuji.api.errors import FAILURE_RESPONSES, MODEL_FAILURE_RESPONSES
from sokuji.api.libretranslate.requests import AUTO, FileFirstRoute, FileForm, body_of, body_schema
from sokuji.api.libretranslate.responses import TranslatedFile, failures
from sokuji.api.libretranslate.text_translation import detect_source, translator
from sokuji.api.libretranslate.translated_files import TranslatedFiles
from sokuji.api.libretranslate.uploaded_text import uploaded_text
from sokuji.pipeline.document_translation import TRANSLATED_FILES

router = APIRouter(tags=["LibreTranslate"], responses=failures(FAILURE_RESPONSES))
upload_router = APIRouter(
    tags=["LibreTranslate"], responses=failures(FAILURE_RESPONSES), route_class=FileFirstRoute
)

_FILE = "Text in UTF-8, or in UTF-16 with a byte order mark; " + ", ".join(TRANSLATED_FILES)
_MAX_STEM = 100


@upload_router.post(
    "/translate_file",
    responses=failures(MODEL_FAILURE_RESPONSES),
    dependencies=IN_REQUEST_SLOT,
    openapi_extra=body_schema(FileForm, file=_FILE),
)
async def translate_file(
    form: Annotated[FileForm, Depends(body_of(FileForm))],
    request: Request,
    service: CurrentService,
    client: CurrentClient,
) -> TranslatedFile:
    """Translate a file. Fetch the answer's address within some minutes."""
    settings = service.settings.libretranslate
    uploaded = await uploaded_text(
        (await request.form()).get("file"), TRANSLATED_FILES, settings.max_file_chars
    )
    await client.use(Resource.CHARACTERS, len(uploaded.text))
    source = form.source
    if source == AUTO:
        source = (await detect_source(uploaded.text, service, form.target)).code
    translate_document = TRANSLATED_FILES[uploaded.suffix]
    translated = await translate_document(uploaded.text, translator(service, source, form.target))
    data = uploaded.encoded(translated.text)
    stored = await asyncio.to_thread(TranslatedFiles(settings).store, data)
    name = f"{uploaded.stem[:_MAX_STEM]}.{form.target}{uploaded.suffix}"
    return TranslatedFile(
        translated_file_url=f"{request.base_url}download_file/{stored}/{quote(name, safe='')}"
    )


@router.get(
    "/download_file/{stored}/{name}",
    response_class=Response,
    responses=failures({404: {"description": "There is no such file, or no longer"}}),
)
async def download_file(stored: str, name: str, service: CurrentService) -> Response:
    """A file that has been translated."""
    data = await asyncio.to_thread(TranslatedFiles(service.settings.libretranslate).load, stored)
    if data is None:
        raise HTTPException(404)
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return Response(data, media_type="application/octet-stream", headers={"Content-Disposition": disposition})
