"""@openai/agents: a RealtimeSession over a WebSocket, and over WebRTC."""

from pathlib import Path

import httpx

from tests.clients.checks import check_meaning, check_pcm, check_response
from tests.clients.conftest import Speech
from tests.clients.program import Printed, run


def check_turn(printed: Printed) -> None:
    """The first turn is heard, and then answered, in the documented order."""
    events = printed.events()
    assert events[:2] == ["session.created", "session.updated"]
    assert [name for name in events if name.startswith("input_audio_buffer.")] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
    ]
    check_response(events)


async def test_a_session_translates_what_is_said_and_what_is_written_and_keeps_its_history(
    http: httpx.AsyncClient, variables: dict[str, str], portuguese: Speech, voice: Path
) -> None:
    files = (portuguese.wav_24k, str(voice))
    printed = await run("node", "agents_realtime.mjs", *files, variables=variables)
    check_meaning(printed["translation"])
    assert "raposa" in printed["transcript"]
    assert "cat" in printed["written"].lower()
    check_turn(printed)
    await check_pcm(http, printed["translation"], voice.read_bytes())


async def test_a_call_with_a_client_secret_translates_what_is_said(
    http: httpx.AsyncClient, variables: dict[str, str], portuguese: Speech, voice: Path
) -> None:
    files = (portuguese.wav_24k, str(voice))
    printed = await run("node", "agents_webrtc.mjs", *files, variables=variables)
    check_meaning(printed["translation"])
    assert "raposa" in printed["transcript"]
    check_turn(printed)
    assert printed.events()[-1] == "output_audio_buffer.stopped"
    await check_pcm(http, printed["translation"], voice.read_bytes(), rate=48_000)
