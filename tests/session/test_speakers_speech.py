"""Two people who take turns, on the real models: a recorded voice and a synthesised one."""

from contextlib import aclosing

import pytest

from sokuji import events
from sokuji.audio.pcm import AudioBuffer
from sokuji.audio.resampling import resample
from sokuji.config import Deadlines, SegmentationSettings
from sokuji.contract import SynthesisRequest
from sokuji.pipeline.members import StageProviders
from sokuji.pipeline.pipeline import Pipeline
from sokuji.pipeline.recorded_speech import RecordedUtterance, interpret
from sokuji.pipeline.speaker_labels import SpeakerLabels
from sokuji.providers.stt.whisper.provider import FasterWhisper
from sokuji.providers.translation.bergamot import Bergamot
from sokuji.providers.tts.kokoro.provider import Kokoro
from sokuji.providers.tts.piper.provider import Piper
from sokuji.session.conversation import ConversationSettings
from tests.support.loaded_models import Loaded
from tests.support.session_events import finals, of_kind
from tests.support.session_scenarios import translate_speech
from tests.support.speech import sample, silence

pytestmark = pytest.mark.models

PATIENT = Deadlines(stt_s=300, translation_s=300, tts_s=300, speakers_s=300)
PAUSE = silence(1_500)
FOX = sample("en", "quick_brown_fox")
HELLO = sample("en", "hello_world")


@pytest.fixture
async def pipeline(whisper: FasterWhisper, bergamot: Bergamot, kokoro: Kokoro, loaded: Loaded) -> Pipeline:
    speakers = await loaded("speakers", "campplus")
    pipeline = Pipeline(StageProviders([whisper], [bergamot], [kokoro], [speakers]), PATIENT)
    await pipeline.refresh()
    return pipeline


async def joe(piper: Piper, text: str) -> bytes:
    sound = AudioBuffer()
    async with aclosing(piper.synthesize(SynthesisRequest(text=text, language="en"))) as chunks:
        async for chunk in chunks:
            sound.add(chunk.pcm, chunk.sample_rate)
    return resample(bytes(sound.pcm), sound.sample_rate, 16_000)


async def test_each_of_two_people_in_a_conversation_has_a_label_and_a_voice(
    pipeline: Pipeline, piper: Piper
) -> None:
    answers = [
        await joe(piper, text) for text in ("Where is the old railway station?", "It is behind the park.")
    ]
    pcm = PAUSE.join([FOX, answers[0], HELLO, answers[1]]) + PAUSE
    settings = ConversationSettings(source_language="en", target_languages=("pt",), diarize=True)
    seen = await translate_speech(pipeline, pcm, settings)
    labels = ["speaker_1", "speaker_2", "speaker_1", "speaker_2"]
    assert [each.speaker for each in finals(seen)] == labels
    assert [each.speaker for each in of_kind(seen, events.TranslationText)] == labels
    spoken = of_kind(seen, events.Audio)
    assert {each.speaker for each in spoken} == {"speaker_1", "speaker_2"}
    assert not of_kind(seen, events.Failed)


async def test_what_two_people_say_without_a_pause_is_divided_between_them(
    pipeline: Pipeline, piper: Piper
) -> None:
    pcm = FOX + silence(100) + await joe(piper, "Where is the old railway station?") + PAUSE
    found = interpret(
        pipeline,
        pcm,
        source="en",
        target=None,
        segmentation=SegmentationSettings(),
        concurrency=1,
        speakers=SpeakerLabels(),
    )
    async with aclosing(found):
        said = [each async for each in found if isinstance(each, RecordedUtterance)]
    assert [each.speaker for each in said] == ["speaker_1", "speaker_2"]
    assert "lazy dog" in said[0].transcript.text
    assert "station" in said[1].transcript.text
    assert "dog" not in said[1].transcript.text
