"""The languages heard in a session are the prior of the next utterance; the client's candidates bound it."""

from dataclasses import replace

import pytest

from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.audio.resampling import resample
from sokuji.config import Deadlines
from sokuji.contract import SynthesisRequest, Transcript
from sokuji.errors import InvalidRequest, UnsupportedLanguage
from sokuji.pipeline.members import StageProviders
from sokuji.pipeline.pipeline import Pipeline
from sokuji.providers.stt.whisper.provider import FasterWhisper
from sokuji.providers.tts.kokoro.provider import Kokoro
from sokuji.session.conversation import ConversationSettings
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts, ready_pipeline
from tests.support.session_events import finals
from tests.support.session_scenarios import open_session, translate_speech, utterances
from tests.support.speech import sample, silence

AUTO = ConversationSettings(target_languages=("en",), speak=False, commit="utterance")


async def test_the_language_heard_is_expected_next() -> None:
    stt = FakeStt(Transcript(text="sim", language="pt"), Transcript(text="yes", language="en"), "fim")
    await translate_speech(await ready_pipeline(stt), utterances(3), AUTO)
    first, second, third = (request.language_prior for request in stt.requests)
    assert first.keys() == {"en", "es", "fr", "pt"}
    assert first["pt"] == first["en"]
    assert second["pt"] > 2 * second["en"]
    assert third["en"] > third["pt"] > third["fr"]


async def test_candidates_of_the_client_are_the_only_ones() -> None:
    stt = FakeStt()
    conversation = replace(AUTO, source_languages=("pt", "en"))
    await translate_speech(await ready_pipeline(stt), utterances(1), conversation)
    assert stt.requests[0].language is None
    assert stt.requests[0].language_prior.keys() == {"pt", "en"}


async def test_a_single_candidate_is_the_language() -> None:
    stt = FakeStt()
    await translate_speech(await ready_pipeline(stt), utterances(1), replace(AUTO, source_languages=("es",)))
    assert stt.requests[0].language == "es"


async def test_a_language_that_the_client_names_needs_no_prior() -> None:
    stt = FakeStt()
    seen = await translate_speech(
        await ready_pipeline(stt), utterances(1), replace(AUTO, source_language="pt")
    )
    assert (stt.requests[0].language, stt.requests[0].language_prior) == ("pt", {})
    assert [caption.language for caption in finals(seen)] == ["pt"]


@pytest.mark.parametrize(
    ("source", "error"), [("pt", InvalidRequest), (None, UnsupportedLanguage)], ids=["both", "unknown"]
)
async def test_candidates_that_cannot_be_are_refused(source: str | None, error: type[Exception]) -> None:
    session = open_session(await ready_pipeline())
    with pytest.raises(error, match="source_languages"):
        session.configure(replace(AUTO, source_language=source, source_languages=("yo", "pt")))


@pytest.mark.models
async def test_a_short_answer_and_a_change_of_language_in_one_conversation(
    whisper: FasterWhisper, kokoro: Kokoro
) -> None:
    request = SynthesisRequest(text="Não.", language="pt")
    chunks = [chunk async for chunk in kokoro.synthesize(request)]
    answer = resample(b"".join(chunk.pcm for chunk in chunks), chunks[0].sample_rate, RECOGNISER_RATE)
    portuguese, english = sample("pt", "pangrama"), sample("en", "quick_brown_fox")
    pcm = silence(900).join([b"", portuguese, answer, english, portuguese, b""])
    pipeline = Pipeline(StageProviders([whisper], [FakeTranslator()], [FakeTts()]), Deadlines(stt_s=60))
    await pipeline.refresh()
    seen = await translate_speech(pipeline, pcm, AUTO)
    assert [caption.language for caption in finals(seen)] == ["pt", "pt", "en", "pt"]
