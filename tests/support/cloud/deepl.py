"""DeepL's API as its reference describes it: translate, usage, glossaries.

https://developers.deepl.com/api-reference (OpenAPI description 3.9.0), looked up 2026-11.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from tests.support.cloud.server import KEY, Request, Response, Server, reply

SOURCES = {"AF", "EN", "PT", "DE", "ES", "JA", "NB", "SW", "ZH"}
TARGETS = SOURCES - {"EN", "PT"} | {"EN-US", "EN-GB", "PT-BR", "PT-PT", "ZH-HANS", "ZH-HANT"}
MOST_BYTES = 128 * 1024
PARAMETERS = {"text", "source_lang", "target_lang", "context", "formality", "model_type", "glossary_id"}
FORMALITIES = {"default", "more", "less", "prefer_more", "prefer_less"}
MODEL_TYPES = {"latency_optimized", "quality_optimized", "prefer_quality_optimized"}


def said(text: str, target: str) -> str:
    """What the service makes of a text."""
    return f"{text.upper()} ({target})"


def refusal(code: int, message: str) -> Response:
    """An error as the service words it."""
    return reply({"message": message}, code)


@dataclass
class Account:
    """One account, with its glossaries."""

    key: str = KEY
    used: int = 180_118
    limit: int = 1_250_000
    glossaries: dict[str, dict[str, Any]] = field(default_factory=dict)
    made: int = 0

    async def handle(self, request: Request) -> Response:
        """Answer as the service does."""
        if request.headers.get("authorization") != f"DeepL-Auth-Key {self.key}":
            return refusal(403, "Forbidden")
        match request.method, request.path:
            case "GET", "/v2/usage":
                return reply({"character_count": self.used, "character_limit": self.limit})
            case "POST", "/v2/translate":
                return self._translate(request)
            case "POST", "/v3/glossaries":
                return self._create(request.json())
            case "DELETE", path if found := re.fullmatch("/v3/glossaries/([^/]+)", path):
                if self.glossaries.pop(found[1], None) is None:
                    return refusal(404, "Not found")
                return Response(b"", 204)
        return refusal(404, "Not found")

    def _translate(self, request: Request) -> Response:
        if len(request.body) > MOST_BYTES:
            return refusal(413, "Request entity too large")
        if self.used >= self.limit:
            return refusal(456, "Quota exceeded")
        wanted = request.json()
        if fault := _fault(wanted):
            return refusal(400, fault)
        terms: dict[str, str] = {}
        if identifier := wanted.get("glossary_id"):
            if identifier not in self.glossaries:
                return refusal(404, "Glossary not found")
            glossary = self.glossaries[identifier]
            pair = wanted["source_lang"], wanted["target_lang"].partition("-")[0]
            if pair != (glossary["source_lang"].upper(), glossary["target_lang"].upper()):
                return refusal(400, "Glossary and request have different languages")
            terms = dict(line.split("\t") for line in glossary["entries"].split("\n"))
        return reply({"translations": [self._translation(text, wanted, terms) for text in wanted["text"]]})

    def _translation(self, text: str, wanted: dict[str, Any], terms: dict[str, str]) -> dict[str, str]:
        self.used += len(text)
        translation = said(text, wanted["target_lang"])
        for term, target in terms.items():
            translation = translation.replace(term.upper(), target)
        return {"detected_source_language": wanted["source_lang"], "text": translation}

    def _create(self, wanted: dict[str, Any]) -> Response:
        (dictionary,) = wanted["dictionaries"]
        codes = {dictionary["source_lang"], dictionary["target_lang"]}
        if not codes <= {"en", "pt", "de", "es", "ja", "nb", "zh"} or dictionary["entries_format"] != "tsv":
            return refusal(400, "Unsupported glossary language pair or format")
        self.made += 1
        identifier = f"def3a26b-3e84-45b3-84ae-{self.made:012}"
        self.glossaries[identifier] = dictionary
        counted = {**dictionary, "entry_count": dictionary["entries"].count("\n") + 1}
        answer = {"glossary_id": identifier, "name": wanted["name"], "dictionaries": [counted]}
        return reply(answer | {"creation_time": "2026-11-03T14:16:18.329Z"}, 201)


def _fault(wanted: dict[str, Any]) -> str:
    if unknown := wanted.keys() - PARAMETERS:
        return f"Bad request: unknown {sorted(unknown)}"
    texts = wanted.get("text")
    if not isinstance(texts, list) or not 0 < len(texts) <= 50:
        return "Parameter 'text' not specified."
    if wanted.get("source_lang") not in SOURCES:
        return "Value for 'source_lang' not supported."
    if wanted.get("target_lang") not in TARGETS:
        return "Value for 'target_lang' not supported."
    if wanted.get("formality", "default") not in FORMALITIES:
        return "Value for 'formality' not supported."
    if wanted.get("model_type", "latency_optimized") not in MODEL_TYPES:
        return "Value for 'model_type' not supported."
    return ""


def sent_translations(server: Server) -> list[dict[str, Any]]:
    """The bodies of all translation requests that a server has received."""
    return [request.json() for request in server.requests if request.path == "/v2/translate"]
