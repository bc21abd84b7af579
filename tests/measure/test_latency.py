"""Latencies of the demo and the load tests: from which time to which, and which results count as lost."""

import time
from collections.abc import Sequence

import pytest

from load_tests.measurements.load_level import response_to, summarise
from load_tests.scenarios.sessions import ServiceSession
from load_tests.scenarios.speech_samples import ScriptedSpeech
from sokuji import events
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.measure.latency import (
    LATENCY_POINTS,
    LatencyPoint,
    Percentiles,
    RealTimeSource,
    Stopwatch,
    UtteranceTimes,
    percentiles,
)
from tests.support.speech import silence

COMPLETE: dict[LatencyPoint, float] = dict(zip(LATENCY_POINTS, (1.0, 2.0, 3.0, 4.0, 5.0), strict=True))


def translation(
    segment_id: int, clause: int = 0, *, text: str = "b", to: str = "en", is_final: bool = True
) -> events.TranslationText:
    return events.TranslationText(
        segment_id=segment_id,
        clause=clause,
        text=text,
        source_language="pt",
        target_language=to,
        is_final=is_final,
    )


def spoken(segment_id: int, start_ms: int, end_ms: int) -> list[events.Event]:
    """All that comes for one utterance."""
    return [
        events.Speech(state="started", at_ms=start_ms, segment_id=segment_id),
        events.Speech(state="stopped", at_ms=end_ms, segment_id=segment_id),
        caption(segment_id),
        translation(segment_id),
        audio(segment_id, 0, last=False),
        audio(segment_id, 1, last=True),
    ]


def caption(segment_id: int, *, is_final: bool = True) -> events.Transcription:
    return events.Transcription(
        segment_id=segment_id, text="a", language="pt", is_final=is_final, confidence=None, start_ms=0,
        end_ms=1, stable_chars=1,
    )  # fmt: skip


def audio(segment_id: int, chunk: int, *, last: bool, clause: int = 0, to: str = "en") -> events.Audio:
    return events.Audio(
        segment_id=segment_id, clause=clause, chunk=chunk, target_language=to, pcm=b"\0\0", sample_rate=8_000,
        last=last,
    )  # fmt: skip


def recorded(*received: events.Event) -> Stopwatch:
    """A stopwatch that saw one event a second, from second 11 on."""
    stopwatch = Stopwatch("en")
    for number, event in enumerate(received):
        stopwatch.record(event, 11.0 + number)
    return stopwatch


def session(spans_ms: Sequence[tuple[int, int]], *received: events.Event) -> ServiceSession:
    found = ServiceSession(ScriptedSpeech("pt", b"", spans_ms), stopwatch=recorded(*received))
    found.pace.began = 10.0
    return found


def test_delays_are_counted_from_the_end_of_speech() -> None:
    utterance = recorded(*spoken(0, 500, 1_500)).utterances[0]
    assert (utterance.start_ms, utterance.end_ms) == (500, 1_500)
    assert utterance.delays_ms(11.5) == {
        "endpoint": 500,
        "caption": 1_500,
        "translation": 2_500,
        "first audio": 3_500,
        "last audio": 4_500,
    }


def test_a_partial_caption_is_not_the_caption() -> None:
    first, *rest = spoken(0, 0, 1_000)
    assert recorded(first, caption(0, is_final=False), *rest[:1]).utterances[0].at.keys() == {"endpoint"}


def test_events_in_order_are_counted_as_such() -> None:
    assert recorded(*spoken(0, 0, 1), *spoken(1, 2, 3)).out_of_order == 0


@pytest.mark.parametrize(
    "wrong",
    [
        [*spoken(1, 2, 3), *spoken(0, 0, 1)[:3]],
        [*spoken(0, 0, 1), caption(0)],
        [*spoken(0, 0, 1)[:5], audio(0, 0, last=True)],
    ],
)
def test_an_event_that_comes_twice_or_after_a_later_one_is_out_of_order(wrong: list[events.Event]) -> None:
    assert recorded(*wrong).out_of_order == 1


CLAUSES: list[events.Event] = [
    events.Speech(state="started", at_ms=0, segment_id=0),
    translation(0, 0, is_final=False),
    audio(0, 0, last=True),
    events.Speech(state="stopped", at_ms=4_000, segment_id=0),
    caption(0),
    translation(0, 1),
    audio(0, 0, last=True, clause=1),
]


def test_a_clause_that_is_spoken_before_the_end_of_speech_has_a_negative_delay() -> None:
    assert recorded(*CLAUSES).utterances[0].delays_ms(15.0) == {
        "first audio": -2_000,
        "endpoint": -1_000,
        "caption": 0,
        "translation": 1_000,
        "last audio": 2_000,
    }


def test_an_utterance_is_not_translated_before_its_last_clause_is() -> None:
    reached = recorded(*CLAUSES[:5]).utterances[0].at
    assert reached.keys() == {"endpoint", "caption", "first audio"}


def test_a_final_clause_without_text_does_not_change_the_latencies() -> None:
    reached = recorded(*CLAUSES[:5], translation(0, 1, text="")).utterances[0].at
    assert (reached["translation"], reached["last audio"]) == (12.0, 13.0)


def test_a_clause_without_audio_leaves_the_utterance_incomplete() -> None:
    assert "last audio" not in recorded(*CLAUSES[:2], *CLAUSES[3:]).utterances[0].at


def test_only_the_target_language_is_timed_but_the_order_of_all_is_checked() -> None:
    french: list[events.Event] = [translation(0, to="fr"), audio(0, 0, last=True, to="fr")]
    stopwatch = recorded(*spoken(0, 0, 1), *french)
    assert stopwatch.utterances[0].at == recorded(*spoken(0, 0, 1)).utterances[0].at
    assert stopwatch.out_of_order == 0
    assert recorded(*spoken(0, 0, 1), *french, french[0]).out_of_order == 1


def test_percentiles_interpolate_and_omit_points_that_were_never_reached() -> None:
    delays: list[dict[LatencyPoint, float]] = [{"caption": float(ms)} for ms in range(101)]
    delays.append({"endpoint": 7.0})
    assert percentiles(delays) == {
        "endpoint": Percentiles(1, 7.0, 7.0, 7.0),
        "caption": Percentiles(101, 50.0, 95.0, 99.0),
    }


def test_a_sentence_heard_as_two_utterances_is_answered_when_the_second_one_is() -> None:
    late: dict[LatencyPoint, float] = {stage: at + 10 for stage, at in COMPLETE.items()}
    parts = [UtteranceTimes(1_000, 1_800, COMPLETE), UtteranceTimes(2_300, 3_000, late)]
    answer = response_to(950, 3_050, parts)
    assert answer is not None
    assert answer.at == {**late, "first audio": COMPLETE["first audio"]}


def test_a_sentence_of_which_a_part_stayed_without_a_voice_has_no_answer() -> None:
    silent: dict[LatencyPoint, float] = {stage: at for stage, at in COMPLETE.items() if stage != "last audio"}
    assert (
        response_to(
            950, 3_050, [UtteranceTimes(1_000, 1_800, silent), UtteranceTimes(2_300, 3_000, COMPLETE)]
        )
        is None
    )


def test_a_sentence_that_was_not_heard_is_lost() -> None:
    level = summarise([session([(1_000, 2_000), (4_000, 5_000)], *spoken(0, 1_000, 2_000))])
    assert (level.sent, level.received, level.lost, level.out_of_order) == (2, 1, 1, 0)
    assert not level.sound


def test_a_level_adds_up_its_sessions() -> None:
    one = session([(200, 1_000)], *spoken(0, 250, 950))
    two = session([(200, 1_500)], *spoken(0, 200, 1_500))
    two.errors["overloaded"] += 1
    level = summarise([one, two])
    assert (level.sessions, level.sent, level.lost, level.errors) == (2, 2, 0, {"overloaded": 1})
    assert level.sound
    # The sentences ended at second 11 and 11.5, and that was noticed at second 12.
    assert level.latency_ms["endpoint"].p50 == 750


def test_a_session_that_never_began_has_lost_everything() -> None:
    refused = ServiceSession(ScriptedSpeech("pt", b"", [(1_000, 2_000)]), stopwatch=Stopwatch("en"))
    refused.errors["service_unreachable"] += 1
    level = summarise([refused])
    assert (level.lost, level.latency_ms, level.errors) == (1, {}, {"service_unreachable": 1})


async def test_a_frame_is_available_when_it_has_been_spoken_and_not_before() -> None:
    source, reached, left = RealTimeSource(), list[float](), list[float]()
    pcm = silence(250)
    frames = []
    async for frame in source.frames(pcm, RECOGNISER_RATE, reached.append):
        frames.append(frame)
        left.append(time.monotonic())
    assert b"".join(frames) == pcm
    assert reached == [80, 160, 240, 250]
    assert all(at >= source.spoken_at(ms) for at, ms in zip(left, reached, strict=True))
