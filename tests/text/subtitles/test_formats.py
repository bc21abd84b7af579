"""Subtitle files, read by ``webvtt-py`` and FFmpeg."""

import io

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.text.subtitles.cues import Cue, cues
from sokuji.text.subtitles.formats import SubtitleFormat, subtitle_file
from sokuji.text.subtitles.timed_words import TimedText, timed_words
from tests.support.subtitle_files import read_cues
from tests.text.subtitles.strategies import TEXTS, spoken_parts

FORMATS: list[SubtitleFormat] = ["srt", "vtt"]


@pytest.mark.parametrize("subtitle_format", FORMATS)
@given(st.lists(st.tuples(TEXTS, spoken_parts()), min_size=1, max_size=3))
def test_a_reader_finds_the_same_cues(
    subtitle_format: SubtitleFormat, spoken: list[tuple[str, list[TimedText]]]
) -> None:
    written = cues(timed_words(text, parts) for text, parts in spoken)
    assert read_cues(subtitle_file(written, subtitle_format), subtitle_format) == written


@pytest.mark.parametrize("subtitle_format", FORMATS)
def test_ffmpeg_finds_the_same_cues(subtitle_format: SubtitleFormat) -> None:
    written = [Cue(("It's 5 > 3,", "isn't it?"), 0, 1_234), Cue(("Ja!",), 3_599_999, 3_600_500)]
    file = io.BytesIO(subtitle_file(written, subtitle_format).encode())
    with av.open(file, "r", format="webvtt" if subtitle_format == "vtt" else "srt") as container:
        found = [(packet.pts, packet.duration, bytes(packet)) for packet in container.demux() if packet.size]
    texts = [b"It's 5 &gt; 3,\nisn't it?" if subtitle_format == "vtt" else b"It's 5 > 3,\nisn't it?", b"Ja!"]
    assert found == [(0, 1_234, texts[0]), (3_599_999, 501, texts[1])]


def test_times_have_the_form_of_the_format() -> None:
    cue = [Cue(("Hi",), 3_723_004, 360_000_000)]
    assert subtitle_file(cue, "srt") == "1\n01:02:03,004 --> 100:00:00,000\nHi\n"
    assert subtitle_file(cue, "vtt") == "WEBVTT\n\n01:02:03.004 --> 100:00:00.000\nHi\n"


def test_text_cannot_end_its_cue_or_add_markup() -> None:
    (line,) = subtitle_file([Cue(("<i>a</i> --> b & c",), 0, 1_000)], "vtt").splitlines()[3:]
    assert line == "&lt;i&gt;a&lt;/i&gt; --&gt; b &amp; c"


@pytest.mark.parametrize("subtitle_format", FORMATS)
def test_a_file_may_have_no_cues(subtitle_format: SubtitleFormat) -> None:
    assert subtitle_file([], subtitle_format) == ("" if subtitle_format == "srt" else "WEBVTT\n")
