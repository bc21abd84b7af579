"""@openai/agents: a RealtimeSession over a WebSocket."""

from pathlib import Path

import httpx

from tests.clients.checks import check_meaning, check_pcm, check_response
from tests.clients.conftest import Speech
from tests.clients.program import run


async def test_a_session_translates_what_is_said_and_what_is_written_and_keeps_its_history(
    http: httpx.AsyncClient, variables: dict[str, str], portuguese: Speech, voice: Path
) -> None:
    files = (portuguese.wav_24k, str(voice))
    printed = await run("node", "agents_realtime.mjs", *files, variables=variables)
    check_meaning(printed["translation"])
    assert "raposa" in printed["transcript"]
    assert "cat" in printed["written"].lower()
    await check_pcm(http, printed["translation"], voice.read_bytes())
    events = printed.events()
    assert events[:5] == [
        "session.created",
        "session.updated",
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
    ]
    check_response(events)
