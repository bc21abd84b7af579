"""When clauses and utterances are committed, and that a long segment is split without loss."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import pytest

from sokuji import events
from sokuji.contract import RecognitionRequest, Transcript, TranslatedText, TranslationRequest
from sokuji.errors import SokujiError
from sokuji.session import load_shedding
from sokuji.session.commitment import Commitment
from sokuji.session.fan_out import FanOut
from sokuji.session.output import SessionOutput
from sokuji.session.segment import CommitPolicy, Segment
from tests.support.coded_speech import WORD_MS, CodedStt, coded_words, spelled
from tests.support.session_events import assert_append_only, assert_whole, finals, of_kind, translations
from tests.support.session_scenarios import (
    CLAUSES,
    EAGER,
    UTTERANCES,
    EchoTranslator,
    SlowVoiceActivity,
    SpokenScript,
    open_session,
    pipeline_of,
    running,
    speak,
    wait_until,
)
from tests.support.speech import silence


async def test_a_clause_is_translated_and_spoken_before_the_utterance_ends() -> None:
    session = open_session(await pipeline_of(CodedStt()))
    async with running(session) as seen:
        session.configure(CLAUSES)
        await speak(session, silence(500) + coded_words(0, 8))
        await wait_until(lambda: any(event.last for event in of_kind(seen, events.Audio)))
        assert translations(seen, "en")[0] == "Worda wordb wordc wordd,"
        assert not of_kind(seen, events.TranslationText)[0].is_final
        assert not finals(seen)
        await speak(session, silence(1_000))
        session.end()
    assert_whole(seen, SpokenScript([(8, 1_000)]))


async def test_utterance_commitment_says_nothing_before_the_utterance_ends() -> None:
    stt = CodedStt()
    session = open_session(await pipeline_of(stt))
    async with running(session) as seen:
        session.configure(UTTERANCES)
        await speak(session, SpokenScript([(8, 64), (8, 1_000)]).pcm)
        session.end()
    kinds = [type(event).__name__ for event in seen]
    assert kinds[:3] == ["Ready", "Speech", "Speech"]
    assert [event.clause for event in of_kind(seen, events.TranslationText)] == [0]
    assert not any(request.interim for request in stt.requests)


AUTO = replace(CLAUSES, commit="auto", partials=False)


async def test_auto_answers_a_short_utterance_whole_and_one_that_runs_on_by_clause() -> None:
    stt, script = CodedStt(), SpokenScript([(8, 1_000), (30, 1_000), (8, 1_000)])
    settings = EAGER.model_copy(update={"run_on_ms": 4_000})
    session = open_session(await pipeline_of(stt), settings)
    async with running(session) as seen:
        session.configure(AUTO)
        await speak(session, script.pcm)
        session.end()
    assert_whole(seen, script)
    texts = of_kind(seen, events.TranslationText)
    first, last = texts[0].segment_id, texts[-1].segment_id
    assert [each.clause for each in texts if each.segment_id in {first, last}] == [0, 0]
    assert sum(not each.is_final for each in texts) > 1


async def test_auto_recognises_nothing_in_advance_of_short_utterances() -> None:
    stt = CodedStt()
    session = open_session(await pipeline_of(stt), EAGER.model_copy(update={"run_on_ms": 4_000}))
    async with running(session) as seen:
        session.configure(AUTO)
        await speak(session, SpokenScript([(5, 1_000)]).pcm)
        session.end()
    assert finals(seen)
    assert not any(request.interim for request in stt.requests)


async def test_who_runs_on_still_does_behind_a_split() -> None:
    script = SpokenScript([(60, 1_000)])
    session = open_session(await pipeline_of(CodedStt()), EAGER.model_copy(update={"run_on_ms": 6_000}))
    async with running(session) as seen:
        session.configure(AUTO)
        await speak(session, script.pcm)
        session.end()
    assert_whole(seen, script)
    early = [each for each in of_kind(seen, events.TranslationText) if not each.is_final]
    starts = {each.segment_id: each.start_ms for each in finals(seen)}
    ends = {each.segment_id: each.end_ms for each in finals(seen)}
    assert len(starts) > 1
    # A part that is shorter than what makes a speaker run on, and was not the first.
    assert any(ends[each.segment_id] - starts[each.segment_id] < 6_000 for each in early)


async def test_what_is_recognised_again_stays_short_in_a_long_monologue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Audio comes faster than real time: on a busy machine an interval in seconds would be minutes of speech.
    monkeypatch.setattr(load_shedding, "INTERVAL_FACTOR", 0)
    stt = CodedStt()
    session = open_session(await pipeline_of(stt))
    script = SpokenScript([(150, 1_000)])
    async with running(session) as seen:
        session.configure(CLAUSES)
        await speak(session, script.pcm, [3_000])
        session.end()
    assert_whole(seen, script)
    assert_append_only(seen)
    longest_ms = max(len(request.pcm) for request in stt.requests) / 32
    assert longest_ms < 14_000
    assert len(finals(seen)) >= len(script.words) * WORD_MS / 14_000


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
async def test_a_cut_for_length_while_speech_is_recognised_loses_and_doubles_nothing(seed: int) -> None:
    stt = CodedStt(seed, delay_s=0.012)
    stt.info = replace(stt.info, gives_word_times=False)
    session, script = (
        open_session(await pipeline_of(stt), vad=SlowVoiceActivity()),
        SpokenScript([(150, 1_000)]),
    )
    async with running(session) as seen:
        session.configure(CLAUSES)
        await speak(session, script.pcm, [20_000, 36_000], rest_s=0.01)
        session.end()
    assert_whole(seen, script)
    assert len(finals(seen)) > 1


@pytest.mark.parametrize(
    ("committed", "text", "clause"),
    [
        ("It rains", ", so we stay", "so we stay"),
        ("It rains", '." Then', "Then"),
        ("It rains", ".", ""),
        ("We use", " .NET here", ".NET here"),
        ("", ".NET is used", ".NET is used"),
        ("下雨", "，我们", "我们"),
    ],
)
async def test_a_mark_that_is_stable_too_late_for_its_clause_begins_no_other(
    committed: str, text: str, clause: str
) -> None:
    segment = Segment(0, CLAUSES, CommitPolicy("clause", 0), committed_chars=len(committed))
    commitment = Commitment(cast(SessionOutput, None), cast(FanOut, None))
    assert commitment.next_clause(segment, text, "en").text == clause


class AlternatingLanguageStt(CodedStt):
    """Detects pt and es in turn where the request names no language."""

    async def transcribe(self, requests: Sequence[RecognitionRequest]) -> list[Transcript | SokujiError]:
        """The words, in the next language."""
        self.language = "es" if self.language == "pt" else "pt"
        return await super().transcribe(requests)


async def test_a_segment_and_what_is_split_off_from_it_keep_their_language() -> None:
    script = SpokenScript([(60, 1_000)])
    session = open_session(await pipeline_of(AlternatingLanguageStt()))
    async with running(session) as seen:
        session.configure(replace(CLAUSES, source_language=None))
        await speak(session, script.pcm)
        session.end()
    assert " ".join(event.text for event in finals(seen)).split() == script.words
    assert len(finals(seen)) > 1
    assert len({event.language for event in finals(seen)}) == 1


async def test_a_clause_within_a_sentence_begins_small_and_one_that_begins_a_sentence_does_not() -> None:
    class CapitalTranslator(EchoTranslator):
        async def answer(self, request: TranslationRequest) -> TranslatedText | SokujiError:
            return TranslatedText(text=request.text[:1].upper() + request.text[1:])

    session = open_session(await pipeline_of(CodedStt(), CapitalTranslator()))
    async with running(session) as seen:
        session.configure(CLAUSES)
        await speak(session, SpokenScript([(18, 1_000)]).pcm)
        session.end()
    # The last clause is empty if a pause showed that all words are stable.
    assert " ".join(translations(seen, "en")).split() == list(map(spelled, range(18)))
