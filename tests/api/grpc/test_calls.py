"""What each call answers, and what a client frees that leaves."""

import asyncio

import grpc
import numpy as np
import pytest

from sokuji.audio.resampling import resample
from sokuji.errors import NotRecognised, ProviderFailed
from sokuji.metrics.registry import REGISTRY
from sokuji.proto.common_pb2 import AudioChunk, Empty
from sokuji.proto.pipeline_pb2 import ConverseRequest
from sokuji.proto.stt_pb2 import TranscribeRequest
from sokuji.proto.translation_pb2 import TranslateBatchRequest, TranslateRequest
from sokuji.proto.tts_pb2 import SynthesizeRequest
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts
from tests.support.grpc_api import PAIR, PCM, STT, TEXT, TTS, chunk, error_of, grpc_api, rest_of
from tests.support.speech import silence


def as_float(pcm: bytes) -> bytes:
    return (np.frombuffer(pcm, "<i2") / 32_768).astype("<f4").tobytes()


def stereo(pcm: bytes) -> bytes:
    return np.repeat(np.frombuffer(pcm, "<i2"), 2).tobytes()


@pytest.mark.parametrize(
    "audio",
    [
        chunk(),
        chunk(sample_rate=16_000, channels=1, format="int16", timestamp=1.5),
        chunk(as_float(PCM), format="float32"),
        chunk(stereo(PCM), channels=2),
        chunk(resample(PCM, 16_000, 48_000), sample_rate=48_000),
    ],
    ids=["defaults", "named", "float32", "stereo", "48 kHz"],
)
async def test_a_recording_is_transcribed_in_each_format(audio: AudioChunk) -> None:
    async with grpc_api() as api:
        heard = await api.call(f"{STT}/Transcribe", TranscribeRequest(audio=audio))
    assert heard.text.startswith("utterance 1")
    assert (heard.language, heard.is_final) == ("pt", True)
    assert 0 <= heard.start_time < heard.end_time <= len(PCM) / 32_000
    assert heard.confidence == pytest.approx(0.9)


async def test_live_speech_is_transcribed_utterance_by_utterance() -> None:
    async with grpc_api() as api:
        pcm = (PCM + silence(1_000)) * 2
        chunks = [chunk(pcm[start : start + 3_200]) for start in range(0, len(pcm), 3_200)]
        results = await api.answers(f"{STT}/TranscribeStream", *chunks)
    assert len(results) >= 2
    assert all(each.is_final and each.text and each.language == "pt" for each in results)
    assert [each.end_time for each in results] == sorted(each.end_time for each in results)


def live(*pieces: bytes) -> list[AudioChunk]:
    pcm = b"".join(piece + silence(1_000) for piece in pieces)
    return [chunk(pcm[start : start + 3_200]) for start in range(0, len(pcm), 3_200)]


def unrecognised() -> float:
    """Utterances without words at this door so far."""
    labels = {"door": "grpc", "code": "not_recognised", "of": "segment"}
    return REGISTRY.get_sample_value("sokuji_session_failures_total", labels) or 0


async def test_a_sound_without_words_has_no_result_and_live_speech_goes_on() -> None:
    before, stt = unrecognised(), FakeStt(*[NotRecognised("no words")] * 20)
    async with grpc_api(stt) as api:
        call = api.stream(f"{STT}/TranscribeStream")
        for each in live(PCM):
            await call.write(each)
        while unrecognised() == before:
            await asyncio.sleep(0.01)
        stt.answers.clear()
        for each in live(PCM):
            await call.write(each)
        await call.done_writing()
        results = await rest_of(call)
    assert [each.text.split()[0] for each in results] == ["utterance"]


async def test_an_utterance_that_fails_ends_the_stream_with_the_reason() -> None:
    async with grpc_api(FakeStt(*[ProviderFailed("broken")] * 20)) as api:
        with pytest.raises(grpc.aio.AioRpcError) as failure:
            await api.answers(f"{STT}/TranscribeStream", *live(PCM))
    assert (failure.value.code().name, error_of(failure.value)[0]) == ("INTERNAL", "provider_failed")


async def test_live_speech_is_drained_with_what_was_said() -> None:
    async with grpc_api() as api:
        call = api.stream(f"{STT}/TranscribeStream")
        for each in live(PCM):
            await call.write(each)
        assert (await call.read()).text.startswith("utterance")
        api.service.drain()
        with pytest.raises(grpc.aio.AioRpcError) as ending:
            await rest_of(call)
    assert (ending.value.code().name, error_of(ending.value)[0]) == ("UNAVAILABLE", "draining")


async def test_texts_are_translated_alone_in_a_batch_and_in_a_stream() -> None:
    async with grpc_api() as api:
        one = await api.call(f"{TEXT}/Translate", TranslateRequest(text="um", **PAIR))
        assert (one.original_text, one.translated_text, one.model_name) == ("um", "en: um", "fake")
        batch = await api.call(f"{TEXT}/TranslateBatch", TranslateBatchRequest(texts=list("abc"), **PAIR))
        assert [each.translated_text for each in batch.results] == ["en: a", "en: b", "en: c"]
        streamed = await api.answers(
            f"{TEXT}/TranslateStream", *(TranslateRequest(text=text, **PAIR) for text in "xyz")
        )
        assert [each.original_text for each in streamed] == ["x", "y", "z"]
        found = await api.call(f"{TEXT}/GetSupportedLanguages", Empty())
        assert (list(found.language_codes), found.supports_batch) == (["en", "pt"], True)


async def test_speech_is_made_in_the_format_and_rate_that_are_asked_for() -> None:
    async with grpc_api() as api:
        parameters = {"format": "float32", "sample_rate": "8000"}
        whole = await api.call(f"{TTS}/Synthesize", SynthesizeRequest(text="One", parameters=parameters))
        assert (whole.voice_id, whole.sample_rate, whole.format) == ("joe", 8_000, "float32")
        assert len(whole.audio_data) == pytest.approx(4 * 8_000 * whole.duration_ms / 1_000, abs=8)
        assert np.frombuffer(whole.audio_data, "<f4")[800] == pytest.approx(FakeTts.LEVEL / 32_768, rel=0.01)
        texts = ("Hello there", "Olá, mundo")
        chunks = await api.answers(
            f"{TTS}/SynthesizeStream", *(SynthesizeRequest(text=text) for text in texts)
        )
        assert [each.text for each in chunks] == [texts[0]] * 2 + [texts[1]] * 2
        assert [each.voice_id for each in chunks] == ["joe"] * 2 + ["dora"] * 2
        assert {each.duration_ms for each in chunks} == {100}
        voices = (await api.call(f"{TTS}/GetVoices", Empty())).voices
        assert [(each.id, each.gender) for each in voices] == [("joe", "male"), ("dora", "female")]


async def test_a_stage_says_what_it_has_done() -> None:
    failing = FakeTranslator(ProviderFailed("it is broken"))
    async with grpc_api(translator=failing) as api:
        before = await api.call(f"{TEXT}/GetMetrics", Empty())
        with pytest.raises(grpc.aio.AioRpcError) as failure:
            await api.call(f"{TEXT}/Translate", TranslateRequest(text="um", **PAIR))
        assert failure.value.code() is grpc.StatusCode.INTERNAL
        await api.call(f"{TEXT}/Translate", TranslateRequest(text="um", **PAIR))
        after = await api.call(f"{TEXT}/GetMetrics", Empty())
    assert after.total_errors == before.total_errors + 1
    assert after.total_requests == before.total_requests + 2
    assert after.avg_duration_ms > 0
    assert int(after.additional["requests.fake"]) == after.total_requests - after.total_errors


async def test_a_client_that_leaves_or_whose_deadline_is_over_frees_what_it_held() -> None:
    tts = FakeTts()
    tts.gate.clear()
    async with grpc_api(tts=tts) as api:
        with pytest.raises(grpc.aio.AioRpcError) as failure:
            await api.call(f"{TTS}/Synthesize", SynthesizeRequest(text="Hi"), timeout=0.3)
        assert failure.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        call = asyncio.create_task(api.call(f"{TTS}/Synthesize", SynthesizeRequest(text="Hi")))
        while len(tts.requests) < 2:
            await tts.arrived.get()
        call.cancel()
        async with asyncio.timeout(20):
            while tts.cancelled < 2 or api.service.requests.in_use:
                await asyncio.sleep(0.01)


def test_every_message_of_a_session_is_a_field() -> None:
    (oneof,) = ConverseRequest.DESCRIPTOR.oneofs
    assert [field.name for field in oneof.fields] == ["config", "audio", "flush", "cancel", "end"]
