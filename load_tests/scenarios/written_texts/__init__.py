"""Sentences with numbers, signs and abbreviations, each beside its words: one table for each language.

A line of ``<language>.tsv`` has a sentence as it is written, a tab, and the sentence as it is spoken.
"""

from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent
LANGUAGES = tuple(sorted(table.stem for table in FOLDER.glob("*.tsv")))


class WrittenText(NamedTuple):
    """A sentence."""

    language: str
    written: str
    spoken: str


def written_texts(language: str) -> list[WrittenText]:
    """The sentences of a language."""
    lines = (FOLDER / f"{language}.tsv").read_text("utf-8").splitlines()
    return [WrittenText(language, *line.split("\t")) for line in lines]
