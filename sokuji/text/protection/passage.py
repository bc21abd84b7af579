"""A passage of a text, the forms in which a translator is asked for it, and which of the answers is taken."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from sokuji.errors import ProviderFailed
from sokuji.text.glossary import fill, find, normalised
from sokuji.text.protection.spans import ProtectedSpan, find_spans, write
from sokuji.text.protection.stand_ins import StandInText, prefixes_for
from sokuji.text.protection.verification import between, has_letters, locate
from sokuji.text.punctuation import has_words

Ask = Callable[[list[str]], Awaitable[list[str]]]
"""Has texts translated: one translation for each, in the same order."""

_CLAUSE_END = re.compile(r"(?<=[,;:—–])\s+")


@dataclass(frozen=True, slots=True)
class TranslationTask:
    """What to translate, and how the translator works."""

    text: str
    pair: tuple[str, str]
    """The source and the target language, canonical codes."""
    glossary: Mapping[str, str] = field(default_factory=dict)
    """Terms to protect; has passed ``glossary.check``."""
    native_glossary: Mapping[str, str] = field(default_factory=dict)
    """Terms that the translator applies itself."""
    by_sentence: bool = True
    """Whether the translator translates each sentence by itself, so that the text may be divided at no loss.
    Otherwise it is divided only if the translation of the whole is not accepted."""


class Answers:
    """The translations that a translator has given so far, by text."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._answers: dict[str, str] = {}

    async def add(self, texts: Sequence[str]) -> None:
        """Have texts translated in one call; those without letters, or with a translation, are not asked."""
        bodies = dict.fromkeys(text.strip() for text in texts)
        wanted = [body for body in bodies if has_letters(body) and not has_words(self._answers.get(body, ""))]
        if wanted:
            answers = await self._ask(wanted)
            self._answers |= dict(zip(wanted, map(normalised, answers), strict=True))

    def __getitem__(self, text: str) -> str:
        """The translation of a text, with the outer space of the text; text without letters is unchanged."""
        body = text.strip()
        start = text.index(body)
        return text[:start] + self._answers.get(body, body).strip() + text[start + len(body) :]


class Passage:
    """One or more sentences with their protected spans."""

    def __init__(self, text: str, spans: Sequence[ProtectedSpan], task: TranslationTask) -> None:
        self.text = text
        self.spans = spans
        self._pair = task.pair
        self.has_words = has_letters("".join(between(text, spans)))
        """Whether there is anything to translate between the spans."""
        self._has_terms = any(each.kind == "term" for each in spans)
        self._native_targets = [each.target for each in find(text, task.native_glossary)]

    @property
    def drafts(self) -> list[str]:
        """To be translated first."""
        if not self.has_words:
            return []
        if not self._has_terms:
            return [self.text]
        return [self.text, self._with_targets, *(each.text for each in self._stand_ins[:1])]

    @property
    def retries(self) -> list[str]:
        """To be translated if no translation of the drafts is accepted."""
        if not self.has_words:
            return []
        return [*self.drafts, *(each.text for each in self._stand_ins), *(each.words for each in self._parts)]

    def accepted(self, answers: Answers) -> str | None:
        """The translation of the drafts; None if it is not accepted."""
        if not self.has_words:
            return write(self.text, self.spans)
        if not self._has_terms:
            plain = answers[self.text]
            return plain if self._places(plain) is not None else None
        safe = self._undone(answers, self._stand_ins[:1])
        return None if safe is None else self._natural(answers, safe) or safe

    def safe(self, answers: Answers) -> str:
        """The best of the translations of drafts and retries.

        Raises:
            ProviderFailed: the translator returns no words, or digits that are not in the passage.
        """
        if (accepted := self.accepted(answers)) is not None:
            return accepted
        undone = self._undone(answers, self._stand_ins)
        return self._joined(answers) if undone is None else undone

    @cached_property
    def _stand_ins(self) -> list[StandInText]:
        """Those of the drafts, and one for the retries."""
        prefixes = prefixes_for(self.text)[: 2 if self._has_terms else 1] if self.spans else []
        return [StandInText(self.text, self.spans, prefix, self._pair) for prefix in prefixes]

    @cached_property
    def _with_targets(self) -> str:
        """The text with its terms in the target language."""
        return write(self.text, [each for each in self.spans if each.kind == "term"])

    @cached_property
    def _parts(self) -> list["_Part"]:
        """The text between the spans; without spans its clauses."""
        if self.spans:
            return [_Part(each) for each in between(self.text, self.spans)]
        ends = [0, *(match.end() for match in _CLAUSE_END.finditer(self.text)), len(self.text)]
        return [_Part(self.text[begin:end]) for begin, end in pairwise(ends)]

    def _places(self, translation: str) -> list[ProtectedSpan] | None:
        required = [
            span
            for target in self._native_targets
            for span in find_spans(target, self._pair[1], self._pair[1])
        ]
        return locate(self.text, self.spans, translation, self._pair, required)

    def _undone(self, answers: Answers, stand_ins: Sequence[StandInText]) -> str | None:
        tries = (each.undo(answers[each.text]) for each in stand_ins)
        return next((each for each in tries if each is not None), None)

    def _natural(self, answers: Answers, safe: str) -> str | None:
        """A translation made without stand-ins, if it has the terms in the same order as ``safe``."""
        targets = {each.target: each.target for each in self.spans if each.kind == "term"}
        order = [each.target for each in find(safe, targets, in_compounds=True)]
        for translation in (answers[self.text], answers[self._with_targets]):
            there = find(translation, targets, in_compounds=True)
            if [each.target for each in there] == order and self._places(translation) is not None:
                return fill(translation, there)
        return None

    def _joined(self, answers: Answers) -> str:
        """The spans in the order of the source, and between them the translations of the parts.

        A part without a usable translation stays as it is: words in the source's language are better than
        words lost.
        """
        translations = [each.translated(answers, self._pair) for each in self._parts]
        if not any(
            each is not None for part, each in zip(self._parts, translations, strict=True) if part.words
        ):
            raise ProviderFailed("the translator returned no usable translation of a text with words")
        if not self.spans and None in translations:
            raise ProviderFailed("the translator returned no usable translation of a part of the text")
        targets = [each.target for each in self.spans] if self.spans else [""] * (len(self._parts) - 1)
        texts = [
            part.text if each is None else each for part, each in zip(self._parts, translations, strict=True)
        ]
        return texts[0] + "".join(target + text for target, text in zip(targets, texts[1:], strict=True))


class _Part:
    """Words between two protected spans, with the space and the punctuation around them."""

    def __init__(self, text: str) -> None:
        self.text = text
        letters = [place for place, character in enumerate(text) if character.isalnum()]
        begin, end = (letters[0], letters[-1] + 1) if has_letters(text) else (0, 0)
        self._before, self.words, self._after = text[:begin], text[begin:end], text[end:]
        """``words``: without the outer punctuation; empty if there are none."""

    def translated(self, answers: Answers, pair: tuple[str, str]) -> str | None:
        """The translation; None if the translator returned no words, or added a protected span."""
        if not self.words:
            return self.text
        translation = answers[self.words].strip()
        if locate(self.words, [], translation, pair) is None:
            return None
        if self.words[:1].islower() and translation[1:2].islower():
            translation = translation[:1].lower() + translation[1:]
        return self._before + translation + self._after
