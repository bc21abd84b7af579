"""What ``sokuji transcribe`` and ``translate`` print once a recording is complete: subtitles, or JSON."""

import dataclasses
import json
from collections.abc import Sequence
from typing import Annotated, Literal

import typer

from sokuji.cli.interpreter import InterpretedUtterance
from sokuji.cli.recording_results import RecordingResults
from sokuji.pipeline import recording_times
from sokuji.pipeline.recorded_speech import RecordedUtterance, UnrecognisedSpeech
from sokuji.text.subtitles.cues import cues
from sokuji.text.subtitles.formats import SubtitleFormat, subtitle_file
from sokuji.text.subtitles.timed_words import timed_words

SubtitleText = Literal["source", "translation"]
PrintedFormat = Literal["text", "json", "srt", "vtt"]
FormatOption = Annotated[
    PrintedFormat,
    typer.Option("--format", help="What is printed: lines of text with times, a subtitle file, or JSON."),
]
SubtitleTextOption = Annotated[
    SubtitleText, typer.Option("--subtitles", help="Which text the subtitle file has.")
]


def transcript_subtitles(utterances: Sequence[RecordedUtterance], subtitle_format: SubtitleFormat) -> str:
    """The subtitle file of a transcript."""
    return subtitle_file(recording_times.source_cues(utterances), subtitle_format)


def transcript_json(results: RecordingResults[RecordedUtterance]) -> str:
    """A transcript with the times of its segments and words in milliseconds; ``words`` is null without."""
    utterances = results.utterances
    words = [recording_times.words(each) for each in utterances]
    return _json(
        {
            "text": " ".join(each.transcript.text for each in utterances),
            "segments": [
                {**dataclasses.asdict(segment), "language": each.transcript.language}
                for each in utterances
                for segment in recording_times.segments(each)
            ],
            "words": [dataclasses.asdict(word) for timed in words for word in timed] if all(words) else None,
            "unrecognised": _times(results.unrecognised),
        }
    )


def translation_subtitles(
    utterances: Sequence[InterpretedUtterance], subtitle_format: SubtitleFormat, text: SubtitleText
) -> str:
    """The subtitle file of a translated recording."""
    return subtitle_file(
        cues(
            timed_words(each.text if text == "source" else each.translation, each.parts)
            for each in utterances
        ),
        subtitle_format,
    )


def translation_json(results: RecordingResults[InterpretedUtterance]) -> str:
    """The utterances of a translated recording; times in milliseconds."""
    names = ("start_ms", "end_ms", "language", "text", "translation")
    return _json(
        {
            "utterances": [{name: getattr(each, name) for name in names} for each in results.utterances],
            "unrecognised": _times(results.unrecognised),
            "unspoken": _times([each for each in results.utterances if each.unspoken]),
        }
    )


def _times(parts: Sequence[UnrecognisedSpeech | InterpretedUtterance]) -> list[dict[str, int]]:
    return [{"start_ms": each.start_ms, "end_ms": each.end_ms} for each in parts]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
