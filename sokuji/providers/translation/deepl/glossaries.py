"""Glossaries at DeepL: made when they are first needed, kept while they are used, deleted to make room.

Written against "Glossaries" of the DeepL API, v3, and "Create a glossary" for the languages that have them
(https://developers.deepl.com/api-reference/multilingual-glossaries), looked up 2026-11. DeepL declines the
terms as the sentence wants it. A replica that is killed leaves its glossaries behind: named "sokuji".
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
"""The languages that DeepL has had for longest; those added since the end of 2025 have none."""
LONGEST_FAREWELL_S = 5.0
"""For deleting all glossaries at the end."""
_ID = re.compile("[0-9A-Za-z-]{1,64}")

log = logging.getLogger(__name__)


class Content(NamedTuple):
    """What tells glossaries apart. Codes are canonical ones."""

    source: str
    target: str
    terms: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, source: str, target: str, glossary: Mapping[str, str]) -> "Content":
        """The same terms in another order are the same glossary."""
        terms = ((term.strip(), wanted.strip()) for term, wanted in glossary.items())
        return cls(source, target, tuple(sorted(terms)))


@dataclass(eq=False, slots=True)
class _Glossary:
    """One at DeepL, or on its way there."""

    creation: asyncio.Task[str]
    uses: int = 0
    """Calls under way with it."""
    kept: bool = True
    """Whether it may be used again."""

    @property
    def made(self) -> bool:
        return self.creation.done() and not self.failed

    @property
    def failed(self) -> bool:
        creation = self.creation
        return creation.done() and (creation.cancelled() or creation.exception() is not None)


class Glossaries:
    """The glossaries of one provider.

    Args:
        service: where they are.
        most: kept at the same time; more only while more are in use.
    """

    def __init__(self, service: CloudClient, most: int) -> None:
        self._service = service
        self._most = most
        self._kept: OrderedDict[Content, _Glossary] = OrderedDict()
        self._deletions: set[asyncio.Task[None]] = set()

    def resize(self, most: int) -> None:
        """Keep so many from the next use on."""
        self._most = most

    @asynccontextmanager
    async def lend(self, content: Content) -> AsyncIterator[str]:
        """The id of a glossary with this content, which lasts as long as the block.

        Raises:
            SokujiError: whatever DeepL says to making it.
        """
        glossary = self._kept.get(content)
        if glossary is None or glossary.failed:
            glossary = self._kept[content] = _Glossary(asyncio.create_task(self._create(content)))
            glossary.creation.add_done_callback(_look_at)
        self._kept.move_to_end(content)
        glossary.uses += 1
        try:
            # Others may wait for it as well.
            yield await asyncio.shield(glossary.creation)
        except ProviderFailed:
            # Somebody may have deleted it at DeepL.
            self._drop(content, glossary)
            raise
        finally:
            glossary.uses -= 1
            if glossary.failed:
                self._drop(content, glossary)
            self._clear(glossary)
            self._make_room()

    async def aclose(self) -> None:
        """Delete all."""
        if self._kept:
            await asyncio.wait([each.creation for each in self._kept.values()], timeout=LONGEST_FAREWELL_S)
        for content, glossary in list(self._kept.items()):
            self._drop(content, glossary)
            self._clear(glossary)
        if self._deletions:
            await asyncio.wait(self._deletions, timeout=LONGEST_FAREWELL_S)
        for deletion in self._deletions:
            deletion.cancel()

    def _drop(self, content: Content, glossary: _Glossary) -> None:
        glossary.kept = False
        if self._kept.get(content) is glossary:
            del self._kept[content]

    def _make_room(self) -> None:
        idle = [(content, each) for content, each in self._kept.items() if not each.uses and each.made]
        for content, glossary in idle[: max(0, len(self._kept) - self._most)]:
            self._drop(content, glossary)
            self._clear(glossary)

    def _clear(self, glossary: _Glossary) -> None:
        """Delete it at DeepL once nobody can use it any more."""
        if glossary.made and not glossary.kept and not glossary.uses:
            deletion = asyncio.create_task(self._delete(glossary.creation.result()))
            self._deletions.add(deletion)
            deletion.add_done_callback(self._deletions.discard)

    async def _create(self, content: Content) -> str:
        dictionary = {
            "source_lang": str(LANGUAGES[content.source].deepl).lower(),
            "target_lang": str(LANGUAGES[content.target].deepl).lower(),
            "entries": "\n".join(f"{term}\t{wanted}" for term, wanted in content.terms),
            "entries_format": "tsv",
        }
        made = await self._service.send_json(
            "POST", "/v3/glossaries", json={"name": "sokuji", "dictionaries": [dictionary]}
        )
        identifier = made.get("glossary_id") if isinstance(made, dict) else None
        if not (isinstance(identifier, str) and _ID.fullmatch(identifier)):
            raise self._service.malformed()
        return identifier

    async def _delete(self, identifier: str) -> None:
        try:
            await self._service.send("DELETE", f"/v3/glossaries/{identifier}")
        except SokujiError as error:
            log.warning("a glossary could not be deleted: %s", error.message)


def _look_at(creation: asyncio.Task[str]) -> None:
    """Nobody may be left to hear of its failure, which asyncio would then report as a mistake."""
    if not creation.cancelled():
        creation.exception()
