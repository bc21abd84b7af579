"""Kokoro says what it is given in each of its languages, and begins soon."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

import numpy as np
import pytest
from numpy.typing import NDArray

from sokuji import models
from sokuji.audio.loudness import CEILING, TARGET_LUFS, integrated_loudness
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.audio.resampling import resample
from sokuji.config import KokoroConfig
from sokuji.contract import AudioChunk, RecognitionRequest, SynthesisRequest, Transcript
from sokuji.errors import ConfigError, InvalidRequest, UnknownVoice, UnsupportedLanguage
from sokuji.providers.stt.whisper.provider import FasterWhisper
from sokuji.providers.tts.kokoro.network import KokoroNetwork, Style
from sokuji.providers.tts.kokoro.provider import MODEL, SPOKEN, Kokoro, to_symbols
from sokuji.providers.tts.waveform_chunks import Waveform
from tests.support.text_similarity import word_error_rate

LONG = "O médico receitou antibióticos durante sete dias. Faz muito calor, mas gosto de ir à praia."


def asked(text: str, language: str = "pt", voice: str | None = None, speed: float = 1.0) -> SynthesisRequest:
    return SynthesisRequest(text=text, language=language, voice=voice, speed=speed)


async def speak(kokoro: Kokoro, request: SynthesisRequest) -> list[AudioChunk]:
    return [chunk async for chunk in kokoro.synthesize(request)]


def samples(chunks: list[AudioChunk]) -> NDArray[np.int32]:
    return np.frombuffer(b"".join(chunk.pcm for chunk in chunks), "<i2").astype(np.int32)


def seconds(chunks: list[AudioChunk]) -> float:
    return len(samples(chunks)) / chunks[0].sample_rate


@pytest.fixture(scope="module")
async def spoken(kokoro: Kokoro) -> list[AudioChunk]:
    """``LONG``, spoken."""
    return await speak(kokoro, asked(LONG))


@pytest.mark.parametrize(
    ("language", "text", "most"),
    [
        ("en", "The doctor prescribed antibiotics for seven days.", 0.2),
        ("es", "El perro duerme tranquilo bajo la mesa de la cocina.", 0.25),
        # What is heard depends on how a processor rounds: on some, 33 % of the words are wrong.
        ("pt", "Faz muito calor no verão, mas gosto de ir à praia com os meus filhos.", 0.4),
        ("it", "In estate fa molto caldo, ma mi piace andare al mare con i miei figli.", 0.25),
        # A Japanese voice has trouble with French sounds.
        ("fr", "Il fait très chaud en été, mais j'aime aller à la plage avec mes enfants.", 0.5),
    ],
)
async def test_speech_is_recognised_as_the_text_that_was_spoken(
    kokoro: Kokoro, whisper: FasterWhisper, language: str, text: str, most: float
) -> None:
    chunks = await speak(kokoro, asked(text, language))
    pcm = resample(b"".join(chunk.pcm for chunk in chunks), chunks[0].sample_rate, RECOGNISER_RATE)
    (heard,) = await whisper.transcribe([RecognitionRequest(pcm=pcm, language=language)])
    assert isinstance(heard, Transcript)
    assert word_error_rate(text, heard.text, language) <= most


@pytest.mark.parametrize(
    ("language", "text", "symbols"),
    [
        ("pt", "Mães, tchau.", "mˈɐ\u0303js, ʧˈaʊ."),
        ("it", "Oggi pizza!", "ˈɔʤːɪ pˈiʦːa!"),
        ("ja", "ヒル。", "çiɾɯ."),
        ("fr", "Le chat.", "lə ʃˈa."),
        ("hi", "हाँ।", "hˈa\u0303."),
    ],
)
def test_phonemes_are_converted_to_the_symbols_of_the_model(language: str, text: str, symbols: str) -> None:
    vocabulary = json.loads((models.locate("kokoro", MODEL) / "vocab.json").read_text("utf-8"))["vocab"]
    assert "".join(to_symbols(text, language, vocabulary)) == symbols


async def test_the_first_phrase_is_short(spoken: list[AudioChunk]) -> None:
    assert 0.5 < seconds(spoken[:1]) < 2.5
    assert len(spoken) >= 3


async def test_only_the_final_chunk_is_last(spoken: list[AudioChunk]) -> None:
    assert [chunk.last for chunk in spoken] == [False] * (len(spoken) - 1) + [True]
    assert {chunk.sample_rate for chunk in spoken} == {24_000}


async def test_chunks_join_without_a_click(spoken: list[AudioChunk]) -> None:
    steps = np.abs(np.diff(samples(spoken)))
    joins = np.cumsum([len(chunk.pcm) // 2 for chunk in spoken])[:-1]
    assert steps[joins - 1].max() < 200
    assert steps.max() > 2_000


async def test_speech_lasts_as_long_as_the_speed_demands(kokoro: Kokoro) -> None:
    text = "O gato dorme."
    usual = seconds(await speak(kokoro, asked(text)))
    for speed in (0.5, 1.5, 2.0):
        assert seconds(await speak(kokoro, asked(text, speed=speed))) == pytest.approx(
            usual / speed, rel=0.01
        )


async def test_every_voice_has_the_common_loudness_and_clips_nowhere(kokoro: Kokoro) -> None:
    for voice in (await kokoro.describe()).voices:
        spoken = samples(await speak(kokoro, asked("O gato dorme na sala.", voice=voice.id)))
        level = (spoken / 32_767).astype(np.float32)
        assert integrated_loudness(level, voice.sample_rate) == pytest.approx(TARGET_LUFS, abs=1.5)
        assert np.abs(level).max() <= CEILING


async def test_every_voice_speaks_every_language_and_the_default_comes_first(kokoro: Kokoro) -> None:
    info = await kokoro.describe()
    ids = [voice.id for voice in info.voices]
    assert ids == ["jm_kumo", "jf_alpha", "jf_gongitsune", "jf_nezumi", "jf_tebukuro"]
    assert all(voice.languages == (*SPOKEN, "ja") for voice in info.voices)
    assert {voice.language for voice in info.voices} == {"ja"}
    assert [voice.gender for voice in info.voices] == ["male"] + ["female"] * 4


@pytest.fixture
async def kumo_again(kokoro: Kokoro) -> AsyncIterator[None]:
    """Sets the usual default voice afterwards."""
    usual = kokoro.config
    yield
    kokoro.update(usual)


@pytest.mark.usefixtures("kumo_again")
async def test_the_default_voice_changes_at_once(kokoro: Kokoro) -> None:
    kumo = samples(await speak(kokoro, asked("Sim.")))
    alpha = samples(await speak(kokoro, asked("Sim.", voice="jf_alpha")))
    kokoro.update(KokoroConfig(default_voice="jf_alpha", num_workers=3))
    now = samples(await speak(kokoro, asked("Sim.")))
    assert np.array_equal(now, alpha)
    assert not np.array_equal(now, kumo)
    with pytest.raises(ConfigError, match="accepted: jf_alpha, jf_gongitsune"):
        kokoro.update(KokoroConfig(default_voice="nobody"))
    with pytest.raises(ConfigError, match="cpu_threads"):
        kokoro.update(KokoroConfig(cpu_threads=3))


@pytest.mark.models
async def test_an_unknown_default_voice_is_refused_at_the_start() -> None:
    kokoro = Kokoro(KokoroConfig(default_voice="nobody"))
    with pytest.raises(ConfigError, match="accepted: jf_alpha"):
        await kokoro.load()
    await kokoro.aclose()


async def test_unsupported_languages_voices_and_speeds_are_refused(kokoro: Kokoro) -> None:
    for request, error, accepted in (
        (asked("Olá.", voice="nobody"), UnknownVoice, "accepted: jm_kumo, jf_alpha"),
        (asked("Hallo.", language="de"), UnsupportedLanguage, "accepted: en, es, fr, hi, it, ja, pt"),
        (asked("Olá.", speed=100), InvalidRequest, "between 0.25 and 4.0"),
    ):
        with pytest.raises(error, match=accepted):
            await anext(kokoro.synthesize(request))


@pytest.mark.parametrize("text", ["", "...", "😀 ❤️", "\x00\x01", "[[]]"])
async def test_text_without_words_is_one_empty_chunk(kokoro: Kokoro, text: str) -> None:
    (chunk,) = await speak(kokoro, asked(text))
    assert (chunk.pcm, chunk.last, chunk.sample_rate) == (b"", True, 24_000)


@pytest.mark.parametrize(
    "text",
    ["a" * 4_000, "x\x00\u202e\ud800. " * 500, "é\u0301\u0302" * 1_300, "[[a]] " * 700],
    ids=["letters", "controls", "accents", "brackets"],
)
async def test_huge_texts_start_soon_and_can_be_cancelled(kokoro: Kokoro, text: str) -> None:
    async with aclosing(kokoro.synthesize(asked(text))) as chunks:
        first = await anext(chunks)
    assert not first.last
    assert 0.1 < seconds([first]) < 10


@pytest.mark.usefixtures("kumo_again")
@pytest.mark.parametrize(("most_s", "held_back"), [(0.0, False), (30.0, True)])
async def test_speech_that_would_have_gaps_is_held_back_if_allowed(
    kokoro: Kokoro, monkeypatch: pytest.MonkeyPatch, most_s: float, *, held_back: bool
) -> None:
    rendered: list[Sequence[str]] = []

    def render_click(_: KokoroNetwork, phonemes: Sequence[str], _style: Style) -> Waveform:
        # Much shorter than the time that the model, whose pace is known, needs for the phonemes.
        rendered.append(phonemes)
        return np.full(480, 0.5, np.float32)

    monkeypatch.setattr(KokoroNetwork, "render", render_click)
    kokoro.update(KokoroConfig(max_hold_back_s=most_s))
    async with aclosing(kokoro.synthesize(asked(LONG))) as chunks:
        await anext(chunks)
    assert (len(rendered) > 1) == held_back
