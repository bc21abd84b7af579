"""Text translation with DeepL.

Written against "Translate text", "Usage" and "Glossaries" of the DeepL API (OpenAPI description 3.9.0,
https://developers.deepl.com/api-reference), "Understanding model types" and "Error handling" (under
https://developers.deepl.com/docs), looked up 2026-11. Texts of one pair with the same context and glossary go
to DeepL in one request. Neither context nor questions for the usage are billed. DeepL gives no score.
"""

import asyncio
import json
import logging
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sokuji.config import DeepLConfig, Settings, check_live
from sokuji.contract import Pairs, TranslatedText, TranslationRequest, TranslatorInfo
from sokuji.errors import OUTAGES, ConfigError, ProviderFailed, ProviderUnavailable, SokujiError, TooLarge
from sokuji.languages import LANGUAGES
from sokuji.providers import cloud
from sokuji.providers.translation import validation
from sokuji.providers.translation.deepl.glossaries import LANGUAGES_WITH_GLOSSARIES, Content, Glossaries
from sokuji.text.glossary import find, normalised

KEY = "DEEPL_API_KEY"
FREE_ADDRESS = "https://api-free.deepl.com"
MOST_TEXTS = 50
"""Of one request."""
MOST_REQUEST_BYTES = 120_000
"""DeepL takes 128 KiB."""
VARIANTS = {"en": "EN-US", "pt": "PT-BR", "zh": "ZH-HANS"}
"""Languages for which DeepL wants to know which variant to write."""
QUOTA_EXCEEDED = 456

_CODES = {code: language.deepl for code, language in LANGUAGES.items() if language.deepl}
_PAIRS = Pairs(tuple(_CODES), tuple(_CODES))

log = logging.getLogger(__name__)


class _Group(NamedTuple):
    """What texts must have in common to go in one request."""

    source: str
    target: str
    context: tuple[str, ...]
    glossary: Content | None


class DeepL:
    """DeepL; see ``Translator`` for the contract."""

    def __init__(self, config: DeepLConfig) -> None:
        _check_variants(config)
        self.config = config
        self._cloud: cloud.CloudClient | None = None
        self._glossaries: Glossaries | None = None

    async def load(self) -> None:
        """Ask how much of the quota is used; a service that is away is not waited for.

        Raises:
            ConfigError: the key is not set.
            ProviderFailed: the key is refused, or the quota is used up.
        """
        secret = cloud.key(KEY, what="a DeepL API key")
        settings = self.config
        if secret.endswith(":fx") and "base_url" not in settings.model_fields_set:
            settings = settings.model_copy(update={"base_url": FREE_ADDRESS})
        headers = {"Authorization": f"DeepL-Auth-Key {secret}"}
        reasons = {QUOTA_EXCEEDED: "the quota is used up"}
        self._cloud = cloud.CloudClient("DeepL", settings, headers, KEY, reasons)
        self._glossaries = Glossaries(self._cloud, self.config.max_glossaries)
        try:
            await self.check()
        except OUTAGES as error:
            log.warning("DeepL could not be tried: %s", error.message)

    def update(self, config: Settings) -> None:
        """Take over new values of live settings, from the next request on.

        Raises:
            ConfigError: another setting differs, or a variant is none of its language.
        """
        config = check_live(self.config, config)
        _check_variants(config)
        self.config = config
        service, glossaries = self._loaded
        service.update(config)
        glossaries.resize(config.max_glossaries)

    async def describe(self) -> TranslatorInfo:
        """All languages of DeepL, each into each; glossaries between some of them."""
        return TranslatorInfo(
            provider=self.config.provider,
            model=self.config.model_type or "default",
            pairs=_PAIRS,
            takes_context=True,
            takes_glossary=True,
            glossary_languages=LANGUAGES_WITH_GLOSSARIES,
        )

    async def translate(self, requests: Sequence[TranslationRequest]) -> list[TranslatedText | SokujiError]:
        """One answer for each request, in the same order."""
        answers: dict[int, TranslatedText | SokujiError] = {}
        groups: dict[_Group, list[int]] = {}
        for place, request in enumerate(requests):
            try:
                _accept(request)
            except SokujiError as error:
                answers[place] = error
                continue
            if validation.has_words(request.text):
                groups.setdefault(_group(request), []).append(place)
            else:
                answers[place] = TranslatedText(text=request.text)
        texts = [request.text for request in requests]
        calls = [
            (group, part)
            for group, places in groups.items()
            for part in _portions(texts, places, group.context)
        ]
        said = await asyncio.gather(
            *(self._answers(group, [texts[i] for i in part]) for group, part in calls)
        )
        for (_, part), found in zip(calls, said, strict=True):
            answers.update(zip(part, found, strict=True))
        return [answers[place] for place in range(len(requests))]

    async def check(self) -> None:
        """Ask how much of the quota is used: the address and the key are good, and something is left.

        Raises:
            ProviderFailed: nothing is left.
        """
        service, _ = self._loaded
        usage = await service.send_json("GET", "/v2/usage")
        try:
            left = usage["character_limit"] - usage["character_count"]
        except (KeyError, TypeError):
            raise service.malformed() from None
        if left <= 0:
            raise ProviderFailed("the quota at DeepL is used up")

    async def aclose(self) -> None:
        """Delete the glossaries and end all connections."""
        service, glossaries = self._cloud, self._glossaries
        self._cloud = self._glossaries = None
        if service and glossaries:
            await glossaries.aclose()
            await service.aclose()

    @property
    def _loaded(self) -> tuple[cloud.CloudClient, Glossaries]:
        if self._cloud is None or self._glossaries is None:
            raise ProviderUnavailable("DeepL is not loaded")
        return self._cloud, self._glossaries

    async def _answers(self, group: _Group, texts: list[str]) -> Sequence[TranslatedText | SokujiError]:
        """One for each text; if DeepL refuses one, it refuses them all."""
        try:
            body = _body(group, texts, self.config)
            service, glossaries = self._loaded
            if group.glossary is None:
                return await _asked(service, body)
            async with glossaries.lend(group.glossary) as identifier:
                return await _asked(service, body | {"glossary_id": identifier})
        except SokujiError as error:
            return [error] * len(texts)


async def _asked(service: cloud.CloudClient, body: dict[str, Any]) -> list[TranslatedText]:
    answer = await service.send_json("POST", "/v2/translate", json=body)
    try:
        found = [each["text"] for each in answer["translations"]]
    except (KeyError, TypeError):
        raise service.malformed() from None
    if len(found) != len(body["text"]) or not all(isinstance(text, str) for text in found):
        raise service.malformed()
    return [TranslatedText(text=text) for text in found]


def _body(group: _Group, texts: list[str], config: DeepLConfig) -> dict[str, Any]:
    variants = VARIANTS | config.target_variants
    body: dict[str, Any] = {
        "text": texts,
        "source_lang": _CODES[group.source],
        "target_lang": variants.get(group.target, _CODES[group.target]),
    }
    if group.context:
        body["context"] = "\n".join(group.context)
    if config.formality != "default":
        body["formality"] = config.formality
    if config.model_type:
        body["model_type"] = config.model_type
    return body


def _accept(request: TranslationRequest) -> None:
    validation.check(request, _PAIRS)
    size = _bytes(request.text, *request.context)
    if size > MOST_REQUEST_BYTES:
        raise TooLarge(f"the text has {size:,} bytes; DeepL takes {MOST_REQUEST_BYTES:,}", param="text")


def _group(request: TranslationRequest) -> _Group:
    """Without the glossary where none of its terms is in the text."""
    content = None
    if find(normalised(request.text), request.glossary):
        content = Content.of(request.source, request.target, request.glossary)
    return _Group(request.source, request.target, request.context, content)


def _portions(texts: Sequence[str], places: Sequence[int], context: Sequence[str]) -> Iterator[list[int]]:
    """Places of texts that fit into one request."""
    portion: list[int] = []
    size = _bytes(*context)
    for place in places:
        own = _bytes(texts[place])
        if portion and (len(portion) == MOST_TEXTS or size + own > MOST_REQUEST_BYTES):
            yield portion
            portion, size = [], _bytes(*context)
        portion.append(place)
        size += own
    yield portion


def _bytes(*texts: str) -> int:
    return sum(len(json.dumps(text, ensure_ascii=False).encode()) for text in texts)


def _check_variants(config: DeepLConfig) -> None:
    for code, variant in config.target_variants.items():
        known = _CODES.get(code)
        if known is None or variant.partition("-")[0] != known:
            raise ConfigError(
                f"target_variants: {variant} is no variant of {code!r}; accepted is, for example, pt: PT-PT",
                param="target_variants",
            )
