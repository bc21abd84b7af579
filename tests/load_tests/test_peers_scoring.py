"""What a peer is credited with: words, delays, losses and sessions held."""

import pytest

from load_tests.level import LATE_MS
from load_tests.peers.environment import lock_of, versions
from load_tests.peers.own import Parts
from load_tests.peers.scoring import Level, align, sessions_held, summarise
from load_tests.peers.speech import Clock, Heard, Milestone, Speech
from load_tests.peers.whisperlive import Captions
from load_tests.words import Errors
from sokuji import events
from sokuji.measure.latency import Percentiles


def said(*texts: str) -> Speech:
    return Speech("pt", b"", [(number, number + 1) for number in range(len(texts))], texts)


def level(sessions: int, p95: float, *, count: int = 9, lost: int = 0, behind_ms: float = 0) -> Level:
    return Level(
        sessions=sessions,
        sent=9,
        lost=lost,
        words=Errors(0, 9),
        delays_ms={"final": Percentiles(count, p95 / 2, p95, p95)},
        errors={},
        behind_ms=behind_ms,
    )


def test_utterances_are_found_wherever_the_pieces_of_a_transcript_end() -> None:
    ends, wrong = align([["olá", "mundo"], ["bom", "dia"], ["até", "já"]], ["olá", "mundo", "bom", "tia"])
    assert ends == [2, 4, None]
    assert wrong == Errors(3, 6)


def test_words_that_nobody_said_are_errors_and_belong_to_no_utterance() -> None:
    ends, wrong = align([["olá", "mundo"]], ["olá", "mundo", "obrigado", "obrigado"])
    assert (ends, wrong) == ([2], Errors(2, 2))


def test_an_utterance_to_which_nothing_came_back_is_lost() -> None:
    heard = Heard(text="Olá mundo", delays=[{"stable": 90.0, "final": 100.0}, {"stable": 50.0}, {}])
    found = summarise([(said("Olá mundo!", "Bom dia.", "Até já."), heard)])
    assert (found.sent, found.lost, found.words) == (3, 1, Errors(4, 6))
    assert {each: delays.count for each, delays in found.delays_ms.items()} == {"stable": 2, "final": 1}


def test_a_session_without_answers_loses_everything_it_said() -> None:
    found = summarise([(said("Olá mundo.", "Bom dia."), Heard())])
    assert (found.lost, found.delays_ms, found.words) == (2, {}, Errors(4, 4))


@pytest.mark.parametrize(
    ("levels", "held"),
    [
        ([level(1, 900), level(2, 1_500), level(4, 1_501)], 2),
        ([level(1, 1_600), level(2, 900)], 0),
        ([level(1, 900), level(2, 900, lost=1), level(4, 900)], 1),
        ([level(1, 900), level(2, 900, count=8)], 1),
        ([level(1, 900), level(2, 900, behind_ms=LATE_MS + 1)], 1),
        ([level(4, 900), level(1, 900)], 4),
        ([], 0),
    ],
)
def test_sessions_are_held_while_every_level_up_to_there_is(levels: list[Level], held: int) -> None:
    assert sessions_held(levels, "final", 1_500) == held
    assert sessions_held(levels, "known", 1_500) == 0


def piece(text: str, end: float, *, completed: bool = False) -> dict[str, object]:
    return {"start": "0.000", "end": f"{end:.3f}", "text": text, "completed": completed}


def test_text_is_stable_since_it_changed_last_and_final_since_it_is_completed() -> None:
    captions = Captions("pt")
    captions.note([piece(" Olá mundo", 1)], 1.0)
    captions.note([piece(" Olá mudo", 1)], 2.0)
    captions.note([piece(" Olá, mundo.", 1)], 3.0)
    captions.note([piece(" Olá mundo", 1, completed=True), piece(" Bom", 2)], 4.0)
    captions.note([piece(" Olá mundo", 1, completed=True), piece(" Bom dia", 2)], 5.0)
    assert captions.words == ["olá", "mundo", "bom", "dia"]
    assert (captions.stable_at(1), captions.stable_at(2), captions.final_at(2)) == (1.0, 3.0, 4.0)
    assert (captions.stable_at(4), captions.final_at(4)) == (5.0, None)


def test_segments_that_come_again_count_once() -> None:
    captions = Captions("pt")
    done = piece("Bom dia", 2, completed=True)
    for at in (1.0, 2.0):
        captions.note([done], at)
    assert captions.words == ["bom", "dia"]


def transcription(number: int, text: str) -> events.Transcription:
    return events.Transcription(
        segment_id=number,
        text=text,
        language="pt",
        is_final=True,
        confidence=None,
        start_ms=0,
        end_ms=0,
        stable_chars=0,
    )


async def test_our_sentence_takes_until_its_last_part_is_final() -> None:
    clock, parts = Clock(Heard()), Parts()
    for number, start_ms, end_ms in ((1, 0, 400), (2, 600, 1_000)):
        parts.note(events.Speech(state="started", at_ms=start_ms, segment_id=number), 0)
        parts.note(
            events.Speech(state="stopped", at_ms=end_ms, segment_id=number), clock.spoken_at(end_ms + 480)
        )
    parts.note(transcription(1, "Olá"), clock.spoken_at(900))
    assert parts.delays((0, 1_000), clock) == {}
    parts.note(transcription(2, "mundo."), clock.spoken_at(1_700))
    expected: dict[Milestone, float] = {"stable": 700, "final": 700, "known": 220}
    assert parts.delays((0, 1_000), clock) == pytest.approx(expected)
    assert parts.delays((2_000, 2_100), clock) == {}
    assert parts.text == "Olá mundo."


@pytest.mark.parametrize("package", ["whisper-live", "wyoming-faster-whisper"])
def test_what_is_installed_is_pinned_by_hash_wherever_it_comes_from(package: str) -> None:
    lines = lock_of(package).read_text("utf-8").splitlines()
    pinned = [number for number, line in enumerate(lines) if line and line[0] not in " #"]
    assert all("==" in lines[number] and "--hash=sha256:" in lines[number + 1] for number in pinned)
    assert not any("://" in line or ("index" in line and line[0] != "#") for line in lines)
    assert versions(package, package)[package]
