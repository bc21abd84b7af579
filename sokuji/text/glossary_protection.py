"""Translation in which the terms of a glossary come out as told, by translators that know no glossaries.

Neither replacing a term's usual translation afterwards nor putting the target term into the source is safe:
models choose other words, decline, translate and drop. So each term is replaced by a stand-in that models
copy because it means nothing ("QX61"), and put back afterwards. A translation counts only if each stand-in
has come back as often as it went in, and nothing that looks like another one; otherwise other stand-ins are
tried, and where none survives, what stands between the terms is translated piece by piece.

The words around a stand-in may lack the agreement that they have around a real word. So the translations of
the text as it is and with the target terms in it are asked for at the same time; one that has the same
targets in the same order as the safe translation reads better than that and is taken. Only sentences with
terms in them cost this; all go to the translator in one call.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from itertools import count, pairwise

from sokuji.text.glossary import Occurrence, fill, find, normal
from sokuji.text.punctuation import (
    CLOSING,
    SENTENCE_MARKS,
    UNSPACED_SENTENCE_MARKS,
    ends_abbreviation,
    is_spaceless,
)

Ask = Callable[[list[str]], Awaitable[list[str]]]
"""Translates texts: one answer for each, in the same order."""

HEADS = ("QX", "ZV", "Kor", "74")
"""What the stand-ins of a try begin with, the most robust first; a number follows."""
FIRST_NUMBER = 61
"""Of two digits, and one that translators seldom write of themselves."""

_SENTENCE_END = re.compile(
    rf"[\r\n]++|([{SENTENCE_MARKS}]){CLOSING}+\s++|[{UNSPACED_SENTENCE_MARKS}]{CLOSING}+"
)


async def translate(text: str, glossary: Mapping[str, str], ask: Ask) -> str:
    """``text`` as ``ask`` translates it, with each term of the glossary in it as told, once per occurrence.

    Args:
        glossary: has passed ``glossary.check``.
    """
    text = normal(text)
    sentences = list(_sentences(text, find(text, glossary)))
    said = await _translations([draft for each in sentences for draft in each.drafts], ask)
    if lost := [each for each in sentences if each.translated(said) is None]:
        said |= await _translations([text for each in lost for text in each.retries], ask)
        lost = [each for each in lost if each.translated(said) is None]
        said |= await _translations([piece for each in lost for piece in each.pieces], ask)
    return "".join(
        each.pieced_together(said) if (translated := each.translated(said)) is None else translated
        for each in sentences
    )


async def _translations(texts: Sequence[str], ask: Ask) -> dict[str, str]:
    """Text -> translation with the outer space of the text; what has no letter or digit stays as it is."""
    bodies = {text: text.strip() for text in texts}
    wanted = list(dict.fromkeys(body for body in bodies.values() if any(map(str.isalnum, body))))
    answers = dict(zip(wanted, await ask(wanted), strict=True)) if wanted else {}
    said = {}
    for text, body in bodies.items():
        start = text.index(body)
        said[text] = text[:start] + answers.get(body, body).strip() + text[start + len(body) :]
    return said


def _sentences(text: str, found: Sequence[Occurrence]) -> Iterator["_Sentence"]:
    """All of the text: sentences with terms one by one, what stands between them undivided."""
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
    """A sentence with terms in it, or any text without."""

    def __init__(self, text: str, found: Sequence[Occurrence]) -> None:
        self._text = text
        self._found = found
        heads = [head for head in HEADS if found and head.casefold() not in _squeezed(text)]
        self._protections = [_Protection(text, found, head) for head in heads]
        begins, ends = [0, *(each.end for each in found)], [*(each.start for each in found), len(text)]
        self.pieces = [text[begin:end] for begin, end in zip(begins, ends, strict=True)]
        """What stands before, between and behind the terms."""

    @property
    def drafts(self) -> list[str]:
        """To be translated first: the text as it is, with its target terms in it, and with stand-ins."""
        return [self._text, fill(self._text, self._found), *(each.text for each in self._protections[:1])]

    @property
    def retries(self) -> list[str]:
        """To be translated when the first stand-ins have not come back."""
        return [each.text for each in self._protections[1:]]

    def translated(self, said: Mapping[str, str]) -> str | None:
        """The best of the translations that there are; None where all stand-ins were lost."""
        if not self._found:
            return said[self._text]
        tries = (each.undo(said[each.text]) for each in self._protections if each.text in said)
        safe = next((each for each in tries if each is not None), None)
        return None if safe is None else self._natural(said, safe) or safe

    def _natural(self, said: Mapping[str, str], safe: str) -> str | None:
        """A translation made without stand-ins, if its targets and their order are those of the safe one."""
        targets = {each.target: each.target for each in self._found}
        order = [each.target for each in find(normal(safe), targets, in_compounds=True)]
        if Counter(each.target for each in self._found) <= Counter(order):
            for text in (normal(said[draft]) for draft in self.drafts[:2]):
                there = find(text, targets, in_compounds=True)
                if [each.target for each in there] == order:
                    return fill(text, there)
        return None

    def pieced_together(self, said: Mapping[str, str]) -> str:
        """The terms as told, and between them the translations of the pieces."""
        whole = said[self.pieces[0]]
        for term, piece in zip(self._found, self.pieces[1:], strict=True):
            whole += (" " if _needs_space(whole[-1:]) else "") + term.target
            whole += (" " if _needs_space(said[piece][:1]) else "") + said[piece]
        return whole


def _needs_space(edge: str) -> bool:
    """Whether the first or last character of a piece must stand apart from a term: a translator may have
    taken away the punctuation between them."""
    return edge.isalnum() and not is_spaceless(edge)


class _Protection:
    """A text whose terms are replaced by stand-ins, one for each target."""

    def __init__(self, text: str, found: Sequence[Occurrence], head: str) -> None:
        targets = dict.fromkeys(each.target for each in found)
        letters = _squeezed(text)
        unused = (str(number) for number in count(FIRST_NUMBER) if str(number) not in letters)
        numbers = dict(zip(targets, unused, strict=False))
        stand_ins = {target: head + number for target, number in numbers.items()}
        self._targets = {stand_in: target for target, stand_in in stand_ins.items()}
        self._expected = Counter(each.target for each in found)
        self._traces = [head.casefold(), *numbers.values()]
        self.text = fill(text, found, stand_ins)

    def undo(self, translation: str) -> str | None:
        """The translation with the terms in place; None where a stand-in was lost, doubled or changed."""
        there = find(translation, self._targets, in_compounds=True)
        if Counter(each.target for each in there) != self._expected:
            return None
        rest = _squeezed(fill(translation, there, dict.fromkeys(self._targets.values(), " ")))
        return None if any(trace in rest for trace in self._traces) else fill(translation, there)


def _squeezed(text: str) -> str:
    """Letters and digits alone, without case: what finds a stand-in that was taken apart."""
    return "".join(character for character in text.casefold() if character.isalnum())
