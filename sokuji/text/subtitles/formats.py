"""Subtitle files: SubRip (https://wiki.videolan.org/SubRip/) and WebVTT (https://www.w3.org/TR/webvtt1/)."""

import html
from collections.abc import Sequence
from typing import Literal

from sokuji.text.subtitles.cues import Cue

SubtitleFormat = Literal["srt", "vtt"]
SUBTITLE_MEDIA_TYPES: dict[SubtitleFormat, str] = {"srt": "application/x-subrip", "vtt": "text/vtt"}


def subtitle_file(cues: Sequence[Cue], subtitle_format: SubtitleFormat) -> str:
    """The text of a subtitle file; it is written in UTF-8."""
    return _srt(cues) if subtitle_format == "srt" else _vtt(cues)


def _srt(cues: Sequence[Cue]) -> str:
    blocks = (
        f"{number}\n{_time(cue.start_ms, ',')} --> {_time(cue.end_ms, ',')}\n{_named(cue)}{_lines(cue)}\n"
        for number, cue in enumerate(cues, 1)
    )
    return "\n".join(blocks)


def _vtt(cues: Sequence[Cue]) -> str:
    blocks = (
        # A cue's text has markup: "&", "<" and ">" are escaped, which an arrow would end the text without.
        f"{_time(cue.start_ms, '.')} --> {_time(cue.end_ms, '.')}\n{_voice(cue)}"
        f"{html.escape(_lines(cue), quote=False)}\n"
        for cue in cues
    )
    return "\n".join(("WEBVTT\n", *blocks))


def _named(cue: Cue) -> str:
    """SubRip has no mark for speakers: their names stand before what they say."""
    return f"{cue.speaker}: " if cue.speaker else ""


def _voice(cue: Cue) -> str:
    """WebVTT's voice span, which ends with the cue."""
    return f"<v {html.escape(cue.speaker, quote=False)}>" if cue.speaker else ""


def _lines(cue: Cue) -> str:
    return "\n".join(cue.lines)


def _time(ms: int, point: str) -> str:
    seconds, ms = divmod(ms, 1_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{ms:03}"
