"""openai-realtime-api: the beta dialect, with headers and with the subprotocols of browsers."""

from pathlib import Path

import httpx
import pytest

from tests.clients.checks import check_meaning, check_pcm, check_response
from tests.clients.conftest import Speech
from tests.clients.program import run


@pytest.mark.parametrize("web_socket", ["--experimental-websocket", "--no-experimental-websocket"])
async def test_a_turn_is_translated_in_the_events_of_the_beta(
    http: httpx.AsyncClient, variables: dict[str, str], portuguese: Speech, voice: Path, web_socket: str
) -> None:
    # With a WebSocket of its own, Node is taken for a browser, which cannot send headers.
    files = (portuguese.wav_24k, str(voice))
    printed = await run("node", web_socket, "realtime_api_beta.mjs", *files, variables=variables)
    check_meaning(printed["translation"])
    assert "raposa" in printed["transcript"]
    await check_pcm(http, printed["translation"], voice.read_bytes())
    events = printed.events()
    assert events[:2] == ["session.created", "session.updated"]
    assert events[2:4] == ["input_audio_buffer.committed", "conversation.item.created"]
    check_response(events, beta=True)
