"""One recognition and several target languages: routes, voices, context and glossary of each."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace

import pytest

from sokuji import events
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.config import StreamingSettings
from sokuji.errors import NotSupported, ProviderFailed, UnknownVoice, UnsupportedLanguage
from sokuji.session.clause import Clause
from sokuji.session.conversation import ConversationSettings
from sokuji.session.fan_out import FanOut
from sokuji.session.speculation import SpeculativeOutput
from tests.support.coded_speech import CodedStt, coded_words
from tests.support.fake_stages import FakeStt, FakeTts, ready_pipeline
from tests.support.session_events import assert_delivered, assert_whole, finals, of_kind, translations
from tests.support.session_scenarios import (
    CLAUSES,
    UTTERANCES,
    EchoTranslator,
    SpokenScript,
    open_real_speech_session,
    open_session,
    pipeline_of,
    running,
    speak,
    translate_speech,
    utterances,
    wait_until,
)
from tests.support.speech import silence


async def test_a_caption_session_has_no_audio() -> None:
    tts = FakeTts()
    conversation = ConversationSettings(source_language="pt", target_languages=("en",), speak=False)
    seen = await translate_speech(await ready_pipeline(tts=tts), utterances(2), conversation)
    assert len(of_kind(seen, events.TranslationText)) == 2
    assert not of_kind(seen, events.Audio)
    assert not tts.requests


async def test_unknown_languages_and_voices_are_refused_with_what_is_served() -> None:
    session = open_real_speech_session(await ready_pipeline())
    with pytest.raises(UnsupportedLanguage, match="targets served: en"):
        session.configure(ConversationSettings(target_languages=("ja",)))
    with pytest.raises(UnsupportedLanguage, match="accepted: auto, en"):
        session.configure(ConversationSettings(source_language="xx", target_languages=("en",)))
    with pytest.raises(NotSupported, match="does not support context"):
        session.configure(ConversationSettings(target_languages=("en",), context="names"))
    with pytest.raises(UnknownVoice, match="accepted: default, joe"):
        session.configure(ConversationSettings(target_languages=("en",), voice_id="nobody"))


async def test_a_detected_language_without_a_route_is_reported_and_its_caption_stays() -> None:
    stt = FakeStt(language="en")
    stt.info = type(stt.info)(provider="fake", model="ear", languages=("en", "fr"))
    pipeline = await ready_pipeline(stt)
    seen = await translate_speech(pipeline, utterances(1), ConversationSettings(target_languages=("pt",)))
    assert len(of_kind(seen, events.TranslationText)) == 1
    stt.language = "fr"
    seen = await translate_speech(pipeline, utterances(1), ConversationSettings(target_languages=("pt",)))
    assert [event.language for event in of_kind(seen, events.Transcription)] == ["fr"]
    assert [failure.error.code for failure in of_kind(seen, events.Failed)] == ["unsupported_language"]


TWO = replace(CLAUSES, target_languages=("en", "es"))


class SelectiveTranslator(EchoTranslator):
    """Translates to one language only when it is let, and never to another."""

    def __init__(self, held: str = "", refused: str = "") -> None:
        super().__init__()
        self.held, self.refused, self.free = held, refused, asyncio.Event()

    async def answer(self, request):  # type: ignore[no-untyped-def]
        """Wait, or fail."""
        if request.target == self.refused:
            return ProviderFailed("on purpose")
        if request.target == self.held:
            await self.free.wait()
        return await super().answer(request)


async def test_one_recognition_feeds_all_targets_and_a_slow_one_holds_no_other_back() -> None:
    stt, translator, script = CodedStt(), SelectiveTranslator(held="es"), SpokenScript([(6, 1_000)] * 3)
    session = open_session(await pipeline_of(stt, translator))
    async with running(session) as seen:
        session.configure(TWO)
        await speak(session, script.pcm)
        await wait_until(lambda: sum(event.is_final for event in of_kind(seen, events.TranslationText)) == 3)
        assert not translations(seen, "es")
        assert not [ack for ack in of_kind(seen, events.Ack) if ack.through_ms > 1_000]
        assert len([request for request in stt.requests if not request.interim]) <= 2 * 3
        translator.free.set()
        session.end()
    assert_whole(seen, script, ["en", "es"])


async def test_a_failing_target_is_reported_and_the_others_go_on() -> None:
    script = SpokenScript([(6, 1_000)] * 2)
    session = open_session(await pipeline_of(CodedStt(), SelectiveTranslator(refused="es")))
    async with running(session) as seen:
        session.configure(replace(TWO, commit="utterance"))
        await speak(session, script.pcm)
        session.end()
    assert " ".join(translations(seen, "en")).split() == script.words
    assert {event.error.code for event in of_kind(seen, events.Failed)} == {"provider_failed"}
    assert of_kind(seen, events.Ack)[-1].through_ms == len(script.pcm) // 32


async def test_a_named_voice_speaks_the_targets_that_it_can() -> None:
    tts = FakeTts()
    session = open_session(await pipeline_of(CodedStt(), tts=tts))
    async with running(session):
        session.configure(replace(TWO, voice_id="joe"))
        await speak(session, SpokenScript([(3, 1_000)]).pcm)
        session.end()
    assert {(request.language, request.voice) for request in tts.requests} == {("en", "joe"), ("es", "dora")}


async def test_preceding_clauses_and_the_glossary_reach_a_translator_that_takes_them() -> None:
    translator = EchoTranslator()
    translator.info = replace(translator.info, takes_context=True, takes_glossary=True)
    session = open_session(await pipeline_of(CodedStt(), translator), StreamingSettings(speculate=False))
    async with running(session):
        session.configure(replace(UTTERANCES, glossary={"wordb": "uno"}))
        await speak(session, SpokenScript([(2, 1_000)] * 5).pcm)
        session.end()
    assert [len(request.context) for request in translator.requests] == [0, 1, 2, 3, 3]
    assert translator.requests[1].context == ("Worda wordb",)
    assert dict(translator.requests[0].glossary) == {"wordb": "uno"}


async def test_the_context_is_in_the_language_of_what_is_translated() -> None:
    stt, translator = CodedStt(), EchoTranslator()
    translator.info = replace(translator.info, takes_context=True)
    session = open_session(await pipeline_of(stt, translator), StreamingSettings(speculate=False))
    async with running(session) as seen:
        session.configure(replace(UTTERANCES, source_language=None, target_languages=("en", "pt")))
        for number, language in enumerate(["pt", "en", "pt"]):
            stt.language = language
            await speak(session, silence(500) + coded_words(2 * number, 2) + silence(1_000))
            await wait_until(lambda: len(finals(seen)) > number)  # noqa: B023
        session.end()
    contexts = [(request.source, request.context) for request in translator.requests]
    assert contexts == [("pt", ()), ("en", ()), ("pt", ("Worda wordb",))]


async def test_a_language_without_a_route_is_reported_once_an_utterance() -> None:
    session = open_session(await pipeline_of(CodedStt(language="en")))
    async with running(session) as seen:
        session.configure(replace(CLAUSES, source_language=None, target_languages=("es", "pt")))
        await speak(session, SpokenScript([(14, 1_000)]).pcm)
        session.end()
    assert [event.error.code for event in of_kind(seen, events.Failed)] == ["unsupported_language"]
    assert " ".join(translations(seen, "pt")).split() == SpokenScript([(14, 0)]).words


async def test_words_that_the_recogniser_translates_come_at_the_end_and_are_acknowledged_with_it() -> None:
    script, stt = SpokenScript([(14, 1_000), (5, 1_000)]), CodedStt()
    session = open_session(await pipeline_of(stt))
    async with running(session) as seen:
        session.configure(replace(CLAUSES, source_language="es", target_languages=("en", "es")))
        await speak(session, script.pcm)
        session.end()
    assert_whole(seen, script, ["en", "es"])
    assert_delivered(seen, ["en", "es"])
    assert len(translations(seen, "en")) == 2 < len(translations(seen, "es"))


async def test_where_the_recogniser_translates_nothing_is_committed_before_the_end_and_a_pause_prepares_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prepared: list[str] = []

    def prepare(fan_out: FanOut, clause: Clause, targets: Iterable[str]) -> dict[str, SpeculativeOutput]:
        prepared.append(clause.text)
        return prepare_output(fan_out, clause, targets)

    prepare_output = FanOut.prepare
    monkeypatch.setattr(FanOut, "prepare", prepare)
    script = SpokenScript([(27, 1_000)])
    session = open_session(await pipeline_of(CodedStt()))
    async with running(session) as seen:
        # No text model translates Spanish.
        session.configure(replace(CLAUSES, source_language="es", speak=False))
        # The pause begins, and is recognised before it is over.
        rest = script.pcm[-2 * RECOGNISER_RATE * 6 // 10 :]
        await speak(session, script.pcm[: -len(rest)])
        async with asyncio.timeout(30):
            while not prepared:
                await asyncio.sleep(0.01)
        await speak(session, rest)
        session.end()
    assert [each.is_final for each in of_kind(seen, events.TranslationText)] == [True] * len(finals(seen))
    assert finals(seen)[-1].text in prepared


async def test_a_glossary_that_cannot_be_kept_is_reported_once_an_utterance() -> None:
    session = open_session(await pipeline_of(CodedStt(language="es")))
    async with running(session) as seen:
        session.configure(
            replace(CLAUSES, source_language=None, target_languages=("en",), glossary={"wordb": "uno"})
        )
        await speak(session, SpokenScript([(14, 1_000), (5, 1_000)]).pcm)
        session.end()
    assert [event.error.code for event in of_kind(seen, events.Failed)] == ["not_supported"]
    assert [event.text for event in of_kind(seen, events.TranslationText)] == [
        "wordbe wordbf, wordbg wordbh. Wordbi"
    ]
