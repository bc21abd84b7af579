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

SAMPLE = {
    "We drive at 80 km/h here.",
    "The coffee costs €5.",
    "The date is 03/04/2027.",
    "The train leaves at 12:01.",
    "Dr. Smith is here.",
    "O filme começa às 19h45.",
    "O computador custa R$ 1.299,99 hoje.",
    "Espere 10 min. por favor.",
    "El tren sale a las 12:01.",
    "Vive en el 3er piso.",
    "La voiture roule à 80 km/h.",
    "La macchina va a 80 km/h.",
    "Il caffè costa 5,50 €.",
}
"""Of the tables; ``python -m load_tests.spoken_values`` speaks all. The embedded voices have a Japanese
accent in French and Italian, and much of what they say there is not understood whatever the words."""


@pytest.fixture(scope="module")
async def voices(whisper: FasterWhisper, piper: Piper, kokoro: Kokoro) -> Pipeline:
    """The embedded recogniser and voices."""
    pipeline = Pipeline(StageProviders([whisper], [], [piper, kokoro]), Deadlines())
    await pipeline.refresh()
    return pipeline


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [each for language in LANGUAGES for each in written_texts(language) if each.written in SAMPLE],
    ids=lambda text: f"{text.language} {text.written}",
)
async def test_a_written_value_is_heard_again(voices: Pipeline, text: WrittenText) -> None:
    heard = await heard_text(voices, text)
    assert heard.same, heard.heard


def test_every_sentence_of_the_sample_is_in_a_table() -> None:
    assert {each.written for language in LANGUAGES for each in written_texts(language)} >= SAMPLE
