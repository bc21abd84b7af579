"""The main path on a real Serve instance: real speech in, the right words and an intelligible voice out."""

import base64
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import httpx
import numpy as np
import pytest
from faster_whisper import WhisperModel
from prometheus_client.parser import text_string_to_metric_families

from sokuji import models
from sokuji.audio.pcm import wav_bytes
from tests.service.conversation import Frame, connect, translate
from tests.support.speech import noise, reference, sample, silence
from tests.support.text_similarity import normalised, word_error_rate

PORTUGUESE = ["contagem", "ola_mundo", "pangrama"]
MEANING = {
    "contagem": ["one", "two", "three", "four", "five", "six", "nine", "ten"],
    "ola_mundo": ["hello"],
    "pangrama": ["fox", "dog"],
}
VOICE_ERRORS = 0.35
"""Accepted word error rate of speaking a sentence and recognising it. Most errors are in names."""


@pytest.fixture(scope="package")
def plain_errors() -> Callable[[str, str], float]:
    """Word error rate of the bare model on a recording: the recogniser's own errors."""
    model = WhisperModel(str(models.locate("whisper", "base")), device="cpu", compute_type="int8")

    @cache
    def rate(language: str, name: str) -> float:
        samples = np.frombuffer(sample(language, name), "<i2").astype(np.float32) / 32_768
        segments, _ = model.transcribe(samples, language=language, beam_size=1, temperature=0)
        return word_error_rate(reference(language, name), " ".join(part.text for part in segments), language)

    return rate


async def rest_translate(http: httpx.AsyncClient, pcm: bytes, **form: str) -> dict[str, Any]:
    answer = await http.post(
        "/api/v1/pipeline/translate-audio",
        files={"audio_file": ("speech.wav", wav_bytes(pcm, 16_000), "audio/wav")},
        data={"return_format": "json", **form},
    )
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


async def heard_again(http: httpx.AsyncClient, wav: bytes, language: str) -> str:
    answer = await http.post(
        "/api/v1/stt/transcribe",
        files={"audio_file": ("voice.wav", wav, "audio/wav")},
        data={"language": language},
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["text"])


def spoken(frames: list[Frame]) -> bytes:
    """The voice of a conversation as one WAV, from its base64 pieces (each 44 bytes of header and PCM)."""
    pieces = [frame for frame in frames if frame["type"] == "audio"]
    pcm = b"".join(base64.b64decode(piece["data"])[44:] for piece in pieces)
    return wav_bytes(pcm, pieces[0]["sample_rate"])


def joined(frames: list[Frame], kind: str) -> str:
    return " ".join(frame["text"] for frame in frames if frame["type"] == kind)


def check_meaning(name: str, translation: str) -> None:
    words = normalised(translation, "en").split()
    assert [word for word in MEANING[name] if not any(said.startswith(word) for said in words)] == []


async def test_portuguese_comes_back_as_english_text_and_speech_through_rest(
    http: httpx.AsyncClient, plain_errors: Callable[[str, str], float]
) -> None:
    said, again = [], []
    for name in PORTUGUESE:
        result = await rest_translate(http, sample("pt", name), source_language="pt", target_language="en")
        errors = word_error_rate(reference("pt", name), result["transcription"], "pt")
        assert errors <= plain_errors("pt", name)
        check_meaning(name, result["translation"])
        said.append(result["translation"])
        again.append(await heard_again(http, base64.b64decode(result["audio_data"]), "en"))
    assert word_error_rate(" ".join(said), " ".join(again), "en") <= VOICE_ERRORS


async def test_portuguese_comes_back_as_english_text_and_speech_through_the_socket(
    http: httpx.AsyncClient, socket_url: str, plain_errors: Callable[[str, str], float]
) -> None:
    said, again = [], []
    for name in PORTUGUESE:
        pcm = sample("pt", name) + silence(200)
        frames = await translate(socket_url, pcm, source_language="pt", target_language="en")
        errors = word_error_rate(reference("pt", name), joined(frames, "transcription"), "pt")
        assert errors <= plain_errors("pt", name)
        check_meaning(name, joined(frames, "translation"))
        said.append(joined(frames, "translation"))
        again.append(await heard_again(http, spoken(frames), "en"))
    assert word_error_rate(" ".join(said), " ".join(again), "en") <= VOICE_ERRORS


async def test_the_room_for_sessions_is_known_from_what_all_stages_report(http: httpx.AsyncClient) -> None:
    admission = (await http.get("/health")).json()["admission"]
    assert admission["capacity"] >= 1
    assert admission["load"].keys() == {"stt", "translation", "tts", "speakers"}
    samples = [
        each
        for family in text_string_to_metric_families((await http.get("/metrics")).text)
        for each in family.samples
        if each.name == "sokuji_provider_workers"
    ]
    workers = {each.labels["provider"]: each.value for each in samples}
    assert workers.keys() == {"faster_whisper", "bergamot", "piper", "kokoro", "campplus"}
    assert min(workers.values()) >= 1


@pytest.mark.parametrize(
    ("language", "name", "meaning"),
    [
        ("fr", "bonjour_monde", "hello|good morning"),
        ("es", "conteo", "seven|7"),
        ("ja", "konnichiwa_sekai", "hello"),
    ],
)
async def test_other_languages_come_back_in_english(
    http: httpx.AsyncClient, socket_url: str, language: str, name: str, meaning: str
) -> None:
    result = await rest_translate(http, sample(language, name), source_language="auto", target_language="en")
    assert result["transcription_language"] == language
    assert re.search(meaning, normalised(result["translation"], "en"))
    again = await heard_again(http, base64.b64decode(result["audio_data"]), "en")
    assert re.search(meaning, normalised(again, "en"))
    frames = await translate(
        socket_url, sample(language, name) + silence(300), source_language=language, target_language="en"
    )
    assert re.search(meaning, normalised(joined(frames, "translation"), "en"))


async def test_english_comes_back_as_portuguese_text_and_speech(
    http: httpx.AsyncClient, socket_url: str
) -> None:
    pcm = sample("en", "quick_brown_fox")
    result = await rest_translate(http, pcm, source_language="en", target_language="pt-BR")
    assert word_error_rate(reference("en", "quick_brown_fox"), result["transcription"], "en") == 0
    words = set(normalised(result["translation"], "pt").split())
    assert "raposa" in words
    assert words & {"cachorro", "cão"}
    again = await heard_again(http, base64.b64decode(result["audio_data"]), "pt")
    assert word_error_rate(result["translation"], again, "pt") <= VOICE_ERRORS
    frames = await translate(socket_url, pcm + silence(300), source_language="auto", target_language="pt")
    assert joined(frames, "translation") == result["translation"]
    again = await heard_again(http, spoken(frames), "pt")
    assert word_error_rate(result["translation"], again, "pt") <= VOICE_ERRORS


async def test_twenty_utterances_of_one_session_come_back_in_order_while_speech_goes_on(
    socket_url: str, plain_errors: Callable[[str, str], float]
) -> None:
    names = [PORTUGUESE[index % 3] for index in range(20)]
    pcm = b"".join(sample("pt", name) + noise(800, seed=index) for index, name in enumerate(names))
    frames = await translate(
        socket_url, pcm, speed=2, source_language="pt", target_language="en", audio_encoding="pcm_binary"
    )
    captions = [frame for frame in frames if frame["type"] == "transcription"]
    assert [frame["segment_id"] for frame in captions] == list(range(20))
    assert [frame["segment_id"] for frame in frames if frame["type"] == "translation"] == list(range(20))
    assert [frame["segment_id"] for frame in frames if frame["type"] == "audio" and frame["last"]] == list(
        range(20)
    )
    for name, caption in zip(names, captions, strict=True):
        # Each follows another noise, and the bare model too wavers by a word.
        words = len(reference("pt", name).split())
        errors = word_error_rate(reference("pt", name), caption["text"], "pt")
        assert errors <= plain_errors("pt", name) + 1 / words
    first_caption, last_start = (
        next(index for index, frame in enumerate(frames) if frame["type"] == "transcription"),
        max(index for index, frame in enumerate(frames) if frame.get("state") == "started"),
    )
    assert first_caption < last_start
    acks = [frame["through_ms"] for frame in frames if frame["type"] == "ack"]
    assert acks == sorted(set(acks))
    assert acks[-1] >= captions[-1]["end_ms"]


async def test_48_khz_stereo_as_base64_gives_the_same_words_and_the_voice_at_the_rate_asked_for(
    socket_url: str,
) -> None:
    spoken_ms = len(sample("pt", "contagem")) / 32
    mono = sample("pt", "contagem") + silence(300)
    stereo = b"".join(mono[index : index + 2] * 6 for index in range(0, len(mono), 2))
    async with connect(socket_url) as client:
        await client.say(
            type="config",
            source_language="pt",
            target_language="en",
            sample_rate=48_000,
            channels=2,
            output_sample_rate=8_000,
        )
        for start in range(0, len(stereo), 48_000):
            data = base64.b64encode(stereo[start : start + 48_000]).decode()
            await client.say(type="audio", data=data, timestamp=start)
        await client.say(type="end")
        await client.until("done")
        frames = client.frames
    assert word_error_rate(reference("pt", "contagem"), joined(frames, "transcription"), "pt") <= 0.35
    end_ms = client.of("transcription")[0]["end_ms"]
    assert end_ms == pytest.approx(spoken_ms, abs=200)
    assert {frame["sample_rate"] for frame in client.of("audio")} == {8_000}
