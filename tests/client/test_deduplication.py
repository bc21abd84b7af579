"""An application receives every event once, however often the connection is lost."""

from collections import defaultdict
from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from sokuji import events
from sokuji.client.deduplication import Deduplicator
from sokuji.errors import ProviderFailed
from tests.support.simulated_conversation import (
    TARGETS,
    ResumePoint,
    SimulatedClause,
    SimulatedConnection,
    SimulatedSentence,
)

# Few different texts, so that many clauses have the same one.
WORDS = st.sampled_from(["yes", "no", "yes yes", "...", "あい", "a longer piece of text", "Yes."])

CLAUSES = st.builds(
    SimulatedClause,
    st.fixed_dictionaries(dict.fromkeys(TARGETS, WORDS)),
    st.fixed_dictionaries(dict.fromkeys(TARGETS, st.integers(1, 3))),
)


@st.composite
def speech(draw: st.DrawFn) -> list[SimulatedSentence]:
    """Sentences with and without pauses between them, and noises."""
    found: list[SimulatedSentence] = []
    at_ms = 0
    for _ in range(draw(st.integers(1, 5))):
        start_ms = at_ms + draw(st.sampled_from([0, 400, 3_000]))
        at_ms = start_ms + draw(st.sampled_from([100, 700, 8_000]))
        clauses: list[SimulatedClause] = draw(st.lists(CLAUSES, max_size=4))
        ends_empty: bool = draw(st.booleans())
        if clauses and ends_empty:
            clauses.append(SimulatedClause(dict.fromkeys(TARGETS, ""), dict.fromkeys(TARGETS, 0)))
        found.append(SimulatedSentence(start_ms, at_ms, tuple(clauses), draw(st.integers(0, 3))))
    return found


def tracks(received: list[events.Event]) -> dict[str, list[events.Event]]:
    """The events grouped by the sequences whose order is defined; without acks, which carry no content."""
    found: defaultdict[str, list[events.Event]] = defaultdict(list)
    for event in received:
        if isinstance(event, events.TranslationText | events.Audio):
            found[f"{type(event).__name__} {event.target_language}"].append(event)
        elif isinstance(event, events.Transcription):
            found["final transcripts" if event.is_final else "partial transcripts"].append(event)
        elif not isinstance(event, events.Ack):
            found[type(event).__name__].append(event)
    return found


@settings(max_examples=3 * settings().max_examples)
@given(speech(), st.lists(st.floats(0, 1), max_size=4), st.integers(), st.booleans())
def test_the_application_receives_the_events_of_an_undisturbed_conversation(
    sentences: list[SimulatedSentence], losses: list[float], seed: int, speaks: bool
) -> None:
    random = Random(seed)
    undisturbed = [
        event for event, _ in SimulatedConnection(sentences, ResumePoint(), 0, random, speaks=speaks).said
    ]
    deduplicator = Deduplicator()
    received: list[events.Event] = []
    place, first_id = ResumePoint(), 0
    for share in losses:
        said = SimulatedConnection(sentences, place, first_id, random, speaks=speaks).said
        sent = said[: round(share * (len(said) - 1))]
        for event, _ in sent:
            received += filter(None, [deduplicator.process(event)])
        place = sent[-1][1] if sent else place
        deduplicator.resume()
        first_id = 1_000 + deduplicator.acked.through_ms // 32
    for event, _ in SimulatedConnection(sentences, place, first_id, random, speaks=speaks).said:
        received += filter(None, [deduplicator.process(event)])
    assert tracks(received) == tracks(undisturbed)


def started(at_ms: int, segment_id: int) -> events.Event:
    return events.Speech(state="started", at_ms=at_ms, segment_id=segment_id)


def stopped(at_ms: int, segment_id: int) -> events.Event:
    return events.Speech(state="stopped", at_ms=at_ms, segment_id=segment_id)


def caption(segment_id: int, start_ms: int, end_ms: int, text: str) -> events.Transcription:
    return events.Transcription(
        segment_id=segment_id, text=text, language="pt", is_final=True, confidence=None, start_ms=start_ms,
        end_ms=end_ms, stable_chars=len(text),
    )  # fmt: skip


def clause(segment_id: int, number: int, text: str, *, is_final: bool = False) -> events.TranslationText:
    return events.TranslationText(
        segment_id=segment_id, clause=number, text=text, source_language="pt", target_language="en",
        is_final=is_final,
    )  # fmt: skip


def voice(segment_id: int, number: int, chunk: int, *, last: bool, pcm: bytes = b"\0\0") -> events.Audio:
    return events.Audio(
        segment_id=segment_id, clause=number, chunk=chunk, target_language="en", pcm=pcm, sample_rate=8_000,
        last=last,
    )  # fmt: skip


def delivered_after(before: list[events.Event], again: list[events.Event]) -> list[events.Event]:
    """The events of ``again`` that are delivered if the connection is lost after ``before``."""
    deduplicator = Deduplicator()
    for event in before:
        assert deduplicator.process(event) == event
    deduplicator.resume()
    return [delivered for event in again if (delivered := deduplicator.process(event)) is not None]


def test_an_utterance_that_is_recognised_differently_the_second_time_is_not_repeated() -> None:
    before = [
        started(500, 0), stopped(1_500, 0), caption(0, 400, 1_600, "Bom dia."),
        clause(0, 0, "Hi.", is_final=True),
    ]  # fmt: skip
    again = [
        started(532, 12), stopped(1_468, 12), caption(12, 400, 1_568, "Com guia!"),
        clause(12, 0, "With a guide!", is_final=True), voice(12, 0, 0, last=True), started(3_000, 13),
    ]  # fmt: skip
    assert delivered_after(before, again) == [voice(0, 0, 0, last=True), started(3_000, 1)]


def test_of_a_clause_that_is_longer_the_second_time_only_the_new_end_is_delivered() -> None:
    before = [started(0, 0), clause(0, 0, "Good morning,"), voice(0, 0, 0, last=False)]
    again = [
        started(0, 7), clause(7, 0, "Good morning my dear friends.", is_final=True),
        voice(7, 0, 0, last=False), voice(7, 0, 1, last=True),
    ]  # fmt: skip
    assert delivered_after(before, again) == [
        clause(0, 1, "my dear friends.", is_final=True), voice(0, 1, 0, last=True),
    ]  # fmt: skip


def test_a_clause_that_is_split_the_second_time_is_not_repeated() -> None:
    before = [started(0, 0), clause(0, 0, "Good morning my friends."), voice(0, 0, 0, last=True)]
    again = [
        started(0, 7), clause(7, 0, "Good morning,"), voice(7, 0, 0, last=True), clause(7, 1, "my friends."),
        voice(7, 1, 0, last=True), clause(7, 2, "Sit down.", is_final=True), voice(7, 2, 0, last=True),
    ]  # fmt: skip
    assert delivered_after(before, again) == [
        clause(0, 1, "Sit down.", is_final=True), voice(0, 1, 0, last=True),
    ]  # fmt: skip


def test_of_a_segment_that_ends_later_the_second_time_the_new_text_is_delivered() -> None:
    before = [started(0, 0), stopped(4_000, 0), caption(0, 0, 4_000, "This is one."), started(4_000, 1)]
    again = [started(0, 7), stopped(9_000, 7), caption(7, 0, 9_000, "This is one. This is another.")]
    assert delivered_after(before, again) == [stopped(9_000, 1), caption(1, 0, 9_000, "This is another.")]


def test_a_text_without_similarity_to_the_earlier_one_is_delivered_completely() -> None:
    before = [started(0, 0), clause(0, 0, "Good morning,")]
    again = [started(0, 7), clause(7, 0, "Quick buzz of jazz.")]
    assert delivered_after(before, again) == [clause(0, 1, "Quick buzz of jazz.")]


def test_the_end_of_a_segment_is_delivered_even_if_its_text_is_a_repeat() -> None:
    before = [started(0, 0), clause(0, 0, "Good morning.")]
    again = [started(0, 7), clause(7, 0, "Good morning.", is_final=True)]
    assert delivered_after(before, again) == [clause(0, 1, "", is_final=True)]


def test_a_failure_is_delivered_once() -> None:
    failed = events.Failed(ProviderFailed("no voice"), segment_id=0)
    elsewhere = events.Failed(ProviderFailed("no voice"))
    again = [started(0, 7), replace(failed, segment_id=7), replace(failed, segment_id=7), elsewhere]
    assert delivered_after([started(0, 0), failed], again) == [failed, elsewhere]


def test_audio_that_is_divided_otherwise_the_second_time_is_delivered_once() -> None:
    before = [
        started(0, 0), clause(0, 0, "Good morning."), voice(0, 0, 0, last=False, pcm=b"aabb"),
        voice(0, 0, 1, last=False, pcm=b"cc"),
    ]  # fmt: skip
    again: list[events.Event] = [started(0, 7), clause(7, 0, "Good morning.")]
    again += [voice(7, 0, 0, last=False, pcm=b"aabbccdd"), voice(7, 0, 1, last=True, pcm=b"ee")]
    assert delivered_after(before, again) == [
        voice(0, 0, 2, last=False, pcm=b"dd"), voice(0, 0, 3, last=True, pcm=b"ee"),
    ]  # fmt: skip


def test_audio_that_had_been_delivered_without_its_end_still_ends() -> None:
    before = [started(0, 0), clause(0, 0, "Good morning."), voice(0, 0, 0, last=False, pcm=b"aabb")]
    again = [started(0, 7), clause(7, 0, "Good morning."), voice(7, 0, 0, last=True, pcm=b"aabb")]
    assert delivered_after(before, again) == [voice(0, 0, 1, last=True, pcm=b"")]


def test_cancelled_audio_is_not_delivered_again() -> None:
    deduplicator = Deduplicator()
    for event in (started(0, 0), clause(0, 0, "Good morning."), voice(0, 0, 0, last=False)):
        deduplicator.process(event)
    deduplicator.cancel_audio()
    deduplicator.resume()
    for event in (started(0, 7), clause(7, 0, "Good morning."), voice(7, 0, 0, last=False)):
        assert deduplicator.process(event) is None
    assert deduplicator.process(voice(7, 0, 1, last=True)) is None


def test_partial_translations_are_passed_on_where_nothing_is_repeated() -> None:
    partial = events.PartialTranslation(
        segment_id=7, clause=0, text="so far", stable_chars=2, source_language="pt", target_language="en"
    )
    deduplicator = Deduplicator()
    started = events.Speech(state="started", at_ms=400, segment_id=7)
    assert deduplicator.process(started) == started
    assert deduplicator.process(partial) == partial
    stopped = replace(started, state="stopped", at_ms=2_000)
    assert deduplicator.process(stopped) == stopped
    deduplicator.resume()
    assert deduplicator.process(replace(started, segment_id=2)) is None
    assert deduplicator.process(replace(partial, segment_id=2)) is None
    assert deduplicator.process(replace(stopped, segment_id=2)) is None
    later = replace(started, segment_id=9, at_ms=90_000)
    assert deduplicator.process(later) == replace(later, segment_id=8)
    assert deduplicator.process(replace(partial, segment_id=9)) == replace(partial, segment_id=8)
