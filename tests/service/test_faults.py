"""Lost replicas on a real Serve instance: a session hears a delay, not a gap."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from launcher import dashboard
from tests.service.conftest import RunningService
from tests.service.conversation import connect
from tests.support.speech import noise, sample

SENTENCE = ["contagem", "ola_mundo", "pangrama"]
RECOVERY_S = 120


@pytest_asyncio.fixture
async def patient_circuits(service: RunningService) -> AsyncIterator[None]:
    """Circuits open at the first failure, for an hour; at the end they are as they were."""
    async with dashboard.connect(service.dashboard) as serve:
        rules = {"circuit_breaker_threshold": 1, "circuit_breaker_reset_s": 3_600}
        await dashboard.change(serve, "Gateway", user_config={"resilience": rules})
        yield
        await dashboard.change(serve, "Gateway", user_config={"resilience": {}})


@pytest.mark.parametrize("deployment", ["SpeechToText", "Translation", "TextToSpeech"])
async def test_a_stage_replica_that_is_killed_in_mid_call_costs_no_utterance(
    service: RunningService, socket_url: str, deployment: str
) -> None:
    async with connect(socket_url) as client:
        await client.say(
            type="config", source_language="pt", target_language="en", audio_encoding="pcm_binary"
        )
        for number, name in enumerate(SENTENCE):
            await client.speak(sample("pt", name) + noise(900, seed=number))
        await client.until("translation")
        (pid,) = service.replica_pids(deployment)
        os.kill(pid, signal.SIGKILL)
        for name in SENTENCE:
            await client.speak(sample("pt", name) + noise(900))
        await client.say(type="end")
        await client.until("done", timeout_s=100)
        assert client.of("error") == []
        for kind in ("transcription", "translation"):
            assert [frame["segment_id"] for frame in client.of(kind)] == list(range(6))
        spoken = [frame["segment_id"] for frame in client.of("audio") if frame["last"]]
        assert spoken == list(range(6))


@pytest.mark.usefixtures("patient_circuits")
async def test_a_voice_whose_replica_was_killed_speaks_again_when_the_replica_is_back(
    service: RunningService, http: httpx.AsyncClient
) -> None:
    async def speaker() -> str:
        text = {"text": "Good morning.", "language": "en"}
        answer = await http.post("/api/v1/tts/synthesize", json=text)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["provider"])

    assert await speaker() == "piper"
    (pid,) = service.replica_pids("TextToSpeech")
    os.kill(pid, signal.SIGKILL)
    speakers = [await speaker()]
    async with asyncio.timeout(RECOVERY_S):
        while speakers[-1] != "piper":
            speakers.append(await speaker())
            await asyncio.sleep(0.2)
    assert set(speakers) <= {"piper", "kokoro"}
    assert service.replica_pids("TextToSpeech") != [pid]
