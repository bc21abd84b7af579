"""The embedded voices say what is written: the embedded recogniser hears the same values again."""

import pytest

from load_tests.scenarios.written_texts import LANGUAGES, WrittenText, written_texts
from load_tests.spoken_values import heard_text
from sokuji.config import Deadlines
from sokuji.pipeline.members import StageProviders
from sokuji.pipeline.pipeline import Pipeline
from sokuji.providers.stt.whisper.provider import FasterWhisper
from sokuji.providers.tts.kokoro.provider import Kokoro
from sokuji.providers.tts.piper.provider import Piper

SAMPLE = 21
"""One of so many sentences; ``python -m load_tests.spoken_values`` speaks all."""


@pytest.fixture(scope="module")
async def voices(whisper: FasterWhisper, piper: Piper, kokoro: Kokoro) -> Pipeline:
    """The embedded recogniser and voices."""
    pipeline = Pipeline(StageProviders([whisper], [], [piper, kokoro]), Deadlines())
    await pipeline.refresh()
    return pipeline


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [text for language in LANGUAGES for text in written_texts(language)[::SAMPLE]],
    ids=lambda text: f"{text.language} {text.written}",
)
async def test_a_written_value_is_heard_again(voices: Pipeline, text: WrittenText) -> None:
    heard = await heard_text(voices, text)
    assert heard.same, heard.heard
