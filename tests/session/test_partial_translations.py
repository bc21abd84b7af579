"""Words of translations that are shown before their clause is complete: none is taken back or lost."""

from collections import Counter
from dataclasses import replace

import pytest

from sokuji import events
from sokuji.config import StreamingSettings
from sokuji.contract import TranslatedText, TranslationRequest
from sokuji.errors import ProviderFailed, SokujiError
from sokuji.session.conversation import ConversationSettings
from tests.support.coded_speech import CodedStt, coded_words
from tests.support.fake_stages import FakeTranslator
from tests.support.session_events import assert_append_only, assert_whole, of_kind, translations
from tests.support.session_scenarios import (
    CLAUSES,
    EAGER,
    EchoTranslator,
    SpokenScript,
    open_session,
    pipeline_of,
    running,
    speak,
    wait_until,
)
from tests.support.speech import silence

SHOWN = replace(CLAUSES, partial_translations=True)
SHOWN_AUTO = replace(SHOWN, commit="auto")


async def conversation(
    script: SpokenScript,
    *,
    stt: CodedStt | None = None,
    translator: FakeTranslator | None = None,
    settings: ConversationSettings = SHOWN,
    streaming: StreamingSettings = EAGER,
) -> list[events.Event]:
    session = open_session(await pipeline_of(stt or CodedStt(), translator), streaming)
    async with running(session) as seen:
        session.configure(settings)
        await speak(session, script.pcm)
        session.end()
    return seen


def said(seen: list[events.Event]) -> list[str]:
    return " ".join(translations(seen, "en")).split()


def bare(words: list[str]) -> list[str]:
    """Without outer marks."""
    return [word.strip(",.") for word in words if word.strip(",.")]


def shown_words(seen: list[events.Event]) -> int:
    return sum(
        len(each.text[: each.stable_chars].split()) for each in of_kind(seen, events.PartialTranslation)
    )


async def test_words_are_shown_before_their_clause_is_complete() -> None:
    session = open_session(await pipeline_of(CodedStt()))
    async with running(session) as seen:
        session.configure(SHOWN)
        await speak(session, silence(500) + coded_words(0, 4))
        await wait_until(lambda: any(each.stable_chars for each in of_kind(seen, events.PartialTranslation)))
        assert not translations(seen, "en")
        await speak(session, coded_words(4, 4) + silence(1_000))
        session.end()
    assert_append_only(seen)


async def test_the_mark_behind_the_last_word_is_not_translated_as_the_end_of_a_sentence() -> None:
    """Recognisers put one there, whatever follows."""
    translator = EchoTranslator()
    session = open_session(await pipeline_of(CodedStt(), translator))
    async with running(session) as seen:
        session.configure(SHOWN)
        await speak(session, silence(500) + coded_words(0, 4))
        await wait_until(lambda: any(request.text.endswith("wordd") for request in translator.requests))
        assert of_kind(seen, events.PartialTranslation)
        assert not [request.text for request in translator.requests if request.text[-1:] in ",."]
        session.end()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("settings", [SHOWN, SHOWN_AUTO], ids=["clause", "auto"])
async def test_no_word_is_lost_doubled_or_taken_back(settings: ConversationSettings, seed: int) -> None:
    script = SpokenScript([(3, 1_000), (30, 1_000), (8, 300), (60, 1_000)])
    streaming = EAGER.model_copy(update={"run_on_ms": 4_000})
    seen = await conversation(script, stt=CodedStt(seed), settings=settings, streaming=streaming)
    # A mark is lost where the word before it was shown earlier than its clause was complete.
    assert bare(said(seen)) == bare(script.words)
    assert_append_only(seen)
    assert shown_words(seen)


class FickleTranslator(EchoTranslator):
    """Ends what it says with a word of its own, which it does not say when more follows."""

    async def answer(self, request: TranslationRequest) -> TranslatedText | SokujiError:
        return TranslatedText(text=f"{request.text} zzz")


async def test_a_translator_that_changes_its_mind_loses_no_word() -> None:
    script = SpokenScript([(30, 1_000), (5, 1_000)])
    seen = await conversation(script, translator=FickleTranslator())
    assert_append_only(seen)
    assert not sorted((Counter(bare(script.words)) - Counter(bare(said(seen)))).elements())


async def test_whole_utterances_show_nothing_in_advance_and_neither_does_a_service_that_is_told_so() -> None:
    script = SpokenScript([(12, 1_000)])
    off = EAGER.model_copy(update={"partial_translations": False})
    for settings, streaming in ((replace(SHOWN, commit="utterance"), EAGER), (SHOWN, off), (CLAUSES, EAGER)):
        seen = await conversation(script, settings=settings, streaming=streaming)
        assert not of_kind(seen, events.PartialTranslation)
        assert_whole(seen, script)


class FailsOnFragments(EchoTranslator):
    """Translates nothing that ends within a clause."""

    async def answer(self, request: TranslationRequest) -> TranslatedText | SokujiError:
        if request.text[-1:] not in ",.":
            return ProviderFailed("only clauses")
        return TranslatedText(text=request.text)


async def test_a_failure_of_what_is_only_shown_is_no_failure() -> None:
    seen = await conversation(SpokenScript([(18, 1_000)]), translator=FailsOnFragments())
    assert not of_kind(seen, events.Failed)
    assert_append_only(seen)


async def test_speech_in_a_target_language_is_not_shown_to_who_wants_no_echo() -> None:
    settings = replace(SHOWN, source_language="pt", target_languages=("pt", "en"), echo=False)
    seen = await conversation(SpokenScript([(12, 1_000)]), settings=settings)
    assert {each.target_language for each in of_kind(seen, events.PartialTranslation)} == {"en"}
