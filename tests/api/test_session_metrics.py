"""What is counted of a session, through the door of the bridge API."""

import asyncio

import pytest

from sokuji.api.service_metrics import replica_metrics
from sokuji.config import GatewaySettings, Limits
from sokuji.contract import Transcript
from sokuji.errors import ProviderFailed
from sokuji.metrics.exposition import collected, exposition
from tests.api.bridge.asgi_client import connected_service, finish
from tests.support.fake_stages import FakeStt
from tests.support.metrics_page import total
from tests.support.speech import noise, sample, silence

SPEECH = noise(400) + sample("pt", "ola_mundo") + silence(1_500)
SECONDS = len(SPEECH) / 32_000
FRAME = 3_200
"""Bytes of a tenth of a second."""


class Counts:
    """How much samples have grown since this was made."""

    def __init__(self) -> None:
        self._before = self._page()

    def of(self, name: str, **labels: str) -> float:
        labels = {"door": "bridge"} | labels if name not in WITHOUT_DOOR else labels
        return total(self._page(), name, **labels) - total(self._before, name, **labels)

    def _page(self) -> str:
        return exposition(collected()).decode()


WITHOUT_DOOR = ("sokuji_sessions_resumed_total",)


@pytest.mark.slow
async def test_a_session_is_counted_with_its_speech_and_its_latencies() -> None:
    counts = Counts()
    stt = FakeStt(Transcript(text="olá mundo", language="pt", confidence=0.9))
    async with connected_service(stt=stt) as server:
        client = server.connect()
        client.configure(source_language="pt", partials=False)
        for start in range(0, len(SPEECH), FRAME):
            client.speak(SPEECH[start : start + FRAME])
            await asyncio.sleep(FRAME / 32_000)
        await finish(client)
    assert counts.of("sokuji_sessions_opened_total") == 1
    assert counts.of("sokuji_sessions_closed_total", close_code="1000") == 1
    assert counts.of("sokuji_session_received_audio_seconds_total") == pytest.approx(SECONDS)
    assert counts.of("sokuji_session_sent_audio_seconds_total") > 0
    assert counts.of("sokuji_speech_snr_decibels_count") == 1
    for output in ("transcription", "translation", "audio"):
        assert counts.of("sokuji_session_latency_seconds_count", output=output) == 1
    # The silence by which the end of speech is known is a part of it.
    latency_s = counts.of("sokuji_session_latency_seconds_sum", output="transcription")
    assert latency_s > GatewaySettings().segmentation.min_silence_ms / 1_000
    assert counts.of("sokuji_session_latency_seconds_sum", output="audio") >= latency_s


async def test_a_file_that_comes_faster_than_speech_has_no_latencies() -> None:
    counts = Counts()
    async with connected_service() as server:
        client = server.connect()
        client.configure(source_language="pt", partials=False)
        client.speak(SPEECH + silence(10_000))
        await finish(client)
    assert counts.of("sokuji_session_sent_audio_seconds_total") > 0
    assert counts.of("sokuji_session_latency_seconds_count") == 0


async def test_speech_that_is_lost_is_counted_by_its_error() -> None:
    counts = Counts()
    async with connected_service(stt=FakeStt(*[ProviderFailed("broken")] * 20)) as server:
        client = server.connect()
        client.configure(source_language="pt", partials=False)
        client.speak(SPEECH)
        await client.until("error")
        await finish(client)
    assert counts.of("sokuji_session_failures_total", code="provider_failed", of="segment") == 1
    assert counts.of("sokuji_session_latency_seconds_count", output="audio") == 0


async def test_a_client_that_leaves_and_comes_back_is_counted_twice_and_its_audio_once() -> None:
    counts = Counts()
    async with connected_service() as server:
        client = server.connect()
        client.configure()
        session_id = (await client.until("ready"))["session_id"]
        client.leave()
        again = server.connect()
        again.configure(session_id=session_id, resume_from_ms=60_000, resume_text="")
        again.speak()
        await finish(again)
    assert counts.of("sokuji_sessions_opened_total") == 2
    assert counts.of("sokuji_sessions_resumed_total") == 1
    assert counts.of("sokuji_sessions_closed_total", close_code="1006") == 1
    assert counts.of("sokuji_session_received_audio_seconds_total") == pytest.approx(1)


async def test_a_connection_that_gets_no_session_is_a_refusal_with_its_reason() -> None:
    counts = Counts()
    async with connected_service(GatewaySettings(limits=Limits(ws_max_connections=1))) as server:
        client = server.connect()
        client.configure()
        await client.until("ready")
        assert (await server.connect().until("close"))["code"] == 1013
        page = exposition(replica_metrics(server.service)).decode()
        await finish(client)
    assert counts.of("sokuji_connections_refused_total", code="overloaded") == 1
    assert total(page, "sokuji_sessions_refused_total", reason="places") == 1
    assert (total(page, "sokuji_sessions"), total(page, "sokuji_provider_up")) == (1, 3)
    assert total(page, "sokuji_provider_circuit_state", state="closed") == 3
