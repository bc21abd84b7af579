"""What the provider makes of requests and settings, with a network that hums in place of PyTorch's."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sokuji.audio.loudness import TARGET_LUFS, integrated_loudness
from sokuji.config import PocketTtsConfig
from sokuji.contract import AudioChunk, SynthesisRequest
from sokuji.errors import ConfigError, InvalidRequest, ModelMissing, UnknownVoice, UnsupportedLanguage
from sokuji.providers.registry import create
from sokuji.providers.tts.pocket_tts.model_files import ModelFiles
from sokuji.providers.tts.pocket_tts.provider import COUNTING, PocketTts
from sokuji.providers.tts.waveform_chunks import WaveformPart
from tests.support.knobs import Knobs
from tests.support.pocket_tts.description import empty_model, write_empty_model
from tests.support.pocket_tts.humming import PARTS_PER_CHARACTER, HummingNetwork

SENTENCE = "The girl bought five apples and a kilo of rice at the market."


def asked(text: str = SENTENCE, **fields: Any) -> SynthesisRequest:
    return SynthesisRequest(**{"text": text, "language": "en", **fields})


def network_of(voice: PocketTts) -> HummingNetwork:
    network = voice._ready.network
    assert isinstance(network, HummingNetwork)
    return network


async def speak(voice: PocketTts, request: SynthesisRequest) -> list[AudioChunk]:
    return [chunk async for chunk in voice.synthesize(request)]


def samples(chunks: list[AudioChunk]) -> NDArray[np.float32]:
    pcm = b"".join(chunk.pcm for chunk in chunks)
    return (np.frombuffer(pcm, "<i2") / 32_767).astype(np.float32)


async def loaded(path: Path, **settings: Any) -> PocketTts:
    voice = PocketTts(PocketTtsConfig(tts_model=str(path), **settings), HummingNetwork)
    await voice.load()
    return voice


@pytest.fixture
async def voice() -> AsyncIterator[PocketTts]:
    """The provider, loaded; its network has counted and spoken a word."""
    voice = await loaded(empty_model())
    yield voice
    await voice.aclose()


@pytest.mark.knob("tts.pocket_tts.tts_model")
async def test_the_model_decides_the_language_and_the_voices(tmp_path: Path, knob: Knobs) -> None:
    found = {}
    for name, voices in (("english", ("ana", "ben")), ("french_24l", ("estelle", "zoe", "anna"))):
        voice = await loaded(write_empty_model(tmp_path / name, name, voices))
        info = await voice.describe()
        found[name] = [(each.id, each.language, each.languages) for each in info.voices]
        knob.observe("tts.pocket_tts.tts_model", voice.config, tuple(found[name]))
        assert info.model == f"{name}.yaml"
        await voice.aclose()
    assert found["english"] == [("ana", "en", ("en",)), ("ben", "en", ("en",))]
    # The default of the package comes first; the speaker of "anna" is English.
    assert found["french_24l"] == [
        ("estelle", "fr", ("fr",)), ("anna", "en", ("fr",)), ("zoe", "fr", ("fr",)),
    ]  # fmt: skip


async def test_the_language_of_another_model_is_set(tmp_path: Path) -> None:
    path = write_empty_model(tmp_path / "own", "own")
    with pytest.raises(ConfigError, match="does not say what it speaks") as caught:
        await loaded(path)
    assert caught.value.param == "language"
    with pytest.raises(ConfigError) as caught:
        await loaded(path, language="xx")
    assert caught.value.param == "language"
    voice = await loaded(path, language="tr-TR")
    assert [each.languages for each in (await voice.describe()).voices] == [("tr",), ("tr",)]
    await voice.aclose()


async def test_requests_name_a_voice_or_get_the_default_one(voice: PocketTts) -> None:
    voice.update(voice.config.model_copy(update={"default_voice": "ben"}))
    assert [each.id for each in (await voice.describe()).voices] == ["ben", "ana"]
    for request, expected in ((asked(), "ben"), (asked(voice="ana"), "ana")):
        await speak(voice, request)
        assert network_of(voice).spoken[-1] == (SENTENCE, expected)


async def test_an_unknown_default_voice_is_refused_with_the_known_ones(voice: PocketTts) -> None:
    with pytest.raises(ConfigError, match="no voice 'carl'; accepted: ana, ben") as caught:
        voice.update(voice.config.model_copy(update={"default_voice": "carl"}))
    assert caught.value.param == "default_voice"
    with pytest.raises(ConfigError, match="no voice 'carl'"):
        await loaded(empty_model(), default_voice="carl")
    with pytest.raises(ConfigError, match="tts_model"):
        voice.update(voice.config.model_copy(update={"tts_model": "french"}))


async def test_other_voices_languages_and_speeds_are_refused(voice: PocketTts) -> None:
    for request, error, accepted in (
        (asked(voice="carl"), UnknownVoice, "accepted: ana, ben"),
        (asked(language="pt"), UnsupportedLanguage, "accepted: en"),
        (asked(speed=4.5), InvalidRequest, "between 0.25 and 4.0"),
    ):
        with pytest.raises(error, match=accepted):
            await speak(voice, request)


@pytest.mark.parametrize("text", ["", "...", "😀 ❤️", "\x00\x01", "— ?! —"])
async def test_text_without_words_is_one_empty_chunk(voice: PocketTts, text: str) -> None:
    before = network_of(voice).parts
    (chunk,) = await speak(voice, asked(text))
    assert (chunk.pcm, chunk.last, chunk.sample_rate) == (b"", True, 24_000)
    assert network_of(voice).parts == before


async def test_a_long_text_is_made_in_phrases_that_the_model_can_speak(voice: PocketTts) -> None:
    text = "word " * 70
    await speak(voice, asked(text, speed=4.0))
    phrases = [phrase for phrase, _ in network_of(voice).spoken if "word" in phrase]
    assert max(map(len, phrases)) <= 151
    assert " ".join(phrases).replace(",", "").split() == text.split()


async def test_speech_lasts_as_long_as_the_speed_demands(voice: PocketTts) -> None:
    usual = len(samples(await speak(voice, asked())))
    for speed in (0.25, 0.8, 2.0):
        assert len(samples(await speak(voice, asked(speed=speed)))) == pytest.approx(usual / speed, rel=0.01)


async def test_all_voices_have_the_common_loudness_which_is_measured_once(voice: PocketTts) -> None:
    for name in ("ana", "ben", "ben"):
        level = integrated_loudness(samples(await speak(voice, asked(voice=name))), 24_000)
        assert level == pytest.approx(TARGET_LUFS, abs=0.5)
    measured = [name for text, name in network_of(voice).spoken if text == COUNTING]
    assert measured == ["ana", "ben"]


async def test_chunks_come_as_they_are_made_and_no_more_is_made_when_they_are_closed(
    voice: PocketTts,
) -> None:
    before = network_of(voice).parts
    async with aclosing(voice.synthesize(asked())) as chunks:
        first = await anext(chunks)
    assert first.pcm
    assert first.effort is not None
    made = network_of(voice).parts - before
    assert made <= 2
    await asyncio.sleep(0.05)
    assert network_of(voice).parts - before == made < PARTS_PER_CHARACTER * len(SENTENCE)


async def test_two_requests_take_turns_with_one_worker(voice: PocketTts) -> None:
    voice.update(voice.config.model_copy(update={"num_workers": 1}))
    order: list[str] = []

    async def listen(name: str) -> None:
        async for _ in voice.synthesize(asked(voice=name)):
            order.append(name)

    await speak(voice, asked(voice="ben"))  # Its loudness is known.
    await asyncio.gather(listen("ana"), listen("ben"))
    for half in (order[: len(order) // 2], order[len(order) // 2 :]):
        assert half.count("ana") == pytest.approx(half.count("ben"), abs=2)


def test_without_pytorch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ConfigError, match=r"\(torch\): pip install 'sokuji-bridge\[pocket-tts\]'"):
        create("tts", PocketTtsConfig())


class BrokenNetwork(HummingNetwork):
    """Its voices do not fit."""

    def speak(self, text: str, voice: Path) -> Iterator[WaveformPart]:
        raise RuntimeError("shapes differ")


async def test_a_voice_that_cannot_speak_is_found_when_the_model_is_loaded() -> None:
    def open_network(files: ModelFiles) -> HummingNetwork:
        return BrokenNetwork(files)

    voice = PocketTts(PocketTtsConfig(tts_model=str(empty_model())), open_network)
    with pytest.raises(ModelMissing, match="its voice 'ana' is damaged or does not belong") as caught:
        await voice.load()
    assert caught.value.param == "tts_model"
    await voice.aclose()
