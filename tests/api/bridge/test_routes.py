"""The REST calls of the bridge API, over fake stages."""

import asyncio
import base64
import io
import re
import wave
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest

from sokuji.api.bridge.pipeline_routes import MAX_HEADER_BYTES, header_text
from sokuji.audio.pcm import wav_bytes
from sokuji.contract import Transcript, TranscriptSegment, TranslatedText, TranslationRequest
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts
from tests.support.rest_client import error_of, rest_client
from tests.support.speech import sample, silence

SHORT, LONG = sample("pt", "contagem"), sample("pt", "contagem") + sample("pt", "contagem")
PAUSE = silence(2_000)
PAIR = {"source_language": "pt", "target_language": "en"}
TRANSLATION: dict[str, Any] = {
    "translation_score": None,
    "transcription": "bom dia",
    "transcription_language": "pt",
    "translation": "good morning",
    "translation_language": "en",
    "audio_duration_ms": 200.0,
    "audio_format": "wav",
    "audio_sample_rate": 22_050,
    "words": None,
    "unrecognised": [],
    "unspoken": [],
}


def upload(pcm: bytes) -> dict[str, Any]:
    return {"audio_file": ("../../etc/talk.wav", wav_bytes(pcm, 16_000))}


def wav_of(data: bytes) -> tuple[int, int]:
    with wave.open(io.BytesIO(data)) as file:
        return file.getframerate(), file.getnframes()


def without_times(body: dict[str, Any]) -> dict[str, Any]:
    """The body less the durations of the work, once they are seen to be numbers."""
    times = {name for name in body if name in ("processing_time_ms", "total_latency_ms")}
    assert all(body[name] >= 0 for name in times)
    assert len(times) == 1
    return {name: value for name, value in body.items() if name not in times}


async def test_a_transcript_joins_the_utterances_with_times_of_the_recording() -> None:
    first = Transcript(
        text="one", language="es", confidence=0.5, segments=(TranscriptSegment("one", 100, 900),)
    )
    second = Transcript(text="two", language="pt", confidence=0.9)
    # The longest utterance comes first to the recogniser.
    async with rest_client(FakeStt(second, first)) as (client, _):
        response = await client.post("/api/v1/stt/transcribe", files=upload(SHORT + PAUSE + LONG))
    body = without_times(response.json())
    one, two = body.pop("segments")
    times = {"start_ms": one["start_ms"], "end_ms": one["start_ms"] + 800}
    assert one == {"text": "one", **times, "speaker": None}
    assert one["end_ms"] < two["start_ms"] < two["end_ms"] <= 3_500 * 3 + 2_000
    assert body.pop("confidence") == pytest.approx(0.77, abs=0.03), "the longer utterance weighs more"
    assert body.pop("snr_db") > 40
    assert body == {
        "text": "one two",
        "language": "pt",
        "provider": "fake",
        "words": None,
        "unrecognised": [],
    }


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("stt/transcribe", {"language": "pt"}),
        ("pipeline/translate-audio", {"source_language": "pt", "target_language": "en"}),
    ],
)
async def test_speech_without_recognised_words_is_named_and_the_rest_is_answered(
    path: str, form: dict[str, str]
) -> None:
    async with rest_client(FakeStt("", "two")) as (client, _):
        response = await client.post(f"/api/v1/{path}", files=upload(SHORT + PAUSE + LONG), data=form)
        file = await client.post(f"/api/v1/{path}", files=upload(SHORT), data=form | {"return_format": "srt"})
    body = response.json()
    assert body.get("text", body.get("transcription")) == "two"
    (part,) = body["unrecognised"]
    assert 0 <= part["start_ms"] < part["end_ms"] <= len(SHORT) / 32
    assert file.status_code == 200
    assert "X-Unrecognised-Ms" not in file.headers


class ScriptTranslator(FakeTranslator):
    """Translates each text to the one that stands for it."""

    def __init__(self, **translations: str) -> None:
        super().__init__()
        self.translations = translations

    async def answer(self, request: TranslationRequest) -> TranslatedText:
        """By the text."""
        return TranslatedText(text=self.translations[request.text])


async def test_a_translation_that_no_voice_reads_is_text_and_the_rest_is_spoken() -> None:
    translator, form = (
        ScriptTranslator(um="你好世界", dois="two"),
        {"source_language": "pt", "target_language": "en"},
    )
    path, recording = "/api/v1/pipeline/translate-audio", SHORT + PAUSE + LONG
    async with rest_client(FakeStt("um", "dois"), translator) as (client, _):
        body = (await client.post(path, files=upload(recording), data=form)).json()
    async with rest_client(FakeStt("um", "dois"), translator) as (client, _):
        file = await client.post(path, files=upload(recording), data=form | {"return_format": "audio"})
    assert (body["transcription"], body["translation"]) == ("um dois", "你好世界 two")
    assert body["audio_duration_ms"] == 200
    (part,) = body["unspoken"]
    assert 0 <= part["start_ms"] < part["end_ms"] <= len(SHORT) / 32
    assert file.headers["X-Unspoken-Ms"] == f"{part['start_ms']}-{part['end_ms']}"
    assert wav_of(file.content) == wav_of(base64.b64decode(body["audio_data"]))


async def test_without_any_voice_the_texts_are_answered_but_no_audio_file() -> None:
    translator, form = ScriptTranslator(um="你好世界"), PAIR
    path = "/api/v1/pipeline/translate-audio"
    async with rest_client(FakeStt("um", "um"), translator) as (client, _):
        body = (await client.post(path, files=upload(SHORT), data=form)).json()
        file = await client.post(path, files=upload(SHORT), data=form | {"return_format": "audio"})
    assert (body["translation"], body["audio_duration_ms"], len(body["unspoken"])) == ("你好世界", 0, 1)
    assert error_of(file) == (422, "no_voice", "text")


@pytest.mark.parametrize("return_format", ["json", "srt"])
async def test_a_recording_without_any_recognised_word_is_an_error(return_format: str) -> None:
    async with rest_client(FakeStt("", "")) as (client, _):
        form = {"return_format": return_format}
        response = await client.post("/api/v1/stt/transcribe", files=upload(SHORT), data=form)
    assert error_of(response) == (422, "not_recognised", "audio_file")


async def test_a_subtitle_file_names_the_speech_without_words_in_a_header() -> None:
    async with rest_client(FakeStt("", "two")) as (client, _):
        form = {"language": "pt", "return_format": "srt"}
        recording = upload(SHORT + PAUSE + LONG)
        response = await client.post("/api/v1/stt/transcribe", files=recording, data=form)
    assert re.fullmatch(r"\d+-\d+", response.headers["X-Unrecognised-Ms"])


async def test_confidence_is_null_where_the_recogniser_reports_none() -> None:
    async with rest_client(FakeStt(Transcript(text="one", language="pt"))) as (client, _):
        response = await client.post(
            "/api/v1/stt/transcribe", files=upload(SHORT), data={"language": "PT_br"}
        )
    assert response.json()["confidence"] is None


async def test_the_given_language_reaches_the_recogniser() -> None:
    stt = FakeStt()
    async with rest_client(stt) as (client, _):
        await client.post("/api/v1/stt/transcribe", files=upload(SHORT), data={"language": "PT_br"})
        await client.post("/api/v1/stt/transcribe", files=upload(SHORT))
    assert [request.language for request in stt.requests] == ["pt", None]


async def test_a_text_is_translated() -> None:
    async with rest_client(translator=FakeTranslator("good morning")) as (client, _):
        response = await client.post("/api/v1/translation/translate", json={"text": "bom dia"} | PAIR)
    expected = {
        "original_text": "bom dia",
        "translated_text": "good morning",
        "provider": "fake",
        "score": None,
    }
    assert without_times(response.json()) == expected | PAIR


async def test_the_terms_of_a_glossary_are_translated_as_it_says() -> None:
    async with rest_client() as (client, _):
        body = {"text": "Bom dia, bom Dia!", "glossary": {"dia": "Day"}} | PAIR
        response = await client.post("/api/v1/translation/translate", json=body)
        same = body | {"target_language": "pt"}
        untranslated = await client.post("/api/v1/translation/translate", json=same)
    assert response.json()["translated_text"] == "en: Bom Day, bom Day!"
    assert untranslated.json()["translated_text"] == "Bom Day, bom Day!"


async def test_html_keeps_its_tags_and_only_its_text_is_translated() -> None:
    async with rest_client() as (client, _):
        body = {"text": "<p>Bom <b>dia</b></p><pre>x</pre>", "format": "html"} | PAIR
        response = await client.post("/api/v1/translation/translate", json=body)
    assert response.json()["translated_text"] == "<p>en: Bom <b>dia</b></p><pre>x</pre>"
    assert response.json()["provider"] == "fake"


async def test_another_format_is_refused_with_the_accepted_ones() -> None:
    async with rest_client() as (client, _):
        body = {"text": "bom dia", "format": "markdown"} | PAIR
        response = await client.post("/api/v1/translation/translate", json=body)
    assert response.status_code == 400
    assert "'text' or 'html'" in response.json()["error"]["message"]


async def test_an_empty_translation_of_words_is_an_error() -> None:
    async with rest_client(translator=FakeTranslator(*[""] * 9)) as (client, _):
        response = await client.post("/api/v1/translation/translate", json={"text": "bom dia"} | PAIR)
    assert response.status_code == 502
    assert response.json()["error"]["code"] == "provider_failed"


async def test_context_reaches_a_translator_that_takes_it() -> None:
    translator = FakeTranslator()
    translator.info = replace(translator.info, takes_context=True)
    async with rest_client(translator=translator) as (client, _):
        body = {"text": "sim", "context": "queres?"} | PAIR
        assert (await client.post("/api/v1/translation/translate", json=body)).status_code == 200
    assert translator.requests[0].context == ("queres?",)


async def test_speech_comes_as_base64_wav() -> None:
    async with rest_client() as (client, _):
        response = await client.post("/api/v1/tts/synthesize", json={"text": "hello", "language": "en"})
    body = without_times(response.json())
    assert wav_of(base64.b64decode(body.pop("audio_data"))) == (22_050, 4_410)
    described = {"audio_format": "wav", "sample_rate": 22_050, "duration_ms": 200.0}
    assert body == described | {"provider": "fake"}


async def test_speech_comes_as_a_file_at_the_rate_and_speed_asked_for() -> None:
    tts = FakeTts()
    wanted = {"text": "hello", "language": "en-GB", "voice_id": "joe", "speed": 1.5, "sample_rate": 16_000}
    async with rest_client(tts=tts) as (client, _):
        response = await client.post("/api/v1/tts/synthesize", json=wanted | {"return_format": "audio"})
    assert response.headers["content-type"] == "audio/wav"
    assert wav_of(response.content) == (16_000, 3_200)
    assert response.headers["x-duration-ms"] == "200"
    assert response.headers["x-provider"] == "fake"
    assert float(response.headers["x-processing-time-ms"]) >= 0
    assert (tts.requests[0].voice, tts.requests[0].speed) == ("joe", 1.5)


async def test_speech_comes_as_pcm_without_a_header() -> None:
    wanted = {"text": "hello", "language": "en", "return_format": "audio", "audio_format": "pcm"}
    async with rest_client() as (client, _):
        response = await client.post("/api/v1/tts/synthesize", json=wanted)
    assert response.headers["content-type"] == "audio/pcm"
    assert response.headers["x-sample-rate"] == "22050"
    assert response.content == FakeTts.LEVEL.to_bytes(2, "little") * 4_410


async def test_a_text_is_translated_and_spoken() -> None:
    async with rest_client(translator=FakeTranslator("good morning")) as (client, _):
        response = await client.post("/api/v1/pipeline/translate-text", json={"text": "bom dia"} | PAIR)
    body = without_times(response.json())
    assert wav_of(base64.b64decode(body.pop("audio_data"))) == (22_050, 4_410)
    providers = {"stt": None, "translation": "fake", "tts": "fake"}
    assert body == TRANSLATION | {"providers": providers, "transcription_confidence": None}


async def test_a_recording_is_translated_and_spoken() -> None:
    async with rest_client(FakeStt("bom dia"), FakeTranslator("good morning")) as (client, _):
        form = {"target_language": "en"}
        response = await client.post("/api/v1/pipeline/translate-audio", files=upload(SHORT), data=form)
    body = without_times(response.json())
    assert wav_of(base64.b64decode(body.pop("audio_data"))) == (22_050, 4_410)
    providers = dict.fromkeys(("stt", "translation", "tts"), "fake")
    assert body == TRANSLATION | {"providers": providers, "transcription_confidence": 0.9}


async def test_candidates_of_detection_come_in_a_form_separated_by_commas() -> None:
    stt = FakeStt()
    async with rest_client(stt) as (client, _):
        for path, more in (("stt/transcribe", {}), ("pipeline/translate-audio", {"target_language": "en"})):
            form = {"source_languages": "pt, EN", **more}
            response = await client.post(f"/api/v1/{path}", files=upload(SHORT), data=form)
            assert response.status_code == 200
    assert [set(request.language_prior) for request in stt.requests] == [{"pt", "en"}] * 2


async def test_candidates_beside_a_language_are_refused() -> None:
    async with rest_client() as (client, _):
        form = {"language": "pt", "source_languages": "pt,en"}
        response = await client.post("/api/v1/stt/transcribe", files=upload(SHORT), data=form)
    assert error_of(response) == (400, "invalid_request", "source_languages")


async def test_the_language_of_the_longest_utterance_is_expected_of_all() -> None:
    stt = FakeStt(Transcript(text="uma frase", language="pt"), "não", "sim")
    async with rest_client(stt) as (client, _):
        recording = SHORT + PAUSE + LONG + PAUSE + SHORT
        response = await client.post("/api/v1/stt/transcribe", files=upload(recording))
    assert response.json()["text"] == "não uma frase sim"
    first, *others = (request.language_prior for request in stt.requests)
    assert len(others) == 2
    assert first["pt"] == first["en"]
    assert all(prior["pt"] > 2 * prior["en"] for prior in others)


async def test_a_translated_recording_comes_as_a_file_with_its_texts_in_headers() -> None:
    async with rest_client(FakeStt("um", "dois"), FakeTranslator("é", "ü")) as (client, _):
        response = await client.post(
            "/api/v1/pipeline/translate-audio",
            files=upload(SHORT + PAUSE + SHORT),
            data={"source_language": "pt", "target_language": "en", "return_format": "audio"},
        )
    assert wav_of(response.content) == (22_050, 2 * 4_410)
    assert unquote(response.headers["x-transcription"]) == "um dois"
    assert response.headers["x-providers"] == "stt=fake; translation=fake; tts=fake"
    assert unquote(response.headers["x-translation"]) == "é ü"
    assert float(response.headers["x-processing-time-ms"]) >= 0


@pytest.mark.parametrize("unit", ["a", "é", "一", "😀", "a😀"])
def test_a_text_too_long_for_a_header_is_cut_between_characters(unit: str) -> None:
    text = unit * 2_000
    shown = header_text(text)
    assert MAX_HEADER_BYTES - 24 < len(shown) <= MAX_HEADER_BYTES
    head = unquote(shown, errors="strict")
    assert head[-1] == "…"
    assert text.startswith(head[:-1])


async def test_a_client_that_leaves_cancels_the_stages_and_releases_its_slot() -> None:
    stt, tts = FakeStt(), FakeTts()
    stt.gate.clear()
    async with rest_client(stt, tts=tts, max_concurrent_requests=1) as (client, service):
        form = {"source_language": "pt", "target_language": "en"}
        files = upload(SHORT + PAUSE + SHORT + PAUSE + SHORT)
        call = asyncio.create_task(client.post("/api/v1/pipeline/translate-audio", files=files, data=form))
        for _ in range(service.settings.recording_concurrency):
            await stt.arrived.get()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await stt.idle.wait()
        assert (service.requests.in_use, stt.cancelled, tts.requests) == (0, 2, [])
        stt.gate.set()
        response = await client.post("/api/v1/stt/transcribe", files=upload(SHORT))
    assert response.status_code == 200
