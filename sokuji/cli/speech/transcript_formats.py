"""The formats of a transcript or translation: txt, srt, vtt, json, tsv.

The names and columns are those of ``whisper``: txt has a line for each utterance, tsv its begin and end in
milliseconds and its text. Each has what was said (``source``), its translation (``target``) or ``both``; json
has all there is.
"""

import json
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from textwrap import wrap
from typing import Annotated, Any, Literal

import typer

from sokuji.cli.speech.results import InterpretedUtterance, RecordingResults
from sokuji.pipeline.recorded_speech import UnrecognisedSpeech
from sokuji.text.subtitles.cues import LINE_COLUMNS, Cue, cues
from sokuji.text.subtitles.formats import SubtitleFormat, subtitle_file
from sokuji.text.subtitles.timed_words import TimedText, timed_words

TIMED_FORMATS = frozenset(("srt", "vtt", "json"))
"""Those that have the times of words."""
Contents = Literal["source", "target", "both"]
ContentsOption = Annotated[
    Contents, typer.Option(help="What files have: what was said, its translation, or both.")
]


def transcript_file(results: RecordingResults, file_format: str, contents: Contents) -> bytes:
    """A file in one of ``TEXT_FORMATS``, in UTF-8."""
    return _FORMATS[file_format](results, contents).encode()


def _txt(results: RecordingResults, contents: Contents) -> str:
    blocks = ("\n".join(_texts(each, contents)) for each in results.utterances)
    return "".join(f"{block}\n{chr(10) if contents == 'both' else ''}" for block in blocks)


def _tsv(results: RecordingResults, contents: Contents) -> str:
    heads = ["source", "target"] if contents == "both" else ["text"]
    rows = [["start", "end", *heads]]
    rows += [
        [str(each.start_ms), str(each.end_ms), *(" ".join(text.split()) for text in _texts(each, contents))]
        for each in results.utterances
    ]
    return "".join("\t".join(row) + "\n" for row in rows)


def _texts(utterance: InterpretedUtterance, contents: Contents) -> tuple[str, ...]:
    texts = {"source": (utterance.text,), "target": (utterance.translation,)}
    return texts.get(contents, (utterance.text, utterance.translation))


def _subtitles(subtitle_format: SubtitleFormat) -> Callable[[RecordingResults, Contents], str]:
    def made(results: RecordingResults, contents: Contents) -> str:
        spoken = results.utterances
        source = [timed_words(each.text, each.parts) for each in spoken]
        target = [timed_words(each.translation, each.parts) for each in spoken]
        found = cues(target if contents == "target" else source)
        if contents == "both":
            found = _with_translation(found, [word for words in target for word in words])
        return subtitle_file(found, subtitle_format)

    return made


def _with_translation(found: Sequence[Cue], words: Sequence[TimedText]) -> list[Cue]:
    """The cues of what was said, each with the words of the translation that have its time below."""
    starts = [cue.start_ms for cue in found]
    shares: list[list[TimedText]] = [[] for _ in found]
    for word in words:
        shares[max(0, bisect_right(starts, (word.start_ms + word.end_ms) // 2) - 1)].append(word)
    return [
        replace(cue, lines=(*cue.lines, *wrap(_joined(share), LINE_COLUMNS)))
        for cue, share in zip(found, shares, strict=True)
    ]


def _joined(words: Sequence[TimedText]) -> str:
    return "".join(f"{' ' if word.spaced else ''}{word.text}" for word in words).strip()


def _json(results: RecordingResults, contents: Contents) -> str:
    utterances = results.utterances
    document: dict[str, Any] = {"text": " ".join(each.text for each in utterances)}
    if is_translated := any(each.translation for each in utterances):
        document["translation"] = " ".join(each.translation for each in utterances)
    document["segments"] = [_segment(each, is_translated=is_translated) for each in utterances]
    document["unrecognised"] = _spans(results.unrecognised)
    if is_translated:
        document["unspoken"] = _spans([each for each in utterances if each.unspoken])
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _segment(utterance: InterpretedUtterance, *, is_translated: bool) -> dict[str, Any]:
    names = ["start_ms", "end_ms", "language", "text", *(["translation"] if is_translated else [])]
    values = {name: getattr(utterance, name) for name in names}
    return {**values, "words": [asdict(word) for word in utterance.words] or None}


def _spans(parts: Sequence[UnrecognisedSpeech | InterpretedUtterance]) -> list[dict[str, int]]:
    return [{"start_ms": each.start_ms, "end_ms": each.end_ms} for each in parts]


_FORMATS: Mapping[str, Callable[[RecordingResults, Contents], str]] = {
    "txt": _txt,
    "srt": _subtitles("srt"),
    "vtt": _subtitles("vtt"),
    "json": _json,
    "tsv": _tsv,
}
