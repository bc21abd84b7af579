"""Glossaries stored at DeepL: created when they are first needed, shared by requests, deleted to make room.

Written against "Glossaries" of the DeepL API, v3, and "Create a glossary" for the supported languages
(https://developers.deepl.com/api-reference/multilingual-glossaries), looked up 2026-11. A replica that is
killed does not delete its glossaries; their name at DeepL is "sokuji".
"""

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple

from sokuji.errors import ProviderFailed, SokujiError
from sokuji.languages import LANGUAGES
from sokuji.providers.cloud import CloudClient

LANGUAGES_WITH_GLOSSARIES = (
    "ar", "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "he", "hu", "id", "it", "ja", "ko",
    "lt", "lv", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sv", "th", "tr", "uk", "vi", "zh",
)  # fmt: skip
"""Languages with glossaries; DeepL does not support them for languages added since the end of 2025."""
CLOSE_TIMEOUT_S = 5.0
"""Limit for deleting all glossaries when the provider is closed."""
_ID = re.compile("[0-9A-Za-z-]{1,64}")

_log = logging.getLogger(__name__)


class GlossaryContent(NamedTuple):
    """Content of a glossary, by which it is found in the cache. Language codes are canonical."""

    source: str
    target: str
    terms: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, source: str, target: str, glossary: Mapping[str, str]) -> "GlossaryContent":
        """The content of a request's glossary; the order of its terms does not matter."""
        terms = ((term.strip(), translation.strip()) for term, translation in glossary.items())
        return cls(source, target, tuple(sorted(terms)))


@dataclass(eq=False, slots=True)
class _StoredGlossary:
    """A glossary that is stored at DeepL or being created there."""

    creation: asyncio.Task[str]
    uses: int = 0
    """Number of requests that use it at the moment."""
    reusable: bool = True
    """Whether further requests may use it."""

    @property
    def created(self) -> bool:
        return self.creation.done() and not self.failed

    @property
    def failed(self) -> bool:
        creation = self.creation
        return creation.done() and (creation.cancelled() or creation.exception() is not None)


class GlossaryCache:
    """The glossaries of one provider, by their content.

    Args:
        service: the client for DeepL.
        max_glossaries: stored at the same time; exceeded only while more are in use.
    """

    def __init__(self, service: CloudClient, max_glossaries: int) -> None:
        self._service = service
        self._max_glossaries = max_glossaries
        self._glossaries: OrderedDict[GlossaryContent, _StoredGlossary] = OrderedDict()
        """The least recently used first."""
        self._deletions: set[asyncio.Task[None]] = set()

    def resize(self, max_glossaries: int) -> None:
        """Change the limit; it is applied after the next use of a glossary."""
        self._max_glossaries = max_glossaries

    @asynccontextmanager
    async def use(self, content: GlossaryContent) -> AsyncIterator[str]:
        """The id of a glossary with this content, which is not deleted before the end of the block.

        Raises:
            SokujiError: the glossary could not be created.
        """
        glossary = self._glossaries.get(content)
        if glossary is None or glossary.failed:
            glossary = self._glossaries[content] = _StoredGlossary(asyncio.create_task(self._create(content)))
            glossary.creation.add_done_callback(_retrieve_exception)
        self._glossaries.move_to_end(content)
        glossary.uses += 1
        try:
            # Cancelling one request must not cancel the creation: other requests may wait for it too.
            yield await asyncio.shield(glossary.creation)
        except ProviderFailed:
            # The glossary may have been deleted at DeepL by others.
            self._forget(content, glossary)
            raise
        finally:
            glossary.uses -= 1
            if glossary.failed:
                self._forget(content, glossary)
            self._delete_if_unused(glossary)
            self._make_room()

    async def aclose(self) -> None:
        """Delete all glossaries, within twice ``CLOSE_TIMEOUT_S``."""
        if self._glossaries:
            await asyncio.wait([each.creation for each in self._glossaries.values()], timeout=CLOSE_TIMEOUT_S)
        for content, glossary in list(self._glossaries.items()):
            self._forget(content, glossary)
            self._delete_if_unused(glossary)
        if self._deletions:
            await asyncio.wait(self._deletions, timeout=CLOSE_TIMEOUT_S)
        for deletion in self._deletions:
            deletion.cancel()

    def _forget(self, content: GlossaryContent, glossary: _StoredGlossary) -> None:
        glossary.reusable = False
        if self._glossaries.get(content) is glossary:
            del self._glossaries[content]

    def _make_room(self) -> None:
        idle = [
            (content, each) for content, each in self._glossaries.items() if not each.uses and each.created
        ]
        for content, glossary in idle[: max(0, len(self._glossaries) - self._max_glossaries)]:
            self._forget(content, glossary)
            self._delete_if_unused(glossary)

    def _delete_if_unused(self, glossary: _StoredGlossary) -> None:
        """Delete a glossary at DeepL if no request uses it or can come to use it."""
        if glossary.created and not glossary.reusable and not glossary.uses:
            deletion = asyncio.create_task(self._delete(glossary.creation.result()))
            self._deletions.add(deletion)
            deletion.add_done_callback(self._deletions.discard)

    async def _create(self, content: GlossaryContent) -> str:
        dictionary = {
            "source_lang": str(LANGUAGES[content.source].deepl).lower(),
            "target_lang": str(LANGUAGES[content.target].deepl).lower(),
            "entries": "\n".join(f"{term}\t{translation}" for term, translation in content.terms),
            "entries_format": "tsv",
        }
        response = await self._service.send_json(
            "POST", "/v3/glossaries", json={"name": "sokuji", "dictionaries": [dictionary]}
        )
        identifier = response.get("glossary_id") if isinstance(response, dict) else None
        if not (isinstance(identifier, str) and _ID.fullmatch(identifier)):
            raise self._service.malformed_response()
        return identifier

    async def _delete(self, identifier: str) -> None:
        try:
            await self._service.send("DELETE", f"/v3/glossaries/{identifier}")
        except SokujiError as error:
            _log.warning("a glossary could not be deleted: %s", error.message)


def _retrieve_exception(creation: asyncio.Task[str]) -> None:
    """Mark a failure as handled: asyncio logs an exception that no request is left to retrieve."""
    if not creation.cancelled():
        creation.exception()
