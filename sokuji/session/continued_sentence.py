"""Translates a sentence whose clauses are committed one after another, in one target language.

A clause alone is translated worse than within its sentence. So the sentence is translated again as far as it
is known, and what that adds to the translation so far is the translation of the clause. Where it contradicts
what has been said, which is never taken back, the clause is translated alone.

A clause that still grows is translated again and again, words included that may yet change. Words on which
two such translations agree are shown: LocalAgreement-2 (``text.stable_text``) on the side of the target. The
translation of the clause begins with them.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from sokuji.contract import TranslatedText
from sokuji.session.clause import Clause, ClausePosition
from sokuji.text import sentence_case
from sokuji.text.growing_translation import StableTranslation, completion, continuation
from sokuji.text.punctuation import with_space, words

Translate = Callable[[Clause, str, tuple[str, ...]], Awaitable[TranslatedText]]
"""Translates a text, the last words of which are a clause, with the clauses before it as its context."""


@dataclass(frozen=True, slots=True)
class GrowingTranslation:
    """The translation of a clause that still grows."""

    text: str
    stable_chars: int
    """Characters of ``text`` with which the translation of the clause will begin."""
    provider: str | None


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence as far as it has been translated."""

    source: str
    target: str
    clauses: int
    runs_over: bool = False
    """Whether words that were shown may translate more than these clauses: what follows continues them, even
    behind a mark that ends the sentence."""

    def with_clause(self, source: str, target: str, *, runs_over: bool) -> "_Sentence":
        """The sentence with another clause."""
        return _Sentence(
            self.source + with_space(self.source, source),
            self.target + with_space(self.target, target),
            self.clauses + 1,
            runs_over,
        )


_NOTHING = _Sentence("", "", 0)


@dataclass(frozen=True, slots=True)
class _Shown:
    """What has been shown of the translation of a sentence with the clause that grows."""

    position: ClausePosition
    before: str
    """The translation of the clauses before it."""
    words: StableTranslation

    @property
    def stable(self) -> str:
        """The words of the clause that have been shown."""
        return self._of_clause(self.words.stable)

    @property
    def text(self) -> str:
        """All its words so far, which begin with those."""
        return self._of_clause(self.words.text)

    def _of_clause(self, text: str) -> str:
        """What a text adds to the clauses before, without the mark between them."""
        added = text[len(self.before) :]
        spans = words(added)
        return added[spans[0].start :].rstrip() if spans else ""


class ContinuedSentence:
    """The sentence that is being translated.

    ``expect``, ``translate`` and ``note`` are called in this order for every clause that is committed;
    ``translate`` also for one that may yet be, after ``expect`` for the clause before it. ``preview`` is for
    the clause after the last one that is expected, and not while that clause is translated.
    """

    def __init__(self, target: str, translate: Translate) -> None:
        self._target = target
        self._translate = translate
        self._sentences: dict[ClausePosition, asyncio.Future[_Sentence | None]] = {}
        """The sentence up to and with a clause; None: the clause has no translation."""
        self._shown: _Shown | None = None
        self._previewed = ""
        """The last translation of a sentence with a clause that grows."""

    def expect(self, clause: Clause) -> None:
        """A clause has been committed."""
        self._sentences[clause.position] = asyncio.get_running_loop().create_future()

    async def preview(self, clause: Clause) -> GrowingTranslation | None:
        """The translation of a clause that still grows; raises what translating raises.

        None: it has no words, or how it continues its sentence cannot be said.
        """
        if self._sentences:
            await asyncio.shield(next(reversed(self._sentences.values())))
        begun = await self._begun(clause)
        if begun is None and clause.continues_sentence:
            return None
        whole = await self._whole(begun or _NOTHING, clause)
        shown = self._shown_of(clause, begun)
        shown.words.add(whole.text)
        self._shown, self._previewed = shown, whole.text
        return GrowingTranslation(shown.text, len(shown.stable), whole.provider) if shown.text else None

    async def translate(self, clause: Clause) -> TranslatedText:
        """The translation of a clause as it continues its sentence; raises what translating raises."""
        begun, shown = await self._begun(clause), self._text_shown(clause)
        if shown:
            return await self._completed(begun or _NOTHING, clause, shown)
        if begun is not None:
            whole = await self._whole(begun, clause)
            added = continuation(begun.target, whole.text)
            if added or (begun.runs_over and completion(begun.target, whole.text) is not None):
                return replace(whole, text=added)
        return await self._alone(clause)

    async def note(self, clause: Clause, translation: str) -> None:
        """Note the translation of a committed clause; empty: it has none."""
        begun, shown = await self._begun(clause), self._text_shown(clause)
        self._sentences = {place: each for place, each in self._sentences.items() if place >= clause.position}
        sentence, begun = None, begun or _NOTHING
        if translation or begun.runs_over:
            runs_over = translation == shown if translation else begun.runs_over
            sentence = begun.with_clause(clause.text, translation, runs_over=runs_over)
        self._sentences[clause.position].set_result(sentence)

    async def _completed(self, begun: _Sentence, clause: Clause, shown: str) -> TranslatedText:
        """The translation of a clause that begins with the words ``shown``."""
        whole = await self._whole(begun, clause)
        added = completion(begun.target + with_space(begun.target, shown), whole.text)
        if added is None:
            # To say something twice is better than to leave it out.
            whole = await self._alone(clause)
            added = with_space(shown, whole.text)
        return replace(whole, text=shown + added)

    async def _alone(self, clause: Clause) -> TranslatedText:
        """The translation of a clause without the words before it."""
        alone = await self._whole(_NOTHING, clause)
        if not clause.continues_sentence:
            return alone
        return replace(alone, text=sentence_case.continued(alone.text, clause.text, self._target))

    async def _whole(self, begun: _Sentence, clause: Clause) -> TranslatedText:
        """The translation of a sentence with another clause."""
        text = begun.source + with_space(begun.source, clause.text)
        context = clause.context[: -begun.clauses] if begun.clauses else clause.context
        return await self._translate(clause, text, context)

    async def _begun(self, clause: Clause) -> _Sentence | None:
        """The sentence that a clause continues; None: it begins one."""
        before = self._sentences.get((clause.segment_id, clause.number - 1))
        if before is None or not clause.text:
            return None
        # One that waits for it may be dropped.
        sentence = await asyncio.shield(before)
        return sentence if sentence and (clause.continues_sentence or sentence.runs_over) else None

    def _text_shown(self, clause: Clause) -> str:
        """The words that the translation of a clause has to begin with."""
        shown = self._shown
        return shown.stable if shown is not None and shown.position == clause.position else ""

    def _shown_of(self, clause: Clause, begun: _Sentence | None) -> _Shown:
        """What has been shown of a clause, so far."""
        if self._shown is not None and self._shown.position == clause.position:
            return self._shown
        shown = StableTranslation(begun.target if begun else "")
        before = shown.stable
        if begun is not None and self._previewed:
            # Words behind the clause before this one have been translated once.
            shown.add(self._previewed)
        return _Shown(clause.position, before, shown)
