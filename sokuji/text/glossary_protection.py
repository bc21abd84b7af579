"""Makes translators without glossary support keep the terms of a glossary, by means of placeholders.

Neither replacing a term's usual translation afterwards nor putting the target term into the source is safe:
models choose other words, inflect, translate and drop terms. So each term is replaced by a placeholder that
models copy because it has no meaning ("QX61"), and the placeholder by the target afterwards. A translation is
accepted only if it holds each placeholder as often as the source, and no trace of another one. Otherwise
other placeholders are tried; if none survives, the text between the terms is translated part by part.

Words around a placeholder may lack the agreement that they have around a real word. So the text as it is, and
the text with the target terms in it, are translated in the same call; one of these translations is preferred
if it has the same targets in the same order as the accepted one. Only sentences with terms cost more; all
sentences go to the translator in one call.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from itertools import count, pairwise

from sokuji.text.glossary import Occurrence, fill, find, normalised
from sokuji.text.punctuation import (
    CLOSING,
    SENTENCE_MARKS,
    UNSPACED_SENTENCE_MARKS,
    ends_abbreviation,
    is_spaceless,
)

Translate = Callable[[list[str]], Awaitable[list[str]]]
"""Translates texts: one translation for each, in the same order."""

PREFIXES = ("QX", "ZV", "Kor", "74")
"""Prefixes of the placeholders, one for each attempt, the most robust first; a number follows."""
FIRST_NUMBER = 61
"""Of two digits, and rare in translations."""

_SENTENCE_END = re.compile(
    rf"[\r\n]++|([{SENTENCE_MARKS}]){CLOSING}+\s++|[{UNSPACED_SENTENCE_MARKS}]{CLOSING}+"
)


async def translate(text: str, glossary: Mapping[str, str], ask: Translate) -> str:
    """Translate ``text`` by ``ask``, with the target of each term of the glossary once per occurrence.

    Args:
        text: to be translated.
        glossary: has passed ``glossary.check``.
        ask: the translator.
    """
    text = normalised(text)
    sentences = list(_sentences(text, find(text, glossary)))
    translations = await _translate_all([draft for each in sentences for draft in each.drafts], ask)
    if lost := [each for each in sentences if each.translated(translations) is None]:
        translations |= await _translate_all([text for each in lost for text in each.retries], ask)
        lost = [each for each in lost if each.translated(translations) is None]
        translations |= await _translate_all([part for each in lost for part in each.parts], ask)
    return "".join(
        each.joined(translations) if (translated := each.translated(translations)) is None else translated
        for each in sentences
    )


async def _translate_all(texts: Sequence[str], ask: Translate) -> dict[str, str]:
    """Text -> translation, with the outer space of the text; text without letters and digits is unchanged."""
    bodies = {text: text.strip() for text in texts}
    wanted = list(dict.fromkeys(body for body in bodies.values() if any(map(str.isalnum, body))))
    answers = dict(zip(wanted, await ask(wanted), strict=True)) if wanted else {}
    translations = {}
    for text, body in bodies.items():
        start = text.index(body)
        translations[text] = text[:start] + answers.get(body, body).strip() + text[start + len(body) :]
    return translations


def _sentences(text: str, found: Sequence[Occurrence]) -> Iterator["_Sentence"]:
    """The text divided into sentences with terms, and the undivided text between those."""
    inside = {place for each in found for place in range(each.start + 1, each.end)}
    ends = (
        match.end()
        for match in _SENTENCE_END.finditer(text)
        if not (match[1] and ends_abbreviation(text, match.end(1)))
    )
    cuts = [0, *(end for end in ends if end not in inside), len(text)]
    starts = [each.start for each in found]
    done = 0
    for begin, end in pairwise(cuts):
        own = found[bisect_left(starts, begin) : bisect_left(starts, end)]
        if own:
            yield _Sentence(text[done:begin], [])
            yield _Sentence(text[begin:end], [Occurrence(a - begin, b - begin, term) for a, b, term in own])
            done = end
    yield _Sentence(text[done:], [])


class _Sentence:
    """A sentence with terms, or any text without terms."""

    def __init__(self, text: str, found: Sequence[Occurrence]) -> None:
        self._text = text
        self._found = found
        prefixes = [prefix for prefix in PREFIXES if found and prefix.casefold() not in _squeezed(text)]
        self._protections = [_Protection(text, found, prefix) for prefix in prefixes]
        begins, ends = [0, *(each.end for each in found)], [*(each.start for each in found), len(text)]
        self.parts = [text[begin:end] for begin, end in zip(begins, ends, strict=True)]
        """The text before, between and after the terms."""

    @property
    def drafts(self) -> list[str]:
        """To be translated first: the text as it is, with its target terms, and with placeholders."""
        return [self._text, fill(self._text, self._found), *(each.text for each in self._protections[:1])]

    @property
    def retries(self) -> list[str]:
        """To be translated if the first placeholders were lost."""
        return [each.text for each in self._protections[1:]]

    def translated(self, translations: Mapping[str, str]) -> str | None:
        """The best of the translations so far; None if all placeholders were lost."""
        if not self._found:
            return translations[self._text]
        tries = (
            each.undo(translations[each.text]) for each in self._protections if each.text in translations
        )
        safe = next((each for each in tries if each is not None), None)
        return None if safe is None else self._natural(translations, safe) or safe

    def _natural(self, translations: Mapping[str, str], safe: str) -> str | None:
        """A translation made without placeholders, if its targets and their order are those of ``safe``."""
        targets = {each.target: each.target for each in self._found}
        order = [each.target for each in find(normalised(safe), targets, in_compounds=True)]
        if Counter(each.target for each in self._found) <= Counter(order):
            for text in (normalised(translations[draft]) for draft in self.drafts[:2]):
                there = find(text, targets, in_compounds=True)
                if [each.target for each in there] == order:
                    return fill(text, there)
        return None

    def joined(self, translations: Mapping[str, str]) -> str:
        """The targets of the terms, and between them the translations of ``parts``."""
        text = translations[self.parts[0]]
        for term, part in zip(self._found, self.parts[1:], strict=True):
            text += (" " if _needs_space(text[-1:]) else "") + term.target
            text += (" " if _needs_space(translations[part][:1]) else "") + translations[part]
        return text


def _needs_space(edge: str) -> bool:
    """Whether a space must separate the first or last character of a part from a term: a translator may
    have removed the punctuation between them."""
    return edge.isalnum() and not is_spaceless(edge)


class _Protection:
    """A text whose terms are replaced by placeholders, one for each target."""

    def __init__(self, text: str, found: Sequence[Occurrence], prefix: str) -> None:
        targets = dict.fromkeys(each.target for each in found)
        letters = _squeezed(text)
        unused = (str(number) for number in count(FIRST_NUMBER) if str(number) not in letters)
        numbers = dict(zip(targets, unused, strict=False))
        placeholders = {target: prefix + number for target, number in numbers.items()}
        self._targets = {placeholder: target for target, placeholder in placeholders.items()}
        self._expected = Counter(each.target for each in found)
        self._traces = [prefix.casefold(), *numbers.values()]
        self.text = fill(text, found, placeholders)

    def undo(self, translation: str) -> str | None:
        """The translation with the targets in place; None if a placeholder was lost, doubled or changed."""
        there = find(translation, self._targets, in_compounds=True)
        if Counter(each.target for each in there) != self._expected:
            return None
        rest = _squeezed(fill(translation, there, dict.fromkeys(self._targets.values(), " ")))
        return None if any(trace in rest for trace in self._traces) else fill(translation, there)


def _squeezed(text: str) -> str:
    """Letters and digits in lower case, in which a placeholder is found even if characters were inserted."""
    return "".join(character for character in text.casefold() if character.isalnum())
