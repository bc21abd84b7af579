"""``sokuji.translation.TranslationService``: texts in, translations out."""

import asyncio
import time
from collections.abc import AsyncIterator
from functools import partial

from sokuji import languages
from sokuji.access.quotas import Resource
from sokuji.api.grpc.call import Call
from sokuji.api.grpc.methods import Method, streaming, unary
from sokuji.api.grpc.stage_reports import stage_methods
from sokuji.config.keys import KeyScope
from sokuji.errors import InvalidRequest
from sokuji.pipeline.text_blocks import TranslateText
from sokuji.proto.common_pb2 import TranslationResult
from sokuji.proto.translation_pb2 import (
    LanguageListResponse,
    TranslateBatchRequest,
    TranslateBatchResponse,
    TranslateRequest,
)

SERVICE = "sokuji.translation.TranslationService"
MAX_TEXTS = 100
"""Of one batch, as at the other doors."""


async def _translate(call: Call, request: TranslateRequest) -> TranslationResult:
    check_text(call, request.text)
    call.service.check_text_length(request.context, "context")
    source, target = _pair(call, request)
    if request.context:
        call.service.pipeline.catalogue.check_translation_context(source, target)
    with call.service.request_slot():
        await call.client.use(Resource.CHARACTERS, len(request.text))
        context = (request.context,) if request.context else ()
        return await _result(_translator(call, source, target, context), request.text, source, target)


async def _translate_batch(call: Call, request: TranslateBatchRequest) -> TranslateBatchResponse:
    texts = list(request.texts)
    if not 1 <= len(texts) <= MAX_TEXTS:
        raise InvalidRequest(f"texts must be 1 to {MAX_TEXTS} (got {len(texts)})", param="texts")
    for number, text in enumerate(texts):
        check_text(call, text, f"texts.{number}")
    source, target = _pair(call, request)
    translate = _translator(call, source, target, ())
    with call.service.request_slot():
        await call.client.use(Resource.CHARACTERS, sum(map(len, texts)))
        async with asyncio.TaskGroup() as tasks:
            results = [tasks.create_task(_result(translate, text, source, target)) for text in texts]
    return TranslateBatchResponse(results=[each.result() for each in results])


async def _translate_each(call: Call, request: TranslateRequest) -> AsyncIterator[TranslationResult]:
    yield await _translate(call, request)


def check_text(call: Call, text: str, param: str = "text") -> None:
    """Check a text to translate or to speak.

    Raises:
        InvalidRequest: it is blank.
        TooLarge: it is too long.
    """
    if not text.strip():
        raise InvalidRequest(f"{param} must not be blank", param=param)
    call.service.check_text_length(text, param)


def _pair(call: Call, request: TranslateRequest | TranslateBatchRequest) -> tuple[str, str]:
    source = languages.parse(request.source_language, "source_language")
    target = languages.parse(request.target_language, "target_language")
    call.service.pipeline.catalogue.check_text_pair(source, target)
    return source, target


def _translator(call: Call, source: str, target: str, context: tuple[str, ...]) -> TranslateText:
    translate = call.service.request_pipeline().translate_text
    return partial(translate, source=source, target=target, context=context)


async def _result(translate: TranslateText, text: str, source: str, target: str) -> TranslationResult:
    translated = await translate(text)
    return TranslationResult(
        original_text=text,
        translated_text=translated.text,
        source_language=source,
        target_language=target,
        confidence=translated.score or 0.0,
        timestamp=time.time(),
        model_name=translated.provider,
    )


def _languages(call: Call) -> LanguageListResponse:
    pairs = call.service.pipeline.catalogue.text_pairs
    codes = sorted({code for pair in pairs for code in pair})
    return LanguageListResponse(language_codes=codes, supports_batch=True, supports_streaming=True)


METHODS = {
    f"/{SERVICE}/Translate": Method(unary(TranslateRequest, _translate), KeyScope.TEXTS),
    f"/{SERVICE}/TranslateBatch": Method(unary(TranslateBatchRequest, _translate_batch), KeyScope.TEXTS),
    f"/{SERVICE}/TranslateStream": Method(streaming(TranslateRequest, _translate_each), KeyScope.TEXTS),
    **stage_methods(SERVICE, "translation", _languages),
}
"""Path -> method."""
