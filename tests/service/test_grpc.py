"""gRPC on the real service: each stage, a live session, and one whose gateway replica is replaced."""

import asyncio
import re
import sys
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import pytest_asyncio
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from launcher import dashboard
from sokuji import events
from sokuji.audio.pcm import RECOGNISER_RATE, wav_bytes
from sokuji.client import Config, connect
from sokuji.proto import pipeline_pb2
from sokuji.proto.common_pb2 import AudioChunk, Empty, SynthesisResult, TranscriptionResult, TranslationResult
from sokuji.proto.pipeline_pb2 import ConverseEvent, ConverseRequest
from sokuji.proto.stt_pb2 import TranscribeRequest
from sokuji.proto.translation_pb2 import TranslateRequest
from sokuji.proto.tts_pb2 import SynthesizeRequest
from tests.service.conftest import ROOT, RunningService
from tests.support.grpc_api import data_of, rest_of
from tests.support.programs import finished
from tests.support.speech import noise, sample, silence

SENTENCE = sample("pt", "ola_mundo") + noise(1_200)
PAIR: dict[str, Any] = {"source_language": "pt", "target_language": "en"}
FRAME = 2_560


@pytest_asyncio.fixture
async def channel(service: RunningService) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(service.grpc_address) as channel:
        yield channel


async def unary(channel: grpc.aio.Channel, path: str, request: Any, kind: Any) -> Any:
    return await channel.unary_unary(path, data_of, kind.FromString)(request)


async def test_each_stage_and_a_session_work(channel: grpc.aio.Channel) -> None:
    health = await unary(channel, "/grpc.health.v1.Health/Check", HealthCheckRequest(), HealthCheckResponse)
    assert health.status == HealthCheckResponse.SERVING
    heard = await unary(
        channel,
        "/sokuji.stt.STTService/Transcribe",
        TranscribeRequest(audio=AudioChunk(data=SENTENCE + silence(500)), language="pt"),
        TranscriptionResult,
    )
    assert "mundo" in heard.text.lower()
    translated = await unary(
        channel,
        "/sokuji.translation.TranslationService/Translate",
        TranslateRequest(text="O livro está na mesa.", **PAIR),
        TranslationResult,
    )
    assert translated.translated_text.startswith("The book")
    speaking = channel.stream_stream(
        "/sokuji.tts.TTSService/SynthesizeStream", data_of, SynthesisResult.FromString
    )()
    await speaking.write(SynthesizeRequest(text="The book is on the table."))
    await speaking.done_writing()
    chunks = await rest_of(speaking)
    assert np.abs(np.frombuffer(b"".join(each.audio_data for each in chunks), "<i2")).max() > 1_000

    path = "/sokuji.pipeline.PipelineService/Converse"
    call: Any = channel.stream_stream(path, data_of, ConverseEvent.FromString)()
    await call.write(ConverseRequest(config=pipeline_pb2.Config(**PAIR)))
    for start in range(0, len(SENTENCE), FRAME):
        await call.write(ConverseRequest(audio=SENTENCE[start : start + FRAME]))
    await call.write(ConverseRequest(end=Empty()))
    found = await rest_of(call)
    said = " ".join(event.translation.text for event in found if event.HasField("translation"))
    assert re.search("hello", said, re.IGNORECASE)
    voice = b"".join(event.audio.pcm for event in found if event.HasField("audio"))
    assert np.abs(np.frombuffer(voice, "<i2")).max() > 1_000
    assert found[-1].HasField("done")


async def test_the_example_translates_a_recording(service: RunningService, tmp_path: Path) -> None:
    (tmp_path / "talk.wav").write_bytes(wav_bytes(SENTENCE, RECOGNISER_RATE))
    program = str(ROOT / "examples" / "grpc_session.py")
    arguments = ("talk.wav", "--from", "pt", "--grpc", service.grpc_address)
    variables = {"PYTHONPATH": str(ROOT)}
    done = await finished(sys.executable, program, *arguments, cwd=tmp_path, variables=variables)
    assert (done.code, done.complaints) == (0, ""), done
    said, meant = done.output.strip().splitlines()
    assert "mundo" in said.lower()
    assert re.search("-> hello", meant, re.IGNORECASE)
    with wave.open(str(tmp_path / "voice.wav")) as voice:
        assert voice.getframerate() == 24_000
        assert np.abs(np.frombuffer(voice.readframes(voice.getnframes()), "<i2")).max() > 1_000


@pytest.mark.long
async def test_a_conversation_outlives_the_replacement_of_its_gateway(service: RunningService) -> None:
    config = Config(source_language="pt", target_language="en", output="captions", commit="utterance")
    replaced, said = asyncio.Event(), 0

    async def sentences() -> AsyncIterator[bytes]:
        nonlocal said
        while not replaced.is_set():
            said += 1
            for start in range(0, len(SENTENCE), FRAME):
                yield SENTENCE[start : start + FRAME]
                await asyncio.sleep(FRAME / 32_000)

    async def replace_gateway() -> None:
        async with dashboard.connect(service.dashboard) as serve:
            # Another share of a core makes Serve start a new replica.
            await dashboard.change(serve, dashboard.GATEWAY, ray_actor_options={"num_cpus": 0.15})
        replaced.set()

    async with connect(f"grpc://{service.grpc_address}", config) as conversation:
        replacing = asyncio.create_task(replace_gateway())
        found = [event async for event in conversation.converse(sentences())]
        await replacing
    assert conversation.resumptions == 1
    assert any(isinstance(event, events.Draining) for event in found)
    finals = [event for event in found if isinstance(event, events.Transcription) and event.is_final]
    assert len(finals) == said
