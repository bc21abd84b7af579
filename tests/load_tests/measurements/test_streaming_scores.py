"""What is written of a talk is what OmniSTEval reads, and its scores come back."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from load_tests.measurements.streaming_scores import StreamingLog, StreamingScores
from load_tests.scenarios.response_log import ResponseLog
from load_tests.scenarios.sessions import ServiceSession
from load_tests.scenarios.speech_samples import ScriptedSpeech
from sokuji import events
from sokuji.measure.latency import Stopwatch

SPANS_MS = [(0, 2_000), (2_000, 4_000)]
TEXTS = [("um dois",), ("três quatro",)]
KNOWN = {"um dois": "one two", "três quatro": "three four"}
Said = tuple[float, events.Event]


def caption(end_ms: int, *, is_final: bool = False) -> events.Transcription:
    return events.Transcription(
        segment_id=0, text="um dois", language="pt", is_final=is_final, confidence=None, start_ms=0,
        end_ms=end_ms, stable_chars=0,
    )  # fmt: skip


def clause(number: int, text: str) -> events.TranslationText:
    return events.TranslationText(
        segment_id=0, clause=number, text=text, source_language="pt", target_language="en", is_final=False
    )


def scored(folder: Path, happened: Sequence[Said], target: str = "en") -> StreamingScores:
    """Of a session that began at second 100."""
    responses = ResponseLog(target)
    for at, event in happened:
        responses.note(event, at)
    speech = ScriptedSpeech("pt", bytes(2 * 16_000 * 5), SPANS_MS, TEXTS)
    session = ServiceSession(speech, stopwatch=Stopwatch(target), responses=responses)
    session.pace.began = 100.0
    log = StreamingLog(folder, target)
    log.write([session], KNOWN)
    return log.scores()


def test_words_are_scored_with_their_sentence_although_they_came_in_one_utterance(tmp_path: Path) -> None:
    # Each clause 500 ms of speech after its sentence, and 100 ms of computing.
    found = scored(
        tmp_path,
        [
            (102.5, caption(2_500)), (102.6, clause(0, "one two")),
            (104.5, caption(4_500)), (104.6, clause(1, "three four")),
        ],
    )  # fmt: skip
    assert found.chrf == pytest.approx(100)
    assert not found.unanswered
    # The first word of each comes after its sentence: its delay is the lag of the sentence.
    assert found.stream_laal.not_computation_aware == pytest.approx(2_500)
    assert found.stream_laal.computation_aware == pytest.approx(2_600)


def test_what_follows_the_end_of_an_utterance_needed_the_silence_in_which_it_was_noticed(
    tmp_path: Path,
) -> None:
    found = scored(
        tmp_path,
        [
            (104.5, events.Speech(state="stopped", at_ms=4_000, segment_id=0)),
            (104.7, caption(4_160, is_final=True)),
            (104.8, clause(0, "one two three four")),
        ],
    )
    # 4,500 after the beginning of the first sentence and 2,500 after that of the second.
    assert found.stream_laal.not_computation_aware == pytest.approx(3_500)
    assert found.stream_laal.computation_aware == pytest.approx(3_800)


def test_a_sentence_without_an_answer_is_counted(tmp_path: Path) -> None:
    found = scored(tmp_path, [(102.5, caption(2_500)), (102.6, clause(0, "one two"))])
    assert found.unanswered == 1
    assert found.chrf < 100
