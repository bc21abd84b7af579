"""What a command shows and prints of the results of a recording: utterances, and what is missing."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from sokuji.cli.console import progress_display
from sokuji.cli.interpreter import InterpretedUtterance
from sokuji.cli.recording_results import RecordingResults, collect
from sokuji.cli.transcript_output import transcript_json, translation_json
from sokuji.contract import Transcript
from sokuji.errors import NoSpeech, NotRecognised
from sokuji.pipeline.recorded_speech import RecordedUtterance, UnrecognisedSpeech

FILE = Path("talk.wav")
HEARD = InterpretedUtterance(0, 900, "pt", "olá", [], "hello")
UNREAD = InterpretedUtterance(2_000, 2_900, "pt", "mundo", [], "世界", unspoken=True)
MISSED = UnrecognisedSpeech(1_000, 1_500)

Translated = InterpretedUtterance | UnrecognisedSpeech


async def generated(*parts: Translated) -> AsyncGenerator[Translated, None]:
    for each in parts:
        yield each


async def collected(*parts: Translated) -> tuple[RecordingResults[InterpretedUtterance], list[str]]:
    """The results, and the texts that were shown."""
    shown: list[str] = []
    with progress_display("testing") as display:
        results = await collect(FILE, generated(*parts), display, lambda each: shown.append(each.text))
    return results, shown


async def test_json_has_what_was_not_recognised_and_what_has_no_voice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    results, shown = await collected(HEARD, MISSED, UNREAD)
    assert shown == ["olá", "mundo"]
    body = json.loads(translation_json(results))
    assert [each["translation"] for each in body["utterances"]] == ["hello", "世界"]
    assert body["unrecognised"] == [{"start_ms": 1_000, "end_ms": 1_500}]
    assert body["unspoken"] == [{"start_ms": 2_000, "end_ms": 2_900}]
    warnings = capsys.readouterr().err
    assert "0:01.0 - 0:01.5  not recognised" in warnings
    assert "0:02.0 - 0:02.9  no voice reads the translation" in warnings


def test_the_json_of_a_transcript_has_what_was_not_recognised() -> None:
    utterance = RecordedUtterance(Transcript(text="olá", language="pt"), None, 0, 900, None, 100, 800)
    body = json.loads(transcript_json(RecordingResults([utterance], [MISSED])))
    assert (body["text"], body["unrecognised"]) == ("olá", [{"start_ms": 1_000, "end_ms": 1_500}])


async def test_a_recording_without_words_is_an_error_that_says_whether_somebody_speaks() -> None:
    with pytest.raises(NotRecognised, match=r"talk\.wav"):
        await collected(MISSED)
    with pytest.raises(NoSpeech, match=r"talk\.wav"):
        await collected()
