"""Translates a sentence whose clauses are committed one after another, in one target language.

A clause alone is translated worse than within its sentence. So the sentence is translated again as far as it
is known, and what that adds to the translation so far is the translation of the clause. Where it contradicts
what has been said, which is never taken back, the clause is translated alone.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from sokuji.contract import TranslatedText
from sokuji.session.clause import Clause, ClausePosition
from sokuji.text import sentence_case
from sokuji.text.punctuation import with_space
from sokuji.text.stable_text import continuation

Translate = Callable[[Clause, str, tuple[str, ...]], Awaitable[TranslatedText]]
"""Translates a text, the last words of which are a clause, with the clauses before it as its context."""


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence as far as it has been translated."""

    source: str
    target: str
    clauses: int


class ContinuedSentence:
    """The sentence that is being translated.

    ``expect``, ``translate`` and ``note`` are called in this order for every clause that is committed;
    ``translate`` also for one that may yet be, after ``expect`` for the clause before it.
    """

    def __init__(self, target: str, translate: Translate) -> None:
        self._target = target
        self._translate = translate
        self._sentences: dict[ClausePosition, asyncio.Future[_Sentence | None]] = {}
        """The sentence up to and with a clause; None: the clause has no translation."""

    def expect(self, clause: Clause) -> None:
        """A clause has been committed."""
        self._sentences[clause.position] = asyncio.get_running_loop().create_future()

    async def translate(self, clause: Clause) -> TranslatedText:
        """The translation of a clause as it continues its sentence; raises what translating raises."""
        begun = await self._begun(clause)
        if begun is not None:
            context = clause.context[: -begun.clauses]
            whole = await self._translate(
                clause, begun.source + with_space(begun.source, clause.text), context
            )
            added = continuation(begun.target, whole.text)
            if added:
                return replace(whole, text=added)
        alone = await self._translate(clause, clause.text, clause.context)
        if not clause.continues_sentence:
            return alone
        return replace(alone, text=sentence_case.continued(alone.text, clause.text, self._target))

    async def note(self, clause: Clause, translation: str) -> None:
        """Note the translation of a committed clause; empty: it has none."""
        begun = await self._begun(clause)
        self._sentences = {place: each for place, each in self._sentences.items() if place >= clause.position}
        sentence = None
        if translation and begun is not None:
            sentence = _Sentence(
                begun.source + with_space(begun.source, clause.text),
                begun.target + with_space(begun.target, translation),
                begun.clauses + 1,
            )
        elif translation:
            sentence = _Sentence(clause.text, translation, 1)
        self._sentences[clause.position].set_result(sentence)

    async def _begun(self, clause: Clause) -> _Sentence | None:
        """The sentence that a clause continues; None: it begins one."""
        before = self._sentences.get((clause.segment_id, clause.number - 1))
        if before is None or not clause.text or not clause.continues_sentence:
            return None
        # One that waits for it may be dropped.
        return await asyncio.shield(before)
