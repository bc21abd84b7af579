"""Subtitle files and word times of the REST calls, over fake stages."""

from dataclasses import replace
from typing import Any

import pytest

from sokuji.audio.pcm import wav_bytes
from sokuji.contract import Transcript, TranscriptSegment, Word
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts
from tests.support.rest_client import rest_client
from tests.support.speech import sample, silence
from tests.support.subtitle_files import read_cues

TRANSCRIBE, TRANSLATE = "/api/v1/stt/transcribe", "/api/v1/pipeline/translate-audio"
INTO_ENGLISH = {"source_language": "pt", "target_language": "en"}
SPEECH = sample("pt", "contagem")
RECORDING = SPEECH + silence(2_000) + SPEECH
FIRST = Transcript(
    text="Um, dois.",
    language="pt",
    words=(Word("Um,", 300, 700), Word("dois.", 1_500, 1_900)),
    confidence=0.9,
)
SECOND = replace(FIRST, text="Três.", words=(Word("Três.", 900, 1_800),))


def upload() -> dict[str, Any]:
    return {"audio_file": ("talk.wav", wav_bytes(RECORDING, 16_000))}


def texts(file: str, subtitle_format: str) -> list[str]:
    return [" ".join(cue.lines) for cue in read_cues(file, subtitle_format)]


def timing_stt(*answers: Transcript) -> FakeStt:
    """A recogniser that times words."""
    stt = FakeStt(*answers)
    stt.info = replace(stt.info, gives_word_times=True)
    return stt


@pytest.mark.parametrize(
    ("subtitle_format", "media_type"), [("srt", "application/x-subrip"), ("vtt", "text/vtt")]
)
async def test_a_transcript_comes_as_subtitles(subtitle_format: str, media_type: str) -> None:
    stt = timing_stt(FIRST, SECOND)
    async with rest_client(stt) as (client, _):
        response = await client.post(
            TRANSCRIBE, files=upload(), data={"language": "pt", "return_format": subtitle_format}
        )
    assert response.status_code == 200
    assert response.headers["Content-Type"] == f"{media_type}; charset=utf-8"
    assert response.headers["X-Language"] == "pt"
    assert response.headers["X-Word-Times"] == "recognised"
    assert response.headers["X-Provider"] == "fake"
    assert texts(response.text, subtitle_format) == ["Um, dois.", "Três."]
    assert all(request.word_times for request in stt.requests)
    assert ":01" in response.text.splitlines()[2 if subtitle_format == "vtt" else 1]


async def test_times_are_estimated_for_a_recogniser_that_gives_none() -> None:
    first = replace(FIRST, words=(), segments=(TranscriptSegment("Um, dois.", 300, 1_900),))
    async with rest_client(FakeStt(first, replace(SECOND, words=()))) as (client, _):
        response = await client.post(
            TRANSCRIBE, files=upload(), data={"language": "pt", "return_format": "vtt"}
        )
    assert response.headers["X-Word-Times"] == "estimated"
    assert texts(response.text, "vtt") == ["Um, dois.", "Três."]


@pytest.mark.parametrize("subtitles", [None, "translation"])
async def test_a_translation_comes_as_subtitles_without_a_voice(subtitles: str | None) -> None:
    tts = FakeTts()
    form = INTO_ENGLISH | {"return_format": "srt"} | ({"subtitles": subtitles} if subtitles else {})
    async with rest_client(timing_stt(FIRST, SECOND), FakeTranslator("One, two.", "Three."), tts) as (
        client,
        _,
    ):
        response = await client.post(TRANSLATE, files=upload(), data=form)
    assert texts(response.text, "srt") == ["One, two.", "Three."]
    assert response.headers["X-Providers"] == "stt=fake; translation=fake"
    assert tts.requests == []


async def test_subtitles_of_the_source_are_not_translated() -> None:
    translator = FakeTranslator()
    form = INTO_ENGLISH | {"return_format": "vtt", "subtitles": "source"}
    async with rest_client(timing_stt(FIRST, SECOND), translator) as (client, _):
        response = await client.post(TRANSLATE, files=upload(), data=form)
    assert texts(response.text, "vtt") == ["Um, dois.", "Três."]
    assert translator.requests == []


@pytest.mark.parametrize(("path", "form"), [(TRANSCRIBE, {"language": "pt"}), (TRANSLATE, INTO_ENGLISH)])
async def test_words_come_with_times_of_the_recording(path: str, form: dict[str, str]) -> None:
    async with rest_client(timing_stt(FIRST, SECOND)) as (client, _):
        response = await client.post(path, files=upload(), data=form | {"word_times": "true"})
    words = response.json()["words"]
    assert [word["text"] for word in words] == ["Um,", "dois.", "Três."]
    assert (words[0]["start_ms"], words[0]["end_ms"]) == (300, 700)
    assert words[2]["start_ms"] > len(SPEECH) / 32
    assert words[2]["end_ms"] - words[2]["start_ms"] == 900


@pytest.mark.parametrize(("stt", "asked"), [(FakeStt(), "true"), (timing_stt(FIRST, SECOND), "false")])
async def test_words_are_null_where_none_are_timed(stt: FakeStt, asked: str) -> None:
    async with rest_client(stt) as (client, _):
        response = await client.post(TRANSCRIBE, files=upload(), data={"word_times": asked})
    assert response.json()["words"] is None
    assert not any(request.word_times for request in stt.requests)


@pytest.mark.parametrize(
    ("path", "form", "param"),
    [
        (TRANSCRIBE, {"return_format": "ass"}, "return_format"),
        (TRANSCRIBE, {"return_format": "audio"}, "return_format"),
        (TRANSCRIBE, {"return_format": "srt", "word_times": "true"}, "word_times"),
        (TRANSCRIBE, {"return_format": "srt", "subtitles": "source"}, "subtitles"),
        (TRANSLATE, {"target_language": "en", "subtitles": "source"}, "subtitles"),
        (TRANSLATE, {"target_language": "en", "return_format": "audio", "subtitles": "source"}, "subtitles"),
        (TRANSLATE, {"target_language": "en", "return_format": "vtt", "subtitles": "both"}, "subtitles"),
        (TRANSLATE, {"target_language": "en", "return_format": "audio", "word_times": "true"}, "word_times"),
    ],
)
async def test_options_without_effect_are_refused(path: str, form: dict[str, str], param: str) -> None:
    async with rest_client() as (client, _):
        response = await client.post(path, files=upload(), data=form)
    assert response.status_code == 400
    assert response.json()["error"]["param"] == param
