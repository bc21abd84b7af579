"""Lost replicas on a real Serve instance: a session hears a delay, not a gap."""

import os
import signal

import pytest

from tests.service.conftest import RunningService
from tests.service.conversation import connect
from tests.support.speech import noise, sample

SENTENCE = ["contagem", "ola_mundo", "pangrama"]


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
