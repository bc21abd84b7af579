"""What is said in a subtitle file is found, and all else is kept."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.text.subtitles.cue_texts import divided, is_webvtt, one_line, runs

SRT = (
    "1\r\n00:00:01,000 --> 00:00:02,000\r\nHello,\r\nAna.\r\n\r\n"
    "2\r\n00:00:03,000 --> 00:00:04,000\r\n- Hi.\r\n- 5\r\n"
)
VTT = """WEBVTT - a title

STYLE
::cue { color: red }

NOTE nobody says this

intro
00:01.000 --> 00:02.000 align:start
<v Ana>Hello,
there.

00:03.000 --> 00:04.000
2
"""


def spoken(document: str) -> list[str]:
    return [each.text for each in runs(document) if each.is_spoken]


def test_lines_of_a_cue_are_one_text_and_each_dash_is_a_speaker() -> None:
    assert spoken(SRT) == ["Hello,\r\nAna.\r\n", "- Hi.\r\n", "- 5\r\n"]


def test_headers_notes_styles_names_and_settings_are_not_said() -> None:
    assert is_webvtt(VTT)
    assert not is_webvtt(SRT)
    assert spoken(VTT) == ["<v Ana>Hello,\nthere.\n", "2\n"]


@pytest.mark.parametrize("said", ["Hello.\n\nAna.", "2001\nwas a year", "5"])
def test_an_empty_line_or_a_number_in_a_cue_of_subrip_loses_nothing(said: str) -> None:
    document = f"\ufeff1\n00:00:01,000 --> 00:00:02,000\n{said}\n\n2\n00:00:03,000 --> 00:00:04,000\nEnd.\n"
    assert one_line(" ".join(spoken(document))) == one_line(f"{said} End.")


@given(document=st.text(st.sampled_from("ab1 -\n\r>:,\ufeff"), max_size=200) | st.sampled_from([SRT, VTT]))
def test_the_parts_are_the_file(document: str) -> None:
    assert "".join(each.text for each in runs(document)) == document


@given(
    text=st.text(st.sampled_from("abc  é漢"), max_size=80).map(one_line),
    lines=st.lists(st.text("x", min_size=1, max_size=9), min_size=1, max_size=4),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    closed=st.booleans(),
)
def test_a_text_is_divided_into_no_more_lines_than_the_one_in_its_place(
    text: str, lines: list[str], end: str, closed: bool
) -> None:
    like = end.join(lines) + end * closed
    found = divided(text, like)
    assert one_line(found) == text
    divisions = len(re.findall("\r\n|\r|\n", found)) - closed
    assert min(1, len(lines) - 1, text.count(" ")) <= divisions <= len(lines) - 1
    assert found.endswith(("\r", "\n")) == closed
