"""Text translation with DeepL's API.

Written against "Translate text", "Usage" and "Glossaries" of the DeepL API (OpenAPI description 3.9.0,
https://developers.deepl.com/api-reference), "Understanding model types" and "Error handling" (under
https://developers.deepl.com/docs), looked up 2026-11. Texts of one pair with the same context and
glossary go to DeepL in one request. Neither the context nor the request for the usage is billed. DeepL
reports no score.
"""

import asyncio
import json
import logging
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sokuji.config import DeepLConfig, Settings, check_live
from sokuji.contract import Pairs, StageRequest, TranslatedText, TranslationRequest, TranslatorInfo
from sokuji.errors import OUTAGES, ConfigError, ProviderFailed, ProviderUnavailable, SokujiError, TooLarge
from sokuji.languages import LANGUAGES
from sokuji.metrics.cloud_usage import record_usage
from sokuji.providers import cloud
from sokuji.providers.translation.deepl.glossary_cache import (
    LANGUAGES_WITH_GLOSSARIES,
    GlossaryCache,
    GlossaryContent,
)
from sokuji.providers.translation.request_validation import check_request
from sokuji.text.glossary import find, normalised
from sokuji.text.punctuation import has_words

KEY = "DEEPL_API_KEY"
FREE_ADDRESS = "https://api-free.deepl.com"
MAX_TEXTS = 50
"""DeepL's limit for one request."""
MAX_REQUEST_BYTES = 120_000
"""DeepL's limit is 128 KiB."""
VARIANTS = {"en": "EN-US", "pt": "PT-BR", "zh": "ZH-HANS"}
"""Target languages for which DeepL requires a variant."""
QUOTA_EXCEEDED = 456

_CODES = {code: language.deepl for code, language in LANGUAGES.items() if language.deepl}
_PAIRS = Pairs(tuple(_CODES), tuple(_CODES))

_log = logging.getLogger(__name__)


class _SharedFields(NamedTuple):
    """What texts must have in common to be sent in one request."""

    source: str
    target: str
    context: tuple[str, ...]
    glossary: GlossaryContent | None
    origin: StageRequest


class DeepL:
    """A ``Translator`` (``sokuji.contract``) that calls DeepL."""

    def __init__(self, config: DeepLConfig) -> None:
        _check_variants(config)
        self.config = config
        self._cloud: cloud.CloudClient | None = None
        self._glossaries: GlossaryCache | None = None

    async def load(self) -> None:
        """Ask how much of the quota is used; an unreachable service is logged and not an error.

        Raises:
            ConfigError: the key is not set.
            ProviderFailed: the key is refused, or the quota is used up.
        """
        secret = cloud.api_key(KEY, what="a DeepL API key")
        settings = self.config
        if secret.endswith(":fx") and "base_url" not in settings.model_fields_set:
            settings = settings.model_copy(update={"base_url": FREE_ADDRESS})
        headers = {"Authorization": f"DeepL-Auth-Key {secret}"}
        reasons = {QUOTA_EXCEEDED: "the quota is used up"}
        self._cloud = cloud.CloudClient("DeepL", settings, headers, KEY, reasons)
        self._glossaries = GlossaryCache(self._cloud, self.config.max_glossaries)
        try:
            await self.check()
        except OUTAGES as error:
            _log.warning("DeepL could not be checked at start: %s", error.message)

    def update(self, config: Settings) -> None:
        """Apply new values of live settings, from the next request on.

        Raises:
            ConfigError: another setting differs, or a variant does not belong to its language.
        """
        config = check_live(self.config, config)
        _check_variants(config)
        self.config = config
        service, glossaries = self._loaded
        service.update(config)
        glossaries.resize(config.max_glossaries)

    async def describe(self) -> TranslatorInfo:
        """All pairs of DeepL's languages; glossaries between some of them."""
        return TranslatorInfo(
            provider=self.config.provider,
            model=self.config.model_type or "default",
            pairs=_PAIRS,
            takes_context=True,
            takes_glossary=True,
            glossary_languages=LANGUAGES_WITH_GLOSSARIES,
        )

    async def translate(self, requests: Sequence[TranslationRequest]) -> list[TranslatedText | SokujiError]:
        """One result for each request, in the same order."""
        results: dict[int, TranslatedText | SokujiError] = {}
        groups: dict[_SharedFields, list[int]] = {}
        for index, request in enumerate(requests):
            try:
                _check(request)
            except SokujiError as error:
                results[index] = error
                continue
            if has_words(request.text):
                groups.setdefault(_shared_fields(request), []).append(index)
            else:
                results[index] = TranslatedText(text=request.text)
        texts = [request.text for request in requests]
        calls = [
            (shared, part)
            for shared, indices in groups.items()
            for part in _split_by_size(texts, indices, shared.context)
        ]
        responses = await asyncio.gather(
            *(self._translate_group(shared, [texts[index] for index in part]) for shared, part in calls)
        )
        for (_, part), translated in zip(calls, responses, strict=True):
            results.update(zip(part, translated, strict=True))
        return [results[index] for index in range(len(requests))]

    async def check(self) -> None:
        """Ask how much of the quota is used, which also checks the address and the key.

        Raises:
            ProviderFailed: the quota is used up.
        """
        service, _ = self._loaded
        usage = await service.send_json("GET", "/v2/usage")
        try:
            remaining = usage["character_limit"] - usage["character_count"]
        except (KeyError, TypeError):
            raise service.malformed_response() from None
        if remaining <= 0:
            raise ProviderFailed("the quota at DeepL is used up")

    async def aclose(self) -> None:
        """Delete the glossaries and close all connections."""
        service, glossaries = self._cloud, self._glossaries
        self._cloud = self._glossaries = None
        if service and glossaries:
            await glossaries.aclose()
            await service.aclose()

    @property
    def _loaded(self) -> tuple[cloud.CloudClient, GlossaryCache]:
        if self._cloud is None or self._glossaries is None:
            raise ProviderUnavailable("DeepL is not loaded")
        return self._cloud, self._glossaries

    async def _translate_group(
        self, shared: _SharedFields, texts: list[str]
    ) -> Sequence[TranslatedText | SokujiError]:
        """One result for each text; an error of the request is the result of all its texts."""
        try:
            body = _body(shared, texts, self.config)
            service, glossaries = self._loaded
            if shared.glossary is None:
                return await _send(service, shared.origin, body)
            async with glossaries.use(shared.glossary) as identifier:
                return await _send(service, shared.origin, body | {"glossary_id": identifier})
        except SokujiError as error:
            return [error] * len(texts)


async def _send(
    service: cloud.CloudClient, origin: StageRequest, body: dict[str, Any]
) -> list[TranslatedText]:
    response = await service.send_json("POST", "/v2/translate", origin, json=body)
    try:
        texts = [each["text"] for each in response["translations"]]
    except (KeyError, TypeError):
        raise service.malformed_response() from None
    if len(texts) != len(body["text"]) or not all(isinstance(text, str) for text in texts):
        raise service.malformed_response()
    record_usage("translation", "deepl", "characters", sum(map(len, body["text"])))
    return [TranslatedText(text=text) for text in texts]


def _body(shared: _SharedFields, texts: list[str], config: DeepLConfig) -> dict[str, Any]:
    variants = VARIANTS | config.target_variants
    body: dict[str, Any] = {
        "text": texts,
        "source_lang": _CODES[shared.source],
        "target_lang": variants.get(shared.target, _CODES[shared.target]),
    }
    if shared.context:
        body["context"] = "\n".join(shared.context)
    if config.formality != "default":
        body["formality"] = config.formality
    if config.model_type:
        body["model_type"] = config.model_type
    return body


def _check(request: TranslationRequest) -> None:
    check_request(request, _PAIRS)
    size = _json_bytes(request.text, *request.context)
    if size > MAX_REQUEST_BYTES:
        raise TooLarge(
            f"the text has {size:,} bytes; DeepL accepts at most {MAX_REQUEST_BYTES:,}", param="text"
        )


def _shared_fields(request: TranslationRequest) -> _SharedFields:
    """The fields of a request that its texts share; the glossary only if one of its terms is in the text."""
    content = None
    if find(normalised(request.text), request.glossary):
        content = GlossaryContent.of(request.source, request.target, request.glossary)
    origin = StageRequest(caller=request.caller, deferrable=request.deferrable)
    return _SharedFields(request.source, request.target, request.context, content, origin)


def _split_by_size(
    texts: Sequence[str], indices: Sequence[int], context: Sequence[str]
) -> Iterator[list[int]]:
    """Split ``indices`` of texts into parts that each fit into one request with its context."""
    part: list[int] = []
    size = _json_bytes(*context)
    for index in indices:
        text_size = _json_bytes(texts[index])
        if part and (len(part) == MAX_TEXTS or size + text_size > MAX_REQUEST_BYTES):
            yield part
            part, size = [], _json_bytes(*context)
        part.append(index)
        size += text_size
    yield part


def _json_bytes(*texts: str) -> int:
    return sum(len(json.dumps(text, ensure_ascii=False).encode()) for text in texts)


def _check_variants(config: DeepLConfig) -> None:
    for code, variant in config.target_variants.items():
        known = _CODES.get(code)
        if known is None or variant.partition("-")[0] != known:
            raise ConfigError(
                f"target_variants: {variant} is no variant of {code!r}; accepted is, for example, pt: PT-PT",
                param="target_variants",
            )
