"""A Piper voice of several speakers: each is asked for by name and heard, piece by piece like any voice."""

import json
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from sokuji import models
from sokuji.config import PiperConfig
from sokuji.contract import AudioChunk, SynthesisRequest
from sokuji.errors import UnknownVoice
from sokuji.providers.tts.piper.provider import Piper
from tests.support.knobs import Knobs

pytestmark = pytest.mark.models

VOICE = "en_US-joe-medium"
TEXT = "The girl bought five apples."
REPLACED = {"scales": "paced", "sid": "some_constant"}
"""What these names stand for in Joe's graph gets another one."""
SPEAKERS = {"ann": 0, "bob": 1, "eve": 2}


def crowd(path: Path) -> onnx.ModelProto:
    """Joe and two others, made as VITS makes speakers: a vector of each, which every part of the model sees.

    Here it changes the pace in the text's part and the sound where the decoder begins.
    """
    model = onnx.load(path)
    nodes = model.graph.node
    (conv,) = (node for node in nodes if node.name == "/dec/conv_pre/Conv")
    (follower,) = (node for node in nodes if conv.output[0] in node.input)
    follower.input[0] = "dec_with_speaker"
    for node in nodes:
        node.input[:] = [REPLACED.get(name, name) for name in node.input]
    for tensor in model.graph.initializer:
        tensor.name = REPLACED.get(tensor.name, tensor.name)
    random = np.random.default_rng(5)
    vectors = random.normal([[0.0], [0.5], [-0.5]], [[0.0], [5.0], [5.0]], (3, 256)).astype(np.float32)
    for name, value in (
        ("emb_g.weight", vectors),
        ("flat", np.array([1], np.int64)),
        ("last_axis", np.array([2], np.int64)),
    ):
        model.graph.initializer.append(numpy_helper.from_array(value, name))
    made = [
        helper.make_node("Gather", ["emb_g.weight", "sid"], ["vector"]),
        helper.make_node("Unsqueeze", ["vector", "last_axis"], ["g"]),
        helper.make_node("ReduceMean", ["vector"], ["mean"], axes=[0, 1], keepdims=0),
        helper.make_node("Reshape", ["mean", "flat"], ["offset"]),
        helper.make_node("Exp", ["offset"], ["pace"]),
        helper.make_node("Mul", ["scales", "pace"], ["paced"]),
    ]
    for at, node in enumerate(made):
        nodes.insert(at, node)
    nodes.insert(
        list(nodes).index(conv) + 1, helper.make_node("Add", [conv.output[0], "g"], ["dec_with_speaker"])
    )
    model.graph.input.append(helper.make_tensor_value_info("sid", TensorProto.INT64, [1]))
    for name, shape in (("vector", [1, 256]), ("g", [1, 256, 1]), ("paced", [3])):
        model.graph.value_info.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    return model


@pytest.fixture(scope="module")
async def crowded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Piper]:
    original = models.locate("piper", VOICE) / f"{VOICE}.onnx"
    path = tmp_path_factory.mktemp("voice") / "en_US-crowd-medium.onnx"
    onnx.save(crowd(original), path)
    description = json.loads(original.with_name(f"{VOICE}.onnx.json").read_text("utf-8"))
    description |= {
        "num_speakers": 3,
        "speaker_id_map": SPEAKERS,
        "default_speaker_id": SPEAKERS["bob"],
        "dataset": "crowd",
    }
    path.with_name(f"{path.name}.json").write_text(json.dumps(description), "utf-8")
    provider = Piper(PiperConfig(tts_model=str(path)))
    await provider.load()
    yield provider
    await provider.aclose()


async def speak(piper: Piper, voice: str | None) -> list[AudioChunk]:
    request = SynthesisRequest(text=TEXT, language="en", voice=voice)
    return [chunk async for chunk in piper.synthesize(request)]


def samples(chunks: list[AudioChunk]) -> NDArray[np.float64]:
    return np.frombuffer(b"".join(chunk.pcm for chunk in chunks), "<i2").astype(np.float64)


def colour(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    """The level in each of 32 bands of frequency, dB, whatever the loudness."""
    power = np.abs(np.fft.rfft(sound[: len(sound) // 1_024 * 1_024].reshape(-1, 1_024))) ** 2
    bands = 10 * np.log10(power.mean(axis=0)[1:].reshape(32, -1).mean(axis=1))
    return np.asarray(bands - bands.mean())


async def test_all_speakers_are_offered_the_default_speaker_first(crowded: Piper) -> None:
    found = (await crowded.describe()).voices
    names = ["en_US-crowd-medium#bob", "en_US-crowd-medium#ann", "en_US-crowd-medium#eve"]
    assert [voice.id for voice in found] == names
    assert [voice.name for voice in found] == ["crowd bob", "crowd ann", "crowd eve"]
    with pytest.raises(UnknownVoice, match="en_US-crowd-medium#ann"):
        await speak(crowded, "en_US-crowd-medium#joe")


@pytest.mark.knob("tts.piper.tts_model")
async def test_another_model_sounds_otherwise(crowded: Piper, piper: Piper, knob: Knobs) -> None:
    for provider in (crowded, piper):
        sound = b"".join(chunk.pcm for chunk in await speak(provider, None))
        assert sound
        knob.observe("tts.piper.tts_model", provider.config, sound)


async def test_each_speaker_sounds_different_and_the_default_one_is_used_without_a_voice(
    crowded: Piper,
) -> None:
    said = {name: await speak(crowded, f"en_US-crowd-medium#{name}") for name in SPEAKERS}
    assert await speak(crowded, None) == said["bob"]
    assert all(len(chunks) > 1 for chunks in said.values()), "the voice is not divided"
    heard = {name: samples(chunks) for name, chunks in said.items()}
    lengths = sorted(len(sound) for sound in heard.values())
    assert all(shorter * 1.03 < longer for shorter, longer in pairwise(lengths))
    for one, other in (("ann", "bob"), ("bob", "eve"), ("ann", "eve")):
        assert np.abs(colour(heard[one]) - colour(heard[other])).max() > 3


async def test_a_speaker_without_an_offset_sounds_like_the_single_voice(crowded: Piper, piper: Piper) -> None:
    ann = samples(await speak(crowded, "en_US-crowd-medium#ann"))
    assert np.abs(ann - samples(await speak(piper, None))).max() < 100
