"""Whisper base recognises real speech, knows silence from speech, and refuses what it cannot do."""

import asyncio
import shutil
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import ctranslate2
import pytest

from sokuji import models
from sokuji.config import FasterWhisperConfig
from sokuji.contract import RecognitionRequest, Transcript
from sokuji.errors import (
    ConfigError,
    InvalidAudio,
    ModelMissing,
    ProviderUnavailable,
    SokujiError,
    UnsupportedLanguage,
)
from sokuji.providers.stt.whisper import recogniser, windows
from sokuji.providers.stt.whisper.provider import FasterWhisper
from tests.support.knobs import Knobs
from tests.support.speech import noise, reference, sample, samples, silence
from tests.support.text_similarity import word_error_rate

pytestmark = pytest.mark.models


async def recognise(whisper: FasterWhisper, request: RecognitionRequest) -> Transcript:
    (answer,) = await whisper.transcribe([request])
    assert isinstance(answer, Transcript)
    return answer


async def refused(whisper: FasterWhisper, request: RecognitionRequest) -> SokujiError:
    (answer,) = await whisper.transcribe([request])
    assert isinstance(answer, SokujiError)
    return answer


@pytest.mark.parametrize("language", ["pt", "es", "fr"])
async def test_speech_is_recognised(whisper: FasterWhisper, language: str) -> None:
    recordings = samples(language)
    answers = await whisper.transcribe(
        [RecognitionRequest(pcm=pcm, language=language) for _, pcm, _ in recordings]
    )
    texts = [answer.text for answer in answers if isinstance(answer, Transcript)]
    assert len(texts) == len(recordings)
    words = " ".join(text for _, _, text in recordings)
    assert word_error_rate(words, " ".join(texts), language) < 0.4


async def test_a_clear_sentence_is_recognised_without_errors(whisper: FasterWhisper) -> None:
    pcm = sample("en", "quick_brown_fox")
    heard = await recognise(whisper, RecognitionRequest(pcm=pcm, language="en"))
    assert heard.text == "The quick brown fox jumps over the lazy dog."
    assert heard.confidence is not None
    assert 0.5 < heard.confidence < 1
    assert [segment.text for segment in heard.segments] == [heard.text]
    assert 0 <= heard.segments[0].start_ms < heard.segments[0].end_ms <= len(pcm) / 32


@pytest.mark.parametrize(
    ("language", "name"), [("pt", "ola_mundo"), ("ja", "konnichiwa_sekai"), ("it", "ciao_mondo")]
)
async def test_the_language_is_detected(whisper: FasterWhisper, language: str, name: str) -> None:
    # The short window leaves doubts about the last one, and the longest one is asked.
    heard = await recognise(whisper, RecognitionRequest(pcm=sample(language, name)))
    assert heard.language == language
    assert heard.text


async def test_speech_is_translated_to_english(whisper: FasterWhisper) -> None:
    request = RecognitionRequest(pcm=sample("es", "conteo"), language="es", task="translate")
    heard = await recognise(whisper, request)
    assert heard.language == "es"
    assert word_error_rate(reference("en", "counting"), heard.text, "en") < 0.3


@pytest.mark.parametrize(
    ("pcm", "language"),
    [
        # Asked for Portuguese, the model loops on silence: "o que é o que é o que é ..."
        (silence(2_000), "pt"),
        (noise(2_000), "pt"),
        (noise(2_000, level=0.03), "en"),
        (b"\1\0", None),
    ],
    ids=["silence", "noise", "loud noise", "one sample"],
)
async def test_silence_and_noise_have_no_words(
    whisper: FasterWhisper, pcm: bytes, language: str | None
) -> None:
    heard = await recognise(whisper, RecognitionRequest(pcm=pcm, language=language))
    assert (heard.text, heard.confidence, heard.segments) == ("", None, ())


async def test_a_looping_decoder_still_gives_a_short_text(whisper: FasterWhisper) -> None:
    # The end of this sentence alone is heard as "भु़ भु़ भु़ भु़ ...".
    pcm = sample("hi", "pangrama")
    heard = await recognise(whisper, RecognitionRequest(pcm=pcm[len(pcm) // 6 * 4 :], language="hi"))
    assert heard.text
    assert len(heard.text.split()) <= 5


async def test_repeated_speech_is_not_treated_as_a_loop(whisper: FasterWhisper) -> None:
    pcm = sample("en", "hello_world") * 5
    heard = await recognise(whisper, RecognitionRequest(pcm=pcm, language="en"))
    assert heard.text.lower().count("hello world") == 5


async def test_audio_longer_than_a_window_is_recognised_completely(whisper: FasterWhisper) -> None:
    recordings = [pcm for language in ("en", "es", "fr", "it") for _, pcm, _ in samples(language)]
    pcm = b"".join(recording + silence(600) for recording in recordings)
    assert len(pcm) > 32_000 * 35
    heard = await recognise(whisper, RecognitionRequest(pcm=pcm, language="en"))
    assert word_error_rate("hello world", heard.segments[1].text, "en") == 0
    bounds = [
        0,
        *(at for segment in heard.segments for at in (segment.start_ms, segment.end_ms)),
        len(pcm) // 32,
    ]
    assert bounds == sorted(bounds)
    assert max(later - sooner for sooner, later in pairwise(bounds[::2])) < 7_000
    assert bounds[-1] - bounds[-2] < 1_500


async def test_invalid_audio_and_unknown_languages_are_refused(whisper: FasterWhisper) -> None:
    pcm = sample("en", "hello_world")
    assert isinstance(await refused(whisper, RecognitionRequest(pcm=b"")), InvalidAudio)
    assert isinstance(await refused(whisper, RecognitionRequest(pcm=pcm + b"\0")), InvalidAudio)
    error = await refused(whisper, RecognitionRequest(pcm=pcm, language="yue"))
    assert isinstance(error, UnsupportedLanguage)
    assert "jv" in error.message


async def test_the_context_determines_the_spelling_of_names(whisper: FasterWhisper) -> None:
    pcm = sample("pt", "pangrama")
    request = RecognitionRequest(pcm=pcm, language="pt", context="A rápida raposa marrom salta.")
    (heard,) = await whisper.transcribe([request])
    assert isinstance(heard, Transcript)
    assert "marrom salta" in heard.text


async def test_a_long_context_leaves_room_for_a_long_utterance(whisper: FasterWhisper) -> None:
    pcm = b"".join(sample("pt", name) for name in ("contagem", "pangrama") for _ in range(3))
    request = RecognitionRequest(pcm=pcm, language="pt", context="raposa marrom e cachorro " * 40)
    (heard,) = await whisper.transcribe([request])
    assert isinstance(heard, Transcript)
    assert "raposa" in heard.text


async def test_the_languages_are_those_of_the_model_as_canonical_codes(whisper: FasterWhisper) -> None:
    info = await whisper.describe()
    assert {"jv", "he", "zh"} <= set(info.languages)
    assert not {"jw", "iw", "yue"} & set(info.languages)
    assert info.translates_to == ("en",)


@pytest.mark.knob("stt.faster_whisper.beam_size")
async def test_live_settings_apply_at_once_and_others_are_refused(
    whisper: FasterWhisper, knob: Knobs
) -> None:
    request = RecognitionRequest(pcm=sample("es", "conteo") + sample("es", "hola_mundo"), language="es")
    before = whisper.config
    try:
        whisper.update(before.model_copy(update={"second_hearing": "never"}))
        narrow = await recognise(whisper, request)
        knob.observe("stt.faster_whisper.beam_size", whisper.config, (narrow.text, narrow.confidence))
        whisper.update(before.model_copy(update={"beam_size": 5, "second_hearing": "never"}))
        wide = await recognise(whisper, request)
        knob.observe("stt.faster_whisper.beam_size", whisper.config, (wide.text, wide.confidence))
        with pytest.raises(ConfigError, match="compute_type, num_workers"):
            whisper.update(before.model_copy(update={"num_workers": 2, "compute_type": "float32"}))
    finally:
        whisper.update(before)
    assert wide != narrow


async def test_more_workers_than_the_model_is_loaded_for_are_refused(
    whisper: FasterWhisper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whisper, "_max_workers", 2)
    before = whisper.config
    with pytest.raises(ConfigError, match="for 2 at most"):
        whisper.update(before.model_copy(update={"num_workers": 3}))
    assert whisper.config == before


@pytest.mark.knob("stt.faster_whisper.vad_filter")
async def test_vad_filter_removes_silence(
    whisper: FasterWhisper, knob: Knobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths: list[int] = []
    divide = windows.split_audio

    def noting(samples: windows.Samples) -> Iterator[windows.AudioSlice]:
        lengths.append(len(samples))
        return divide(samples)

    monkeypatch.setattr(recogniser, "split_audio", noting)
    before = whisper.config
    spaced = RecognitionRequest(pcm=silence(5_000) + sample("en", "hello_world"), language="en")
    await recognise(whisper, spaced)
    knob.observe("stt.faster_whisper.vad_filter", before, lengths[-1])
    try:
        whisper.update(before.model_copy(update={"vad_filter": True, "vad_threshold": 0.6}))
        quiet = await recognise(whisper, RecognitionRequest(pcm=noise(3_000), language="pt"))
        spoken = await recognise(whisper, spaced)
        knob.observe("stt.faster_whisper.vad_filter", whisper.config, lengths[-1])
    finally:
        whisper.update(before)
    assert quiet.text == ""
    assert word_error_rate("hello world", spoken.text, "en") == 0
    assert spoken.segments[0].start_ms > 4_000


async def test_an_unsupported_compute_type_is_refused() -> None:
    with pytest.raises(ConfigError, match="compute_type 'int8_float16'.*accepted: .*float32.*int8"):
        await _load(FasterWhisperConfig(compute_type="int8_float16", device="cpu"))


async def test_an_unavailable_gpu_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 0)
    with pytest.raises(ConfigError, match="finds no GPU; accepted: cpu, auto"):
        await _load(FasterWhisperConfig(device="cuda"))


async def test_an_unavailable_model_is_refused() -> None:
    with pytest.raises(ModelMissing, match="large-v3"):
        await _load(FasterWhisperConfig(model_size="enormous"))


async def test_a_damaged_model_in_a_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(models.locate("whisper", "base"), folder, ignore=shutil.ignore_patterns("model.bin"))
    (folder / "model.bin").write_bytes(b"no model")
    with pytest.raises(ConfigError, match="cannot be loaded: Unsupported model binary version"):
        await _load(FasterWhisperConfig(model_size=str(folder)))


async def test_a_cancelled_load_leaves_no_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate, before = threading.Event(), set(threading.enumerate())
    monkeypatch.setattr(FasterWhisper, "_load", lambda *_: gate.wait(10))
    loading = asyncio.create_task(_load(FasterWhisperConfig()))
    await asyncio.sleep(0)
    started = {
        thread for thread in threading.enumerate() if thread.name.startswith("faster-whisper")
    } - before
    assert started
    loading.cancel()
    await asyncio.gather(loading, return_exceptions=True)
    gate.set()
    for thread in started:
        thread.join(10)
    assert not any(thread.is_alive() for thread in started)


async def test_a_recogniser_that_is_not_loaded_is_unavailable() -> None:
    recogniser = FasterWhisper(FasterWhisperConfig())
    error = await refused(recogniser, RecognitionRequest(pcm=silence(100)))
    assert isinstance(error, ProviderUnavailable)
    await recogniser.aclose()


async def _load(config: FasterWhisperConfig) -> None:
    recogniser = FasterWhisper(config)
    try:
        await recogniser.load()
    finally:
        await recogniser.aclose()
