"""A text whose protected spans are replaced by stand-ins that a translator copies. Pure.

Neither replacing a term's usual translation afterwards nor putting the target term into the source is safe:
models choose other words, inflect, translate and drop terms. A stand-in has no meaning ("QX61"), or is a
small number in place of a large one ("61"), around which the words keep their agreement. A translation is
accepted only if it holds each stand-in as often as the source, and nothing that looks like another one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

from sokuji.text.glossary import normalised
from sokuji.text.protection.spans import Kind, ProtectedSpan, literal_keys
from sokuji.text.protection.verification import locate

PREFIXES = ("QX", "ZV")
"""Prefixes of the stand-ins, one for each attempt, the most robust first; a number follows."""
FIRST_NUMBER = 61
"""Of two digits, and rare in translations."""


@dataclass(frozen=True, slots=True)
class _StandIn:
    """A stand-in in the text, and what it stands for."""

    span: ProtectedSpan
    """Of the stand-in itself, in the text with stand-ins."""
    target: str
    glued_left: bool
    """Whether it is a closing tag after a word, from which a space separates its stand-in."""
    glued_right: bool
    """Whether it is an opening tag before a word."""


class StandInText:
    """A text with stand-ins in place of its spans.

    Args:
        source: the text.
        spans: of ``source``.
        prefix: of the stand-ins, one of ``PREFIXES``. With the first one, numbers stand for numbers.
        pair: the source and the target language.
    """

    def __init__(
        self, source: str, spans: Sequence[ProtectedSpan], prefix: str, pair: tuple[str, str]
    ) -> None:
        self._pair = pair
        self._stand_ins: list[_StandIn] = []
        self._traces = {prefix.casefold()}
        self.text = ""
        """The text with stand-ins, which is to be translated."""
        names: dict[str, str] = {}
        numbers = _unused_numbers(source)
        end = 0
        for run in _runs(source, spans):
            self.text += source[end : run.start]
            identity = run.target if run.kind == "term" else f"{run.start}"
            if identity not in names:
                number = next(numbers)
                self._traces.add(number)
                names[identity] = (
                    number if run.kind == "number" and prefix == PREFIXES[0] else prefix + number
                )
            self._add(names[identity], run, source)
            end = run.end
        self.text += source[end:]

    def _add(self, name: str, run: ProtectedSpan, source: str) -> None:
        needs_space = self.text[-1:].isalnum()
        space_follows = source[run.end : run.end + 1].isalnum()
        is_closing = run.target.startswith("</")
        begin = len(self.text) + needs_space
        keys = frozenset({name}) if name.isdecimal() else literal_keys(name)
        kind: Kind = "number" if name.isdecimal() else "tag" if run.kind == "tag" else "literal"
        span = ProtectedSpan(begin, begin + len(name), kind, keys, name)
        is_tag = run.kind == "tag"
        self._stand_ins.append(
            _StandIn(
                span,
                run.target,
                glued_left=is_tag and is_closing and needs_space,
                glued_right=is_tag and not is_closing and space_follows,
            )
        )
        self.text += " " * needs_space + name + " " * space_follows

    def undo(self, translation: str) -> str | None:
        """The translation with the spans in place; None if a stand-in was lost, doubled or changed."""
        translation = normalised(translation)
        spans = [each.span for each in self._stand_ins]
        places = locate(self.text, spans, translation, self._pair)
        if places is None or self._has_traces(translation, places):
            return None
        waiting = list(self._stand_ins)
        parts, end, glued = [], 0, False
        for place in places:
            stand_in = next(each for each in waiting if each.span.target == place.target)
            waiting.remove(stand_in)
            gap = translation[end : place.start]
            gap = gap.removeprefix(" ") if glued else gap
            parts += [gap.removesuffix(" ") if stand_in.glued_left else gap, stand_in.target]
            end, glued = place.end, stand_in.glued_right
        rest = translation[end:]
        return "".join(parts) + (rest.removeprefix(" ") if glued else rest)

    def _has_traces(self, translation: str, places: Iterable[ProtectedSpan]) -> bool:
        """Whether the words around the stand-ins hold remains of others."""
        rest, end = "", 0
        for place in places:
            rest += translation[end : place.start] + "|"
            end = place.end
        rest = _squeezed(rest + translation[end:])
        return any(trace in rest for trace in self._traces)


def _runs(source: str, spans: Sequence[ProtectedSpan]) -> Iterator[ProtectedSpan]:
    """The spans, with neighbours joined to one where a translator may not put words between them."""
    run: ProtectedSpan | None = None
    for span in spans:
        if run is not None and _can_join(run, span, gap := source[run.end : span.start]):
            kind: Kind = "tag" if span.kind == "tag" else "literal"
            run = replace(run, end=span.end, kind=kind, target=run.target + gap + span.target)
            continue
        if run is not None:
            yield run
        run = span
    if run is not None:
        yield run


def _can_join(left: ProtectedSpan, right: ProtectedSpan, gap: str) -> bool:
    """Whether spans are tags that open or close together, or are no tags and separated by spaces only."""
    kinds = {left.kind, right.kind}
    if kinds == {"tag"}:
        return not gap and left.target.startswith("</") == right.target.startswith("</")
    return not kinds & {"tag", "term"} and not gap.strip(" \u00a0")


def _unused_numbers(text: str) -> Iterator[str]:
    letters = _squeezed(text)
    return (str(number) for number in count(FIRST_NUMBER) if str(number) not in letters)


def _squeezed(text: str) -> str:
    """Letters and digits in lower case, in which a stand-in is found even if characters were inserted."""
    return "".join(character for character in text.casefold() if character.isalnum() or character == "|")


def prefixes_for(text: str) -> list[str]:
    """The prefixes that the text itself does not have."""
    letters = _squeezed(text)
    return [prefix for prefix in PREFIXES if prefix.casefold() not in letters]
