"""Subtitle files as ``webvtt-py`` reads them."""

import html
import io

import webvtt

from sokuji.text.subtitles.cues import Cue


def read_cues(file: str, subtitle_format: str) -> list[Cue]:
    """The cues of a file, with the text that a player shows."""
    captions = webvtt.from_buffer(io.StringIO(file), format=subtitle_format).captions
    return [
        Cue(
            tuple(html.unescape(line) if subtitle_format == "vtt" else line for line in each.lines),
            1_000 * each.start_in_seconds + each.start_time.milliseconds,
            1_000 * each.end_in_seconds + each.end_time.milliseconds,
        )
        for each in captions
    ]
