"""Piper says what it is given, at the speed asked for, in chunks that begin soon and join to the whole."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from piper.config import PiperConfig as VoiceConfig

from sokuji import models
from sokuji.audio.loudness import CEILING, TARGET_LUFS, integrated_loudness
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.audio.resampling import resample
from sokuji.config import PiperConfig
from sokuji.contract import AudioChunk, RecognitionRequest, SynthesisRequest, Transcript
from sokuji.errors import (
    ConfigError,
    InvalidRequest,
    ModelMissing,
    ProviderFailed,
    UnknownVoice,
    UnsupportedLanguage,
)
from sokuji.providers.stt.whisper.provider import FasterWhisper
from sokuji.providers.tts.piper import provider
from sokuji.providers.tts.piper.provider import Piper, list_voices
from sokuji.providers.tts.piper.vits import SpeakingStyle
from sokuji.providers.tts.waveform_chunks import WaveformPart
from tests.support.knobs import Knobs
from tests.support.text_similarity import word_error_rate

VOICE = "en_US-joe-medium"
LONG = (
    "Yes. Dr. Smith went to the market in the morning, and he bought five apples, two kilos of rice and some "
    "bread for his old mother, who lives alone in a small house behind the station. Then he went home."
)


def asked(text: str, language: str = "en", voice: str | None = None, speed: float = 1.0) -> SynthesisRequest:
    return SynthesisRequest(text=text, language=language, voice=voice, speed=speed)


async def speak(piper: Piper, text: str, speed: float = 1.0) -> list[AudioChunk]:
    return [chunk async for chunk in piper.synthesize(asked(text, speed=speed))]


def samples(chunks: list[AudioChunk]) -> NDArray[np.int32]:
    return np.frombuffer(b"".join(chunk.pcm for chunk in chunks), "<i2").astype(np.int32)


def seconds(chunks: list[AudioChunk]) -> float:
    return len(samples(chunks)) / chunks[0].sample_rate


@pytest.fixture
async def steady(piper: Piper) -> AsyncIterator[Piper]:
    """The voice without its random variation: the same text gives the same samples."""
    usual = piper.config
    piper.update(PiperConfig(noise_scale=0, noise_w_scale=0))
    yield piper
    piper.update(usual)


@pytest.mark.parametrize(
    "text",
    [
        "The quick brown fox jumps over the lazy dog.",
        "Could you tell me where the nearest train station is?",
        LONG,
    ],
)
async def test_speech_is_recognised_as_the_text_that_was_spoken(
    piper: Piper, whisper: FasterWhisper, text: str
) -> None:
    chunks = await speak(piper, text)
    pcm = resample(b"".join(chunk.pcm for chunk in chunks), chunks[0].sample_rate, RECOGNISER_RATE)
    (heard,) = await whisper.transcribe([RecognitionRequest(pcm=pcm, language="en")])
    assert isinstance(heard, Transcript)
    assert word_error_rate(text.replace("Dr.", "Doctor"), heard.text.replace("Dr.", "Doctor"), "en") <= 0.15


@pytest.mark.parametrize("text", ["Yes.", "The girl bought five apples and a kilo of rice at the market."])
async def test_speech_lasts_as_long_as_the_speed_demands(piper: Piper, text: str) -> None:
    usual = seconds(await speak(piper, text))
    for speed in (0.25, 0.5, 0.8, 1.25, 2.0, 4.0):
        assert seconds(await speak(piper, text, speed=speed)) == pytest.approx(usual / speed, rel=0.01)


async def test_speech_has_the_common_loudness_and_clips_nowhere(piper: Piper) -> None:
    spoken = samples(await speak(piper, "The girl bought five apples and a kilo of rice at the market."))
    level = (spoken / 32_767).astype(np.float32)
    assert integrated_loudness(level, 22_050) == pytest.approx(TARGET_LUFS, abs=1.5)
    assert np.abs(level).max() <= CEILING


async def test_live_settings_apply_to_the_next_request(steady: Piper) -> None:
    first = samples(await speak(steady, "Good morning."))
    assert np.array_equal(first, samples(await speak(steady, "Good morning.")))
    steady.update(PiperConfig(noise_scale=0.667, noise_w_scale=0.8))
    assert not np.array_equal(first, samples(await speak(steady, "Good morning.")))
    steady.update(PiperConfig(num_workers=2))
    with pytest.raises(ConfigError, match="cpu_threads"):
        steady.update(PiperConfig(cpu_threads=2))


async def test_a_request_gives_the_same_chunks_again(piper: Piper) -> None:
    assert await speak(piper, LONG) == await speak(piper, LONG)


async def test_chunks_begin_small_and_only_the_final_one_is_last(piper: Piper) -> None:
    chunks = await speak(piper, LONG[len("Yes. ") :])
    assert [chunk.last for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert 0.1 < seconds(chunks[:1]) < 0.4
    assert max(seconds([chunk]) for chunk in chunks) < 2.5


async def test_phrases_are_not_normalised_to_full_scale(piper: Piper) -> None:
    assert all(np.abs(samples([chunk])).max() < 31_000 for chunk in await speak(piper, LONG))


@pytest.mark.parametrize("text", ["", "...", "😀 ❤️", "\x00\x01", "\u200d", "[[]]", "— ?! —"])
async def test_text_without_words_is_one_empty_chunk(piper: Piper, text: str) -> None:
    (chunk,) = await speak(piper, text)
    assert (chunk.pcm, chunk.last, chunk.sample_rate) == (b"", True, 22_050)


async def test_raw_phonemes_cannot_be_injected(steady: Piper) -> None:
    injected = samples(await speak(steady, "Say [[fˈɪʃ fˈɪʃ fˈɪʃ fˈɪʃ]] now."))
    assert np.array_equal(injected, samples(await speak(steady, "Say [fˈɪʃ fˈɪʃ fˈɪʃ fˈɪʃ] now.")))


@pytest.mark.parametrize(
    "text",
    ["word " * 800, "a" * 4_000, "9" * 4_000, "x\x00\u202e\ud800. " * 500, "é\u0301\u0302" * 1_300],
    ids=["words", "letters", "digits", "controls", "accents"],
)
async def test_huge_texts_start_at_once_and_can_be_cancelled(piper: Piper, text: str) -> None:
    async with aclosing(piper.synthesize(asked(text))) as chunks:
        first = await anext(chunks)
    assert not first.last
    assert 0.1 < seconds([first]) < 40


async def test_other_voices_languages_and_speeds_are_refused(piper: Piper) -> None:
    for request, error, accepted in (
        (asked("Hello.", voice="nobody"), UnknownVoice, VOICE),
        (asked("Olá.", language="pt"), UnsupportedLanguage, "accepted: en"),
        (asked("Hello.", speed=0), InvalidRequest, "between 0.25 and 4.0"),
    ):
        with pytest.raises(error, match=accepted):
            await anext(piper.synthesize(request))


async def test_describe_names_the_voice(piper: Piper) -> None:
    info = await piper.describe()
    assert info.model == VOICE
    (voice,) = info.voices
    assert (voice.id, voice.language, voice.languages) == (VOICE, "en-US", ("en",))
    assert voice.sample_rate == 22_050
    chunks = [chunk async for chunk in piper.synthesize(asked("Hello.", voice=voice.id))]
    assert chunks[-1].pcm


def described(**changes: object) -> dict[str, object]:
    path = models.locate("piper", VOICE) / f"{VOICE}.onnx.json"
    return {**json.loads(path.read_text("utf-8")), **changes}


def test_the_speakers_of_a_model_have_their_own_ids() -> None:
    crowd = described(num_speakers=3, speaker_id_map={"ann": 0, "bob": 2, "eve": 1}, default_speaker_id=1)
    voices = list_voices("en_GB-crowd-low", crowd, VoiceConfig.from_dict(crowd))
    assert [voice.id for voice in voices] == [
        "en_GB-crowd-low#eve",
        "en_GB-crowd-low#ann",
        "en_GB-crowd-low#bob",
    ]


@pytest.mark.models
@pytest.mark.parametrize(
    ("description", "error", "message"),
    [
        ("{", ModelMissing, "does not describe a Piper voice"),
        ("[]", ModelMissing, "does not describe a Piper voice"),
        ({"phoneme_type": "pinyin"}, ConfigError, "accepted: espeak, text"),
        ({"language": {"code": "xx_YY"}}, ConfigError, "speaks 'xx-YY'"),
        ({}, ModelMissing, "damaged"),
    ],
)
async def test_damaged_and_unsupported_models_are_refused(
    tmp_path: Path, description: str | dict[str, object], error: type[Exception], message: str
) -> None:
    model = tmp_path / "mine.onnx"
    model.write_bytes(b"no model")
    text = description if isinstance(description, str) else json.dumps(described(**description))
    model.with_name("mine.onnx.json").write_text(text, "utf-8")
    piper = Piper(PiperConfig(tts_model=str(model)))
    with pytest.raises(error, match=message) as caught:
        await piper.load()
    assert str(tmp_path) not in str(caught.value)
    await piper.aclose()


@pytest.mark.models
async def test_a_failure_while_the_loudness_is_measured_is_that_of_the_provider(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class FailingNetwork:
        def speak(self, ids: list[int], style: SpeakingStyle) -> Iterator[WaveformPart]:
            raise RuntimeError

    monkeypatch.setattr(provider, "open_voice", lambda *_, **__: FailingNetwork())
    with pytest.raises(ProviderFailed, match="RuntimeError"):
        await Piper(PiperConfig()).load()


@pytest.mark.models
@pytest.mark.knob("tts.piper.device")
async def test_the_voice_computes_on_the_device_of_the_settings_or_is_refused(
    monkeypatch: pytest.MonkeyPatch, knob: Knobs
) -> None:
    computed: list[tuple[str, ...]] = []
    session = onnxruntime.InferenceSession

    def noting(*args: Any, **options: Any) -> Any:
        opened = session(*args, **options)
        computed.append(tuple(opened.get_providers()))
        return opened

    monkeypatch.setattr(onnxruntime, "InferenceSession", noting)
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    on_cpu, on_gpu = Piper(PiperConfig(device="cpu")), Piper(PiperConfig(device="cuda"))
    await on_cpu.load()
    assert set(computed) == {("CPUExecutionProvider",)}
    knob.observe("tts.piper.device", on_cpu.config, computed[0])
    computed.clear()
    with pytest.raises(ConfigError, match="accepted: cpu"):
        await on_gpu.load()
    knob.observe("tts.piper.device", on_gpu.config, tuple(computed))
    await on_cpu.aclose()
    await on_gpu.aclose()
