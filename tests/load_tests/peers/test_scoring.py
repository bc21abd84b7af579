"""What a peer is credited with: words, delays, losses and sessions held."""

import pytest

from load_tests.measurements.load_level import LATE_MS
from load_tests.measurements.word_errors import ErrorCount
from load_tests.peers.growing_transcript import GrowingTranscript
from load_tests.peers.measured_system import MeasuredSystem
from load_tests.peers.scoring import PeerLevel, align, sessions_held, summarise
from load_tests.peers.server_process import lock_of, versions
from load_tests.peers.sokuji_service import sentence_delays
from load_tests.peers.system import Milestone, PeerSession
from load_tests.scenarios.response_log import ResponseLog
from load_tests.scenarios.speech_samples import ScriptedSpeech
from sokuji import events
from sokuji.measure.latency import Percentiles


def session(*texts: str) -> PeerSession:
    spans = [(number, number + 1) for number in range(len(texts))]
    return PeerSession(ScriptedSpeech("pt", b"", spans, [(text,) for text in texts]))


def level(sessions: int, p95: float, *, count: int = 9, lost: int = 0, behind_ms: float = 0) -> PeerLevel:
    return PeerLevel(
        sessions=sessions,
        sent=9,
        lost=lost,
        words=ErrorCount(0, 9),
        delays_ms={"final": Percentiles(count, p95 / 2, p95, p95)},
        errors={},
        behind_ms=behind_ms,
    )


def test_utterances_are_found_wherever_the_pieces_of_a_transcript_end() -> None:
    ends, wrong = align([["olá", "mundo"], ["bom", "dia"], ["até", "já"]], ["olá", "mundo", "bom", "tia"])
    assert ends == [2, 4, None]
    assert wrong == ErrorCount(3, 6)


def test_words_that_nobody_said_are_errors_and_belong_to_no_utterance() -> None:
    ends, wrong = align([["olá", "mundo"]], ["olá", "mundo", "obrigado", "obrigado"])
    assert (ends, wrong) == ([2], ErrorCount(2, 2))


def test_an_utterance_to_which_nothing_came_back_is_lost() -> None:
    spoken = session("Olá mundo!", "Bom dia.", "Até já.")
    spoken.text = "Olá mundo"
    spoken.delays = [{"stable": 90.0, "final": 100.0}, {"stable": 50.0}, {}]
    found = summarise([spoken])
    assert (found.sent, found.lost, found.words) == (3, 1, ErrorCount(4, 6))
    assert {each: delays.count for each, delays in found.delays_ms.items()} == {"stable": 2, "final": 1}


def test_a_session_without_answers_loses_everything_it_said() -> None:
    found = summarise([session("Olá mundo.", "Bom dia.")])
    assert (found.lost, found.delays_ms, found.words) == (2, {}, ErrorCount(4, 4))


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
def test_sessions_are_held_while_every_level_up_to_there_is(levels: list[PeerLevel], held: int) -> None:
    assert sessions_held(levels, "final", 1_500) == held
    assert sessions_held(levels, "known", 1_500) == 0


def test_text_is_stable_since_it_changed_last_and_final_since_it_stays() -> None:
    transcript = GrowingTranscript()
    transcript.note([], ["olá", "mundo"], 1.0)
    transcript.note([], ["olá", "mudo"], 2.0)
    transcript.note([], ["olá", "mundo"], 3.0)
    transcript.note(["olá", "mundo"], ["bom"], 4.0)
    transcript.note([], ["bom", "dia"], 5.0)
    assert transcript.words == ["olá", "mundo", "bom", "dia"]
    assert (transcript.stable_at(1), transcript.stable_at(2), transcript.final_at(2)) == (1.0, 3.0, 4.0)
    assert (transcript.stable_at(4), transcript.final_at(4)) == (5.0, None)


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
    spoken, log = session(), ResponseLog("pt")
    spoken.pace.began = 100.0
    for number, start_ms, end_ms in ((1, 0, 400), (2, 600, 1_000)):
        log.note(events.Speech(state="started", at_ms=start_ms, segment_id=number), 0)
        log.note(
            events.Speech(state="stopped", at_ms=end_ms, segment_id=number),
            spoken.pace.spoken_at(end_ms + 480),
        )
    log.note(transcription(1, "Olá"), spoken.pace.spoken_at(900))
    assert sentence_delays(spoken, (0, 1_000), log.utterances) == {}
    log.note(transcription(2, "mundo."), spoken.pace.spoken_at(1_700))
    expected: dict[Milestone, float] = {"stable": 700, "final": 700, "known": 220}
    assert sentence_delays(spoken, (0, 1_000), log.utterances) == pytest.approx(expected)
    assert sentence_delays(spoken, (2_000, 2_100), log.utterances) == {}
    assert [each.text for each in log.utterances] == ["Olá", "mundo."]


@pytest.mark.parametrize("package", ["whisper-live", "wyoming-faster-whisper"])
def test_what_is_installed_is_pinned_by_hash_wherever_it_comes_from(package: str) -> None:
    lines = lock_of(package).read_text("utf-8").splitlines()
    pinned = [number for number, line in enumerate(lines) if line and line[0] not in " #"]
    assert all("==" in lines[number] and "--hash=sha256:" in lines[number + 1] for number in pinned)
    assert not any("://" in line or ("index" in line and line[0] != "#") for line in lines)
    assert versions(package, package)[package]


def test_the_report_of_a_system_has_its_levels_and_the_sessions_that_it_holds() -> None:
    measured = MeasuredSystem("wyoming", {"beam_size": "1"}, [level(1, 900), level(2, 1_600)], "it ended")
    report = measured.report(1_500)
    assert report["sessions_held"] == {"stable": 0, "final": 1, "known": 0}
    assert [each["sessions"] for each in report["levels"]] == [1, 2]
    assert report["levels"][1]["delays_ms"]["final"]["p95"] == 1_600
    assert (report["name"], report["failure"]) == ("wyoming", "it ended")
