"""What a command shows of the results of a recording: utterances, and what is missing."""

from collections.abc import AsyncGenerator

import pytest

from sokuji.cli.progress import progress_display
from sokuji.cli.speech.results import InterpretedUtterance, RecordingResults
from sokuji.errors import NoSpeech, NotRecognised
from sokuji.pipeline.recorded_speech import UnrecognisedSpeech

HEARD = InterpretedUtterance(0, 900, "pt", "olá", [], "hello")
UNREAD = InterpretedUtterance(2_000, 2_900, "pt", "mundo", [], "世界", unspoken=True)
MISSED = UnrecognisedSpeech(1_000, 1_500)

Translated = InterpretedUtterance | UnrecognisedSpeech


async def generated(*parts: Translated) -> AsyncGenerator[Translated, None]:
    for each in parts:
        yield each


async def collected(*parts: Translated) -> tuple[RecordingResults, list[str]]:
    """The results, and the texts that were shown."""
    shown: list[str] = []
    results = RecordingResults()
    with progress_display("testing") as display:
        await results.collect(generated(*parts), display, lambda each: shown.append(each.text))
    return results, shown


async def test_what_is_not_recognised_and_what_has_no_voice_is_warned_of_and_kept(
    capsys: pytest.CaptureFixture[str],
) -> None:
    results, shown = await collected(HEARD, MISSED, UNREAD)
    assert shown == ["olá", "mundo"]
    assert (results.utterances, results.unrecognised) == ([HEARD, UNREAD], [MISSED])
    warnings = capsys.readouterr().err
    assert "0:01.0 - 0:01.5  not recognised" in warnings
    assert "0:02.0 - 0:02.9  no voice reads the translation" in warnings


async def test_a_recording_without_words_is_an_error_that_says_whether_somebody_speaks() -> None:
    with pytest.raises(NotRecognised, match="no words were recognised"):
        await collected(MISSED)
    with pytest.raises(NoSpeech, match="no speech"):
        await collected()
