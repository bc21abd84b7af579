"""Finds what is said in a subtitle file, SubRip or WebVTT, so that it is replaced and all else kept. Pure.

Numbers, times, settings, headers, notes, styles and empty lines stay as they are. The lines of a cue are one
text, because a sentence goes on from one to the next; a line that begins with a dash is another speaker's.
"""

import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import NamedTuple

_ARROW = "-->"
_LINE_END = re.compile(r"\r\n|\r|\n")
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_DASHES = ("-", "‐", "‑", "–", "—")
_SPACES = re.compile(r"\s+")


class Run(NamedTuple):
    """A part of a subtitle file; all together are the file."""

    text: str
    """With the ends of its lines."""
    is_spoken: bool
    """Whether it is said; otherwise it is copied."""


def is_webvtt(document: str) -> bool:
    """Whether a subtitle file is WebVTT, which says so in its first line; otherwise it is SubRip."""
    return document.removeprefix("\ufeff").startswith("WEBVTT")


def runs(document: str) -> Iterator[Run]:
    """The parts of a subtitle file, in order."""
    spoken = ""
    for line, is_spoken in _webvtt_lines(document) if is_webvtt(document) else _subrip_lines(document):
        if spoken and (not is_spoken or line.lstrip().startswith(_DASHES)):
            yield Run(spoken, True)
            spoken = ""
        if is_spoken:
            spoken += line
        else:
            yield Run(line, False)
    if spoken:
        yield Run(spoken, True)


def _webvtt_lines(document: str) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it is said: those that follow the times of a cue, to the next empty line."""
    in_cue = False
    for line in _LINES.findall(document):
        in_cue = _ARROW in line or (in_cue and bool(line.strip()))
        yield line, in_cue and _ARROW not in line


def _subrip_lines(document: str) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it is said: all but times, the numbers before them, and empty lines.

    Some files have empty lines within a cue.
    """
    lines: list[str] = _LINES.findall(document)
    for line, following in zip_longest(lines, lines[1:], fillvalue=""):
        is_number = line.strip("\ufeff \t\r\n").isdecimal() and _ARROW in following
        yield line, bool(line.strip()) and _ARROW not in line and not is_number


def one_line(run: str) -> str:
    """What is said in a run, without its divisions."""
    return _SPACES.sub(" ", run).strip()


def divided(text: str, like: str) -> str:
    """``text`` in as many lines as the run ``like``, of similar length, and with its ends of lines."""
    ends = _LINE_END.findall(like)
    end = ends[0] if ends else ""
    closing = end if _LINE_END.search(like[-1:]) else ""
    return end.join(_balanced(text, len(_LINES.findall(like)))) + closing


def _balanced(text: str, count: int) -> Iterator[str]:
    for left in range(count, 1, -1):
        wanted = len(text) / left
        spaces = [place for place, character in enumerate(text) if character == " "]
        if not spaces:
            break
        at = min(spaces, key=lambda place: abs(place - wanted))
        yield text[:at]
        text = text[at + 1 :]
    yield text
