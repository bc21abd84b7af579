"""A conversation of people with different languages in one session: each is translated to the others."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import get_args

import pytest

from sokuji import events
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.audio.resampling import resample
from sokuji.config import Commit, Deadlines, GatewaySettings, Limits, StreamingSettings
from sokuji.contract import SynthesisRequest, Transcript
from sokuji.errors import InvalidRequest, UnsupportedLanguage
from sokuji.measure.latency import RealTimeSource
from sokuji.pipeline.members import StageProviders
from sokuji.pipeline.pipeline import Pipeline
from sokuji.providers.stt.whisper.provider import FasterWhisper
from sokuji.providers.translation.bergamot import Bergamot
from sokuji.providers.tts.kokoro.provider import Kokoro
from sokuji.providers.tts.piper.provider import Piper
from sokuji.session.clause import Clause
from sokuji.session.conversation import ConversationSettings
from sokuji.session.fan_out import FanOut
from sokuji.session.session import Session
from sokuji.session.speculation import SpeculativeOutput
from tests.support.coded_speech import CodedStt, coded_words
from tests.support.fake_stages import FakeStt, FakeTts, ready_pipeline
from tests.support.session_events import assert_acknowledged, finals, of_kind, translations
from tests.support.session_scenarios import (
    EAGER,
    EchoTranslator,
    open_session,
    pipeline_of,
    running,
    speak,
    translate_speech,
    utterances,
    wait_until,
)
from tests.support.speech import noise, reference, sample, silence
from tests.support.text_similarity import word_error_rate

TWO = ConversationSettings(
    source_languages=("pt", "en"), target_languages=("pt", "en"), both_ways=True, commit="utterance"
)


def turn(text: str, language: str) -> Transcript:
    return Transcript(text=text, language=language, confidence=0.9)


@pytest.mark.parametrize("speculate", [True, False])
@pytest.mark.parametrize("languages", [("pt", "en"), ("en", "en", "pt"), ("pt", "en", "pt", "en")])
async def test_what_is_said_is_translated_to_the_other_language_alone(
    languages: tuple[str, ...], speculate: bool
) -> None:
    turns = [turn(f"turn {place}", language) for place, language in enumerate(languages)]
    tts = FakeTts()
    session = open_session(
        await ready_pipeline(FakeStt(*turns), tts=tts), StreamingSettings(speculate=speculate)
    )
    async with running(session) as seen:
        session.configure(TWO)
        for place in range(len(turns)):
            await speak(session, silence(500) + coded_words(0, 3) + silence(1_000))
            await wait_until(lambda: len(finals(seen)) > place)  # noqa: B023
        session.end()
    other = {"pt": "en", "en": "pt"}
    texts = of_kind(seen, events.TranslationText)
    assert [each.text for each in finals(seen)] == [each.text for each in turns]
    for target in other:
        said = [each.text for each in turns if other[each.language] == target]
        assert translations(seen, target) == [f"{target}: {text}" for text in said]
    assert all(each.is_final and each.target_language == other[each.source_language] for each in texts)
    assert {(each.segment_id, each.target_language) for each in of_kind(seen, events.Audio)} == {
        (each.segment_id, each.target_language) for each in texts
    }
    assert {request.language for request in tts.requests} == {other[language] for language in languages}
    assert_acknowledged(seen)
    assert of_kind(seen, events.Ack)[-1].through_ms == round(session.received_ms)


async def test_a_language_that_needs_the_whole_segment_is_not_committed_by_clause_for_its_own_sake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Spanish is translated by the recogniser: that it could be passed on as it is counts for nothing."""
    committed: list[str] = []

    def put(
        fan_out: FanOut,
        clause: Clause,
        targets: Collection[str],
        prepared: Mapping[str, SpeculativeOutput],
    ) -> None:
        committed.append(clause.text)
        hand_over(fan_out, clause, targets, prepared)

    hand_over = FanOut.put
    monkeypatch.setattr(FanOut, "put", put)
    translator = EchoTranslator()
    translator.info = replace(translator.info, pairs=(("en", "es"),))
    session = open_session(await pipeline_of(CodedStt(language="es"), translator), EAGER)
    languages = ("es", "en")
    async with running(session) as seen:
        session.configure(
            replace(TWO, source_languages=languages, target_languages=languages, commit="clause")
        )
        await speak(session, silence(500) + coded_words(0, 14) + silence(1_000))
        session.end()
    assert committed == [each.text for each in finals(seen)]
    assert translations(seen, "en") == committed
    assert of_kind(seen, events.Ack)[-1].through_ms == round(session.received_ms)


async def test_an_answer_in_the_other_language_is_as_probable_as_the_language_heard() -> None:
    stt = FakeStt(turn("sim", "pt"), turn("sim", "pt"), turn("yes", "en"))
    await translate_speech(await ready_pipeline(stt), utterances(3), TWO)
    assert [dict(request.language_prior) for request in stt.requests] == [{"pt": 1, "en": 1}] * 3


@pytest.mark.models
async def test_short_answers_are_not_taken_for_the_language_of_the_question(
    whisper: FasterWhisper, bergamot: Bergamot, piper: Piper
) -> None:
    pipeline = Pipeline(StageProviders([whisper], [bergamot], [FakeTts()]), Deadlines(stt_s=60))
    await pipeline.refresh()
    answers = [await spoken(piper, text) for text in ("No, thank you.", "Yes, please.")]
    question = sample("pt", "pangrama")
    pcm = silence(900).join([b"", question, answers[0], question, answers[1], b""])
    seen = await translate_speech(pipeline, pcm, TWO)
    assert [each.language for each in finals(seen)] == ["pt", "en", "pt", "en"]
    assert translations(seen, "pt") == ["Não, obrigado.", "Sim, por favor."]


@pytest.mark.long
@pytest.mark.models
@pytest.mark.parametrize("commit", ["auto", "clause"])
async def test_people_who_take_turns_at_the_pace_of_speech_are_told_apart_at_every_turn(
    whisper: FasterWhisper, bergamot: Bergamot, commit: Commit
) -> None:
    pipeline = Pipeline(StageProviders([whisper], [bergamot], [FakeTts()]), Deadlines(stt_s=60))
    await pipeline.refresh()
    turns = [
        ("pt", "contagem"), ("en", "counting"), ("pt", "pangrama"), ("en", "quick_brown_fox"),
        ("en", "hello_world"),
    ]  # fmt: skip
    session = Session(pipeline, GatewaySettings(limits=Limits(max_backlog_s=600)), "test")
    source = RealTimeSource()
    async with running(session) as seen:
        session.configure(replace(TWO, commit=commit))
        # Behind a number the endpoint waits for 900 ms.
        pcm = noise(1_000).join([b"", *(sample(*turn) for turn in turns), noise(1_000)])
        async for frame in source.frames(pcm, RECOGNISER_RATE, lambda _: None):
            session.feed(frame)
        session.end()
    assert [each.language for each in finals(seen)] == [language for language, _ in turns]
    texts = of_kind(seen, events.TranslationText)
    other = {"pt": "en", "en": "pt"}
    assert [each.target_language for each in texts if each.is_final] == [other[each] for each, _ in turns]
    assert "fox" in " ".join(translations(seen, "en"))
    assert "raposa" in " ".join(translations(seen, "pt"))


async def spoken(piper: Piper, text: str) -> bytes:
    """English words as 16 kHz PCM."""
    chunks = [chunk async for chunk in piper.synthesize(SynthesisRequest(text=text, language="en"))]
    return resample(b"".join(chunk.pcm for chunk in chunks), chunks[0].sample_rate, RECOGNISER_RATE)


async def test_a_pair_without_a_route_is_refused_with_the_direction_that_is_missing() -> None:
    session = open_session(await ready_pipeline())
    with pytest.raises(UnsupportedLanguage, match="'pt' cannot be detected and translated to fr here"):
        session.configure(replace(TWO, source_languages=("pt", "fr"), target_languages=("pt", "fr")))
    with pytest.raises(InvalidRequest, match="they need source_language auto"):
        session.configure(replace(TWO, source_language="pt"))


@pytest.mark.models
@pytest.mark.parametrize("commit", get_args(Commit))
async def test_sentences_in_two_languages_are_each_translated_to_the_other_and_none_is_parroted(
    whisper: FasterWhisper, bergamot: Bergamot, piper: Piper, kokoro: Kokoro, commit: Commit
) -> None:
    providers = StageProviders([whisper], [bergamot], [piper, kokoro])
    pipeline = Pipeline(providers, Deadlines(stt_s=60, tts_s=60))
    await pipeline.refresh()
    portuguese, english = sample("pt", "pangrama"), sample("en", "quick_brown_fox")
    pcm = silence(900).join([b"", portuguese, english, portuguese, b""])
    seen = await translate_speech(pipeline, pcm, replace(TWO, commit=commit))
    assert [each.language for each in finals(seen)] == ["pt", "en", "pt"]
    texts = of_kind(seen, events.TranslationText)
    assert [(each.source_language, each.target_language) for each in texts if each.is_final] == [
        ("pt", "en"), ("en", "pt"), ("pt", "en"),
    ]  # fmt: skip
    assert all(each.source_language != each.target_language for each in texts)
    fox, raposa = reference("en", "quick_brown_fox"), reference("pt", "pangrama")
    assert word_error_rate(f"{fox} {fox}", " ".join(translations(seen, "en")), "en") < 0.5
    assert word_error_rate(raposa, " ".join(translations(seen, "pt")), "pt") < 0.5
    voiced = {(each.segment_id, each.clause, each.target_language) for each in of_kind(seen, events.Audio)}
    assert voiced == {(each.segment_id, each.clause, each.target_language) for each in texts if each.text}
    assert not of_kind(seen, events.Failed)
