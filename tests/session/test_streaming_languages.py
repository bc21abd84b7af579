"""The streaming engine where languages are detected, and where the way to a target is not a text model."""

from collections.abc import Sequence
from dataclasses import replace

from sokuji import events
from sokuji.config import StreamingSettings
from sokuji.contract import RecognitionRequest, Transcript
from sokuji.errors import SokujiError
from tests.support.coded_speech import CodedStt, coded_words
from tests.support.session_scenarios import (
    CLAUSES,
    UTTERANCES,
    EchoTranslator,
    SpokenScript,
    assert_delivered,
    assert_whole,
    finals,
    of_kind,
    open_session,
    pipeline_of,
    running,
    speak,
    translations,
    wait_until,
)
from tests.support.speech import silence


class Undecided(CodedStt):
    """Detects another language each time that none is told."""

    async def transcribe(self, requests: Sequence[RecognitionRequest]) -> list[Transcript | SokujiError]:
        """The words in some language."""
        self.language = "es" if self.language == "pt" else "pt"
        return await super().transcribe(requests)


async def test_a_segment_and_what_is_split_off_from_it_keep_their_language() -> None:
    script = SpokenScript([(60, 1_000)])
    session = open_session(await pipeline_of(Undecided()))
    async with running(session) as seen:
        session.configure(replace(CLAUSES, source_language=None))
        await speak(session, script.pcm)
        session.end()
    assert " ".join(event.text for event in finals(seen)).split() == script.words
    assert len(finals(seen)) > 1
    assert len({event.language for event in finals(seen)}) == 1


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
    assert contexts == [("pt", ()), ("en", ()), ("pt", ("Word0 word1",))]


async def test_a_language_without_a_way_is_told_once_an_utterance() -> None:
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


async def test_a_glossary_that_cannot_be_kept_is_told_once_an_utterance() -> None:
    session = open_session(await pipeline_of(CodedStt(language="es")))
    async with running(session) as seen:
        session.configure(
            replace(CLAUSES, source_language=None, target_languages=("en",), glossary={"word1": "uno"})
        )
        await speak(session, SpokenScript([(14, 1_000), (5, 1_000)]).pcm)
        session.end()
    assert [event.error.code for event in of_kind(seen, events.Failed)] == ["not_supported"]
    assert [event.text for event in of_kind(seen, events.TranslationText)] == [
        "word14 word15, word16 word17. Word18"
    ]
