"""What ``sokuji translate`` makes of its inputs: files of the formats that are named, or texts like them.

Of ``talk.mp3`` come ``talk.en.srt`` (the translation), ``talk.srt`` (what was said), ``talk.both.en.srt``
and ``talk.en.mp3`` (the voice); of ``talk.srt`` comes ``talk.en.srt``.
"""

from collections.abc import Sequence
from pathlib import Path

import typer

from sokuji.cli.files.inputs import Input
from sokuji.cli.files.outputs import SOUND_FORMATS, TEXT_FORMATS, Outputs, Sink, WorkItem
from sokuji.cli.speech.text_translation import looks_like_text
from sokuji.cli.speech.transcript_formats import Contents
from sokuji.pipeline.document_translation import TRANSLATED_FILES

PLAIN_TEXT = ".txt"


def text_suffix(each: Input) -> str:
    """The suffix of a text, one of ``TRANSLATED_FILES``; that of a plain text if it is no file."""
    return each.path.suffix.lower() if each.path is not None else PLAIN_TEXT


def is_text(each: Input) -> bool:
    """Whether an input is a text: a file by its suffix, everything else by its content."""
    if each.path is not None:
        return text_suffix(each) in TRANSLATED_FILES
    with each.opened() as data:
        return looks_like_text(data.read())


def translation_work(
    inputs: Sequence[Input],
    formats: str,
    contents: Contents,
    output: Path | None,
    folder: Path | None,
    target: str,
) -> list[WorkItem]:
    """All inputs with what is made of them; arguments are as the options of the command.

    Raises:
        typer.BadParameter: a format that is not accepted, or one for a text.
    """
    tags = {"source": "", "target": f".{target}", "both": f".both.{target}"}

    def tag(file_format: str) -> str:
        return tags["target" if file_format in (*SOUND_FORMATS, "json") else contents]

    work = []
    for each in inputs:
        if is_text(each):
            work.append(WorkItem(each, _text_sinks(each, formats, output, folder, tags["target"])))
        else:
            wanted = Outputs((*TEXT_FORMATS, *SOUND_FORMATS), formats, output, folder, "txt")
            work.append(WorkItem(each, wanted.sinks(each.name.with_suffix(""), tag)))
    return work


def _text_sinks(
    each: Input, formats: str, output: Path | None, folder: Path | None, tag: str
) -> tuple[Sink, ...]:
    if formats:
        raise typer.BadParameter(
            f"{each.label} is a text, which keeps its format; formats are for recordings",
            param_hint="--format",
        )
    suffix = text_suffix(each).removeprefix(".")
    wanted = Outputs((suffix,), "", output, folder, suffix)
    return wanted.sinks(each.name.with_suffix(""), lambda _: tag) or (Sink(suffix, None),)
