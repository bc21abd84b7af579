"""Deltas: joined as the language is written, in whole steps, and nothing twice."""

from typing import Any

import pytest

from sokuji import events
from sokuji.api.openai.translations.deltas import Deltas


def transcription(segment_id: int, text: str, stable: int | None = None, end_ms: int = 1_000) -> Any:
    return events.Transcription(
        segment_id=segment_id,
        text=text,
        language="pt",
        is_final=stable is None,
        confidence=None,
        start_ms=0,
        end_ms=end_ms,
        stable_chars=len(text) if stable is None else stable,
    )


def translation(segment_id: int, text: str, target: str = "en", clause: int = 0) -> events.TranslationText:
    return events.TranslationText(
        segment_id=segment_id,
        clause=clause,
        text=text,
        source_language="pt",
        target_language=target,
        is_final=True,
    )


def audio(pcm: bytes) -> events.Audio:
    return events.Audio(
        segment_id=0, clause=0, chunk=0, target_language="en", pcm=pcm, sample_rate=24_000, last=True
    )


def test_stable_words_are_sent_once_and_make_the_final_text() -> None:
    deltas = Deltas()
    sent = []
    for event in (
        transcription(0, "o rato", 0),
        transcription(0, "o rato roeu", 6),
        transcription(0, "o rato roeu a", 6),
        transcription(0, "o rato roeu a rolha", 11),
        transcription(0, "o rato roeu a rolha."),
        transcription(1, "sim", 3),
        transcription(1, "sim"),
        transcription(2, ""),
        transcription(3, "não"),
    ):
        frame = deltas.input_transcript(event)
        sent.append(None if frame is None else frame["delta"])
    assert sent == [None, "o rato", None, " roeu", " a rolha.", " sim", None, None, " não"]


@pytest.mark.parametrize(
    ("texts", "joined"),
    [
        (["Hello.", "How are you?"], "Hello. How are you?"),
        (["你好。", "再见。"], "你好。再见。"),
        (["はい", "Acme", "です"], "はいAcmeです"),
        (["สวัสดี", "ครับ"], "สวัสดีครับ"),
        (["नमस्ते", "दुनिया"], "नमस्ते दुनिया"),
        (["Hello", "", "again"], "Hello again"),
    ],
)
def test_clauses_and_segments_are_joined_as_the_language_is_written(texts: list[str], joined: str) -> None:
    for segments in (range(len(texts)), [0] * len(texts)):
        deltas = Deltas()
        frames = [
            deltas.output_transcript(translation(segment, text, clause=clause), None)
            for clause, (segment, text) in enumerate(zip(segments, texts, strict=True))
        ]
        assert "".join(frame["delta"] for frame in frames if frame) == joined


def test_each_language_is_joined_by_itself() -> None:
    deltas = Deltas()
    sent = [
        deltas.output_transcript(translation(number, text, target), target)
        for number, (target, text) in enumerate([("en", "Yes"), ("zh", "是"), ("en", "No"), ("zh", "不")])
    ]
    assert [(each["language"], each["delta"]) for each in sent if each] == [
        ("en", "Yes"), ("zh", "是"), ("en", " No"), ("zh", "不"),
    ]  # fmt: skip


def test_elapsed_ms_is_where_the_segment_is_and_never_goes_back() -> None:
    deltas = Deltas()
    deltas.locate(events.Speech(state="started", at_ms=250, segment_id=0))
    assert _elapsed(deltas, 0) == 200
    deltas.locate(transcription(0, "sim", end_ms=1_399))
    assert _elapsed(deltas, 0) == 1_200
    deltas.locate(events.Speech(state="started", at_ms=2_000, segment_id=1))
    assert _elapsed(deltas, 0) == 1_200
    assert _elapsed(deltas, 1) == 2_000
    assert _elapsed(deltas, 0) == 2_000
    deltas.forget(3_000)
    assert _elapsed(deltas, 1) == 2_000


def _elapsed(deltas: Deltas, segment_id: int) -> int:
    frame = deltas.output_transcript(translation(segment_id, "yes"), None)
    assert frame is not None
    elapsed: int = frame["elapsed_ms"]
    return elapsed


def test_a_resumed_session_repeats_no_words_and_goes_on_in_time() -> None:
    deltas = Deltas(4_321, "o rato roeu")
    frame = deltas.input_transcript(transcription(0, "o rato roeu a rolha"))
    assert frame is not None
    assert (frame["delta"], frame["elapsed_ms"]) == (" a rolha", 4_200)
    following = deltas.output_transcript(translation(0, "the cork"), None)
    assert following is not None
    assert following["delta"] == " the cork"
    recognised_anew = Deltas(4_321, "o gato")
    frame = recognised_anew.input_transcript(transcription(0, "o rato"))
    assert frame is not None
    assert frame["delta"] == " o rato"


def test_audio_without_samples_is_no_delta() -> None:
    assert Deltas().output_audio(audio(b""), None) is None
    frame = Deltas().output_audio(audio(b"\1\0\2\0"), "en")
    assert frame is not None
    assert (frame["delta"], frame["language"], frame["sample_rate"]) == ("AQACAA==", "en", 24_000)


def partial(text: str, stable: int, clause: int = 0) -> events.PartialTranslation:
    return events.PartialTranslation(
        segment_id=0,
        clause=clause,
        text=text,
        stable_chars=stable,
        source_language="pt",
        target_language="en",
    )


def test_words_of_a_translation_are_sent_when_they_are_stable_and_only_then() -> None:
    deltas = Deltas()
    frames = [
        deltas.stable_output(partial("the", 0), None),
        deltas.stable_output(partial("the mouse ate", 9), None),
        deltas.stable_output(partial("the mouse has", 9), None),
        deltas.output_transcript(translation(0, "the mouse gnawed,"), None),
        deltas.stable_output(partial("the cork of", 8, clause=1), None),
        deltas.output_transcript(translation(0, "the cork.", clause=1), None),
        deltas.output_transcript(translation(1, "Yes."), None),
    ]
    assert [frame and frame["delta"] for frame in frames] == [
        None, "the mouse", None, " gnawed,", " the cork", ".", " Yes.",
    ]  # fmt: skip
