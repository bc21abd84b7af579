"""What the quality tool makes of answers: which belong to which sentence, and how they score."""

import io
from collections.abc import Sequence
from typing import cast, get_args

import pytest
import typer
from rich.console import Console

from load_tests.measurements.intelligibility import PAUSE_MS, intelligibility
from load_tests.measurements.simultaneity import MeanLag
from load_tests.measurements.streaming_scores import StreamingScores
from load_tests.measurements.translation_quality import match_sentences, references, score
from load_tests.measurements.word_errors import ErrorCount
from load_tests.reports.quality_report import PairQuality, parts
from load_tests.scenarios.options import recorded_languages
from load_tests.scenarios.quality_runs import QualityRun
from load_tests.scenarios.response_log import ResponseLog, UtteranceResponse
from load_tests.scenarios.sessions import ServiceSession
from load_tests.scenarios.speech_samples import ScriptedSpeech, transcripts
from load_tests.scenarios.talk import TalkKind, sentences
from sokuji import events
from sokuji.audio.pcm import RECOGNISER_RATE, duration_ms
from sokuji.contract import RecognitionRequest, Transcript
from sokuji.measure.latency import Stopwatch
from sokuji.measure.samples import LANGUAGES
from sokuji.providers.stt.whisper.provider import FasterWhisper

HELLO, FOX = "Olá mundo.", "A rápida raposa marrom salta sobre o cachorro preguiçoso."


def caption(
    text: str, *, segment_id: int = 0, is_final: bool = True, stable: int = 0, end_ms: int = 2_000
) -> events.Transcription:
    return events.Transcription(
        segment_id=segment_id, text=text, language="pt", is_final=is_final, confidence=None, start_ms=1_000,
        end_ms=end_ms, stable_chars=stable,
    )  # fmt: skip


def clause(text: str, *, number: int = 0, segment_id: int = 0, to: str = "en") -> events.TranslationText:
    return events.TranslationText(
        segment_id=segment_id, clause=number, text=text, source_language="pt", target_language=to,
        is_final=True,
    )  # fmt: skip


def voice(ms: int, *, segment_id: int = 0) -> events.Audio:
    return events.Audio(
        segment_id=segment_id, clause=0, chunk=0, target_language="en", pcm=bytes(2 * 8 * ms),
        sample_rate=8_000, last=True,
    )  # fmt: skip


def speech(start_ms: int, end_ms: int, *, segment_id: int = 0) -> list[events.Event]:
    return [
        events.Speech(state="started", at_ms=start_ms, segment_id=segment_id),
        events.Speech(state="stopped", at_ms=end_ms, segment_id=segment_id),
    ]


def noted(*happened: tuple[float, events.Event]) -> ResponseLog:
    log = ResponseLog("en")
    for at, event in happened:
        log.note(event, at)
    return log


def said(
    spans_ms: Sequence[tuple[int, int]], texts: Sequence[str], *happened: tuple[float, events.Event]
) -> ServiceSession:
    """A session that began at second 100."""
    script = ScriptedSpeech("pt", b"", spans_ms, [(text,) for text in texts])
    found = ServiceSession(script, stopwatch=Stopwatch("en"), responses=noted(*happened))
    found.pace.began = 100.0
    return found


def test_every_recording_and_talk_has_references_in_the_languages_that_are_translated_to() -> None:
    for source in LANGUAGES:
        read = {each[source] for kind in get_args(TalkKind) for each in sentences(kind) if source in each}
        for target in {"en", "pt"} - {source}:
            assert references(source, target).keys() == set(transcripts(source)) | read
    assert references("en", "ja") == {}


def test_what_is_committed_is_taken_back_when_it_comes_with_other_words() -> None:
    grown: list[events.Event] = [
        caption("Olá", is_final=False, stable=3),
        caption("Olá mundo"),
        clause("Hello"),
        clause("you", number=1),
    ]
    assert noted(*((0.0, each) for each in grown)).revisions == 0
    others: list[events.Event] = [caption("Oi mundo"), clause("Hi"), caption("Olá mundos", is_final=False)]
    for changed in others:
        assert noted(*((0.0, each) for each in [*grown, changed])).revisions == 1


def test_words_that_are_not_stable_may_change() -> None:
    grown = [caption("Olá mudo", is_final=False, stable=3), caption("Olá mundo")]
    found = score([said([(1_000, 2_000)], [HELLO], *((103.0, each) for each in grown))], "pt", "en")
    assert (found.taken_back, found.erased, found.shown, found.normalized_erasure) == (0, 1, 2, 0.5)


def test_an_utterance_over_two_sentences_joins_them() -> None:
    spans = [(0, 1_000), (1_200, 2_000), (4_000, 5_000), (7_000, 8_000)]
    both, late, stray = (
        UtteranceResponse(100, 1_900),
        UtteranceResponse(4_000, 4_900),
        UtteranceResponse(6_000, 6_500),
    )
    found, strays = match_sentences(spans, [both, late, stray])
    assert [each.numbers for each in found] == [[0, 1], [2], [3]]
    assert [each.utterances for each in found] == [[both], [late], []]
    assert (found[0].start_ms, found[0].end_ms, strays) == (0, 2_000, [stray])


def test_a_sentence_heard_as_two_utterances_is_one_exchange() -> None:
    parts = [UtteranceResponse(0, 900), UtteranceResponse(1_200, 2_000)]
    (found,), _ = match_sentences([(0, 2_000)], parts)
    assert found.utterances == parts


def test_lost_sentences_and_invented_words_are_errors() -> None:
    hello = [*speech(1_000, 2_000), caption(HELLO), clause("Hello")]
    stray = [*speech(6_000, 6_500, segment_id=1), caption("E aí", segment_id=1)]
    happened = [(103.0, each) for each in [*hello, *stray]]
    found = score([said([(1_000, 2_000), (3_000, 5_000)], [HELLO, FOX], *happened)], "pt", "en")
    # Nine words of the fox are missing, two were never said.
    assert found.recognition == ErrorCount(11, 11)
    assert (found.sentences, found.distinct, found.lost, found.invented) == (2, 2, 1, 1)


def test_a_perfect_translation_scores_one_hundred_and_says_how_it_was_scored() -> None:
    happened = [*speech(1_000, 4_000), caption(FOX), clause("The quick brown fox jumps over the lazy dog.")]
    found = score([said([(1_000, 4_000)], [FOX], *((105.0, each) for each in happened))], "pt", "en")
    assert found.translation is not None
    assert found.translation.chrf == pytest.approx(100)
    assert found.translation.bleu == pytest.approx(100)
    assert found.translation.chrf_normalised == pytest.approx(100)
    assert all("version:" in each for each in found.translation.signatures)


def test_how_numbers_are_written_is_left_out_of_the_normalised_score() -> None:
    counting = transcripts("pt")[0]
    happened = [*speech(1_000, 4_000), caption(counting), clause("1, 2, 3, 4, 5, 6, 7, 8, 9, 10.")]
    found = score([said([(1_000, 4_000)], [counting], *((105.0, each) for each in happened))], "pt", "en")
    assert found.translation is not None
    assert found.translation.chrf < 20
    assert found.translation.chrf_normalised == pytest.approx(100)


def test_without_references_a_translation_has_no_score() -> None:
    happened = [*speech(1_000, 2_000), caption(HELLO)]
    assert (
        score(
            [said([(1_000, 2_000)], [HELLO], *((103.0, each) for each in happened))], "pt", "ja"
        ).translation
        is None
    )


def test_lag_is_counted_by_the_clock_and_by_what_had_been_read() -> None:
    # Said from 101 to 105 s. A clause of two words when 2 s had been read, at 103.5; the rest at the end.
    happened = [
        (101.1, speech(1_000, 4_900)[0]),
        (103.4, caption("Olá", is_final=False, end_ms=3_000)),
        (103.5, clause("Hello there")),
        (105.4, speech(1_000, 4_900)[1]),
        (105.6, caption(HELLO, end_ms=4_900)),
        (105.7, clause("dear world", number=1)),
    ]
    found = score([said([(1_000, 5_000)], ["?"], *happened)], "pt", "en")
    assert found.average_lagging == found.length_adaptive
    assert found.average_lagging is not None
    # Four words in 4 s: 2,500 and 2,500 - 1,000, then 4,700 - 2,000; read: 2,000, 1,000 and 4,000 - 2,000.
    assert found.average_lagging.computation_aware == pytest.approx((2_500 + 1_500 + 2_700) / 3)
    assert found.average_lagging.not_computation_aware == pytest.approx((2_000 + 1_000 + 2_000) / 3)


def test_the_delay_of_the_voice_is_counted_from_the_pieces_that_came() -> None:
    happened = [*speech(1_000, 1_600), caption(HELLO), voice(300)]
    found = score([said([(1_000, 1_600)], [HELLO], *((102.0, each) for each in happened))], "pt", "en")
    assert found.token_delay is not None
    # 300 ms of voice from 1,000 on answer the first token, which ends at 300; read, they begin at 600.
    assert found.token_delay.computation_aware == pytest.approx(1_000)
    assert found.token_delay.not_computation_aware == pytest.approx(600)


def test_the_voice_of_an_utterance_is_one_sound() -> None:
    answers = noted(*((0.0, each) for each in [*speech(0, 9), voice(300), voice(200)]))
    (utterance,) = answers.utterances
    assert len(utterance.sound(16_000)) == 2 * 16 * 500


def test_other_languages_are_left_to_themselves() -> None:
    assert noted((0.0, clause("Bonjour", to="fr"))).utterances == []


class Parrot:
    """A recogniser that always hears the same, and remembers how much it was given."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.given_ms: list[int] = []

    async def transcribe(self, requests: Sequence[RecognitionRequest]) -> list[Transcript]:
        self.given_ms += [duration_ms(each.pcm, RECOGNISER_RATE) for each in requests]
        return [Transcript(text=self.text, language="ja") for _ in requests]


async def test_the_voice_is_compared_with_the_words_that_it_should_say() -> None:
    silent = [*speech(3_000, 4_000, segment_id=1), clause("Good bye", segment_id=1)]
    answers = noted(*((0.0, each) for each in [*speech(0, 9), clause("Hello world"), voice(500), *silent]))
    parrot = Parrot("hello, word")
    found = await intelligibility(cast(FasterWhisper, parrot), answers.utterances, "en")
    assert found is not None
    # One wrong word in what was spoken; two that no voice says.
    assert found.voice == ErrorCount(3, 4)
    assert parrot.given_ms[0] == 500 + 2 * PAUSE_MS
    assert found.recordings is not None
    assert found.recordings.words == 21


async def test_what_was_not_translated_has_no_voice_to_judge() -> None:
    answers = noted(*((0.0, each) for each in speech(0, 9)))
    assert await intelligibility(cast(FasterWhisper, Parrot("")), answers.utterances, "en") is None


def test_the_table_has_a_row_for_each_way_to_count_a_lag() -> None:
    happened = [*speech(1_000, 2_000), caption(HELLO), clause("Hello world.")]
    found = score([said([(1_000, 2_000)], [HELLO], *((103.0, each) for each in happened))], "pt", "en")
    console = Console(width=170, file=io.StringIO(), record=True)
    lags = MeanLag(2_100.0, 1_100.0)
    streaming = StreamingScores(chrf=90.0, bleu=80.0, stream_laal=lags, long_yaal=lags, unanswered=0)
    run = QualityRun("pt", "run-on", "auto", None)
    for part in parts([PairQuality(run, found, None, [], streaming)], "en"):
        console.print(part)
    shown = [line.split() for line in console.export_text().splitlines()]
    assert [
        "pt",
        "to",
        "en",
        "run-on,",
        "auto",
        "1",
        "0",
        "0.0%",
        "100.0",
        "100.0",
        "0.0",
        "-",
        "0.00",
        "0",
        "clock",
        "2,000",
        "2,000",
        "2,100",
        "-",
    ] in shown
    assert ["read", "1,000", "1,000", "1,100", "-"] in shown


def test_languages_without_recordings_are_a_wrong_command_line() -> None:
    assert recorded_languages("pt,zh") == "pt,zh"
    with pytest.raises(typer.BadParameter, match="no recordings in de, nl"):
        recorded_languages("pt,nl,de")
