"""The files that are made of a transcript or a translation."""

import csv
import io
import json
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.cli.files.outputs import TEXT_FORMATS
from sokuji.cli.speech.results import InterpretedUtterance, RecordingResults
from sokuji.cli.speech.transcript_formats import Contents, transcript_file
from sokuji.contract import Word
from sokuji.pipeline.recorded_speech import UnrecognisedSpeech
from sokuji.text.subtitles.timed_words import TimedText
from tests.support.subtitle_files import read_cues

CONTENTS: tuple[Contents, ...] = ("source", "target", "both")
words = st.lists(st.text("abcdé", min_size=1, max_size=12), min_size=1, max_size=30).map(" ".join)


def utterance(start_ms: int, text: str, translation: str, *, unspoken: bool = False) -> InterpretedUtterance:
    """One that lasts 4 s."""
    whole = TimedText(text, start_ms, start_ms + 4_000)
    word = Word(text, start_ms, start_ms + 4_000)
    return InterpretedUtterance(
        start_ms, start_ms + 4_000, "pt", text, [whole], translation, unspoken, words=[word]
    )


RESULTS = RecordingResults(
    [utterance(0, "bom dia", "good morning"), utterance(5_000, "até\tlogo", "see you\nlater", unspoken=True)],
    [UnrecognisedSpeech(9_500, 9_900)],
)


def made(file_format: str, contents: Contents, results: RecordingResults = RESULTS) -> str:
    return transcript_file(results, file_format, contents).decode()


def test_txt_has_a_line_for_each_utterance() -> None:
    assert made("txt", "source") == "bom dia\naté\tlogo\n"
    assert made("txt", "both").startswith("bom dia\ngood morning\n\n")


@pytest.mark.parametrize(
    ("contents", "heads"), [("source", ["text"]), ("target", ["text"]), ("both", ["source", "target"])]
)
def test_tsv_has_times_in_milliseconds_and_no_tab_within_a_text(contents: Contents, heads: list[str]) -> None:
    head, *rows = csv.reader(io.StringIO(made("tsv", contents)), delimiter="\t", quoting=csv.QUOTE_NONE)
    assert head == ["start", "end", *heads]
    assert [row[:2] for row in rows] == [["0", "4000"], ["5000", "9000"]]
    assert all(len(row) == len(head) for row in rows)


@pytest.mark.parametrize("contents", CONTENTS)
def test_json_has_all_there_is(contents: Contents) -> None:
    body = json.loads(made("json", contents))
    assert body["text"] == "bom dia até\tlogo"
    assert body["translation"] == "good morning see you\nlater"
    assert [each["words"][0]["text"] for each in body["segments"]] == ["bom dia", "até\tlogo"]
    assert body["unrecognised"] == [{"start_ms": 9_500, "end_ms": 9_900}]
    assert body["unspoken"] == [{"start_ms": 5_000, "end_ms": 9_000}]


def test_json_of_a_transcript_has_no_translation() -> None:
    body = json.loads(made("json", "source", RecordingResults([utterance(0, "bom dia", "")])))
    assert not {"translation", "unspoken"} & body.keys()
    assert set(body["segments"][0]) == {"start_ms", "end_ms", "language", "text", "words"}


@pytest.mark.parametrize("subtitle_format", ["srt", "vtt"])
@given(spoken=st.lists(st.tuples(words, words), min_size=1, max_size=4))
def test_subtitles_of_both_lose_no_word(subtitle_format: str, spoken: list[tuple[str, str]]) -> None:
    results = RecordingResults([utterance(5_000 * n, *texts) for n, texts in enumerate(spoken)])
    cues = read_cues(made(subtitle_format, "both", results), subtitle_format)
    shown = " ".join(line for cue in cues for line in cue.lines)
    expected = " ".join(text for texts in spoken for text in texts)
    assert sorted(re.findall(r"\w", shown)) == sorted(re.findall(r"\w", expected))
    assert all(one.end_ms <= other.start_ms for one, other in pairwise(cues))


def test_a_translation_is_below_what_it_translates() -> None:
    (first, second) = read_cues(made("srt", "both"), "srt")
    assert first.lines == ("bom dia", "good morning")
    assert second.lines[-1] == "see you later"


@pytest.mark.parametrize("file_format", TEXT_FORMATS)
def test_each_format_is_utf_8_and_ends_with_a_line_break(file_format: str) -> None:
    assert made(file_format, "source").endswith("\n")
