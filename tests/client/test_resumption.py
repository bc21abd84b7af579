"""What an application sees of a conversation whose connection is lost again and again: all of it, once."""

from collections import defaultdict
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sokuji import events
from sokuji.client.resumption import Continuity
from sokuji.client.text_overlap import beyond
from sokuji.errors import ProviderFailed
from tests.support.simulated_conversation import (
    TARGETS,
    ResumePoint,
    SimulatedClause,
    SimulatedConnection,
    SimulatedSentence,
)

# Few different words, so that the same ones come in many clauses.
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


def tracks(seen: list[events.Event]) -> dict[str, list[events.Event]]:
    """The events in as many sequences as have an order of their own; acks only tell how far it is."""
    found: defaultdict[str, list[events.Event]] = defaultdict(list)
    for event in seen:
        if isinstance(event, events.TranslationText | events.Audio):
            found[f"{type(event).__name__} {event.target_language}"].append(event)
        elif isinstance(event, events.Transcription):
            found["final captions" if event.is_final else "changing captions"].append(event)
        elif not isinstance(event, events.Ack):
            found[type(event).__name__].append(event)
    return found


@settings(max_examples=300, deadline=None)
@given(speech(), st.lists(st.floats(0, 1), max_size=4), st.integers(), st.booleans())
def test_the_application_sees_the_undisturbed_conversation(
    sentences: list[SimulatedSentence], losses: list[float], seed: int, speaks: bool
) -> None:
    random = Random(seed)
    undisturbed = [
        event for event, _ in SimulatedConnection(sentences, ResumePoint(), 0, random, speaks=speaks).said
    ]
    continuity = Continuity()
    seen: list[events.Event] = []
    place, first_id = ResumePoint(), 0
    for share in losses:
        said = SimulatedConnection(sentences, place, first_id, random, speaks=speaks).said
        heard = said[: round(share * (len(said) - 1))]
        for event, _ in heard:
            seen += filter(None, [continuity.take(event)])
        place = heard[-1][1] if heard else place
        continuity.resume()
        first_id = 1_000 + continuity.acked.through_ms // 32
    for event, _ in SimulatedConnection(sentences, place, first_id, random, speaks=speaks).said:
        seen += filter(None, [continuity.take(event)])
    assert tracks(seen) == tracks(undisturbed)


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


def voice(segment_id: int, number: int, chunk: int, *, last: bool) -> events.Audio:
    return events.Audio(
        segment_id=segment_id, clause=number, chunk=chunk, target_language="en", pcm=b"", sample_rate=8_000,
        last=last,
    )  # fmt: skip


def told_after(before: list[events.Event], again: list[events.Event]) -> list[events.Event]:
    """What the application sees of ``again`` if the connection is lost after ``before``."""
    continuity = Continuity()
    for event in before:
        assert continuity.take(event) == event
    continuity.resume()
    return [told for event in again if (told := continuity.take(event)) is not None]


def test_an_utterance_that_is_worded_differently_the_second_time_is_not_repeated() -> None:
    before = [
        started(500, 0), stopped(1_500, 0), caption(0, 400, 1_600, "Bom dia."),
        clause(0, 0, "Hi.", is_final=True),
    ]  # fmt: skip
    again = [
        started(532, 12), stopped(1_468, 12), caption(12, 400, 1_568, "Com guia!"),
        clause(12, 0, "With a guide!", is_final=True), voice(12, 0, 0, last=True), started(3_000, 13),
    ]  # fmt: skip
    assert told_after(before, again) == [voice(0, 0, 0, last=True), started(3_000, 1)]


def test_a_clause_that_goes_further_the_second_time_is_told_from_where_it_is_new() -> None:
    before = [started(0, 0), clause(0, 0, "Good morning,"), voice(0, 0, 0, last=False)]
    again = [
        started(0, 7), clause(7, 0, "Good morning my dear friends.", is_final=True),
        voice(7, 0, 0, last=False), voice(7, 0, 1, last=True),
    ]  # fmt: skip
    assert told_after(before, again) == [
        clause(0, 1, "my dear friends.", is_final=True), voice(0, 1, 0, last=True),
    ]  # fmt: skip


def test_a_clause_that_is_cut_in_two_the_second_time_is_not_repeated() -> None:
    before = [started(0, 0), clause(0, 0, "Good morning my friends."), voice(0, 0, 0, last=True)]
    again = [
        started(0, 7), clause(7, 0, "Good morning,"), voice(7, 0, 0, last=True), clause(7, 1, "my friends."),
        voice(7, 1, 0, last=True), clause(7, 2, "Sit down.", is_final=True), voice(7, 2, 0, last=True),
    ]  # fmt: skip
    assert told_after(before, again) == [
        clause(0, 1, "Sit down.", is_final=True), voice(0, 1, 0, last=True),
    ]  # fmt: skip


def test_a_segment_that_ends_later_the_second_time_loses_nothing_of_what_is_new() -> None:
    before = [started(0, 0), stopped(4_000, 0), caption(0, 0, 4_000, "This is one."), started(4_000, 1)]
    again = [started(0, 7), stopped(9_000, 7), caption(7, 0, 9_000, "This is one. This is another.")]
    assert told_after(before, again) == [stopped(9_000, 1), caption(1, 0, 9_000, "This is another.")]


def test_words_that_have_nothing_to_do_with_those_before_are_all_told() -> None:
    before = [started(0, 0), clause(0, 0, "Good morning,")]
    again = [started(0, 7), clause(7, 0, "Quick buzz of jazz.")]
    assert told_after(before, again) == [clause(0, 1, "Quick buzz of jazz.")]


def test_the_end_of_a_segment_is_told_even_if_its_words_are_not() -> None:
    before = [started(0, 0), clause(0, 0, "Good morning.")]
    again = [started(0, 7), clause(7, 0, "Good morning.", is_final=True)]
    assert told_after(before, again) == [clause(0, 1, "", is_final=True)]


def test_a_failure_is_told_once() -> None:
    failed = events.Failed(ProviderFailed("no voice"), segment_id=0)
    elsewhere = events.Failed(ProviderFailed("no voice"))
    again = [started(0, 7), replace(failed, segment_id=7), replace(failed, segment_id=7), elsewhere]
    assert told_after([started(0, 0), failed], again) == [failed, elsewhere]


def test_a_voice_that_was_cancelled_does_not_come_again() -> None:
    continuity = Continuity()
    for event in (started(0, 0), clause(0, 0, "Good morning."), voice(0, 0, 0, last=False)):
        continuity.take(event)
    continuity.mute()
    continuity.resume()
    for event in (started(0, 7), clause(7, 0, "Good morning."), voice(7, 0, 0, last=False)):
        assert continuity.take(event) is None
    assert continuity.take(voice(7, 0, 1, last=True)) is None


@pytest.mark.parametrize(
    ("known", "again", "expected"),
    [
        ("Good morning,", "good morning my friend", ("my friend", "")),
        ("Good morning my friend.", "Good morning", ("", "my friend.")),
        ("Good mornings,", "Good morning my friend", ("friend", "")),
        ("こんにちは", "こんにちは、みなさん。", ("みなさん。", "")),
        ("", "Good", ("Good", "")),
        ("Good", "", ("", "Good")),
        ("...", "Good", ("Good", "")),
        ("abc", "xyz", ("xyz", "")),
    ],
)
def test_texts_are_laid_side_by_side(known: str, again: str, expected: tuple[str, str]) -> None:
    assert beyond(known, again) == expected
