"""LiteLLM's proxy in front: clients are pointed at it, and it is pointed at the service."""

import secrets
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.clients.checks import check_meaning, check_pcm, check_voice, check_words
from tests.clients.conftest import Speech, free_port
from tests.clients.program import interpreter, run, server


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def proxy(
    variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, str]]:
    """What a client of the proxy is told by its environment; the base URL is without /v1."""
    port, key = free_port(), f"sk-{secrets.token_hex(16)}"
    settings = {
        "OPENAI_API_BASE": variables["OPENAI_BASE_URL"],
        "OPENAI_API_KEY": variables["OPENAI_API_KEY"],
        "LITELLM_MASTER_KEY": key,
    }
    litellm = str(Path(interpreter("litellm")).with_name("litellm"))
    command = (litellm, "--config", "litellm.yaml", "--host", "127.0.0.1", "--port", str(port))
    log = tmp_path_factory.mktemp("litellm") / "log"
    async with server(*command, variables=settings, port=port, log=log):
        yield {"OPENAI_BASE_URL": f"http://127.0.0.1:{port}", "OPENAI_API_KEY": key}


def at(proxy: dict[str, str], path: str) -> dict[str, str]:
    """The proxy at one of its base URLs."""
    return {**proxy, "OPENAI_BASE_URL": f"{proxy['OPENAI_BASE_URL']}{path}"}


async def test_the_audio_routes_transcribe_and_speak(
    http: httpx.AsyncClient, proxy: dict[str, str], english: Speech, voice: Path
) -> None:
    command = (sys.executable, "openai_audio.py", english.wav_16k, str(voice))
    printed = await run(*command, variables=at(proxy, "/v1"))
    check_words(english.words, printed["transcript"])
    await check_voice(http, english.words, voice.read_bytes())


async def test_live_translation_passes_through(
    http: httpx.AsyncClient, proxy: dict[str, str], portuguese: Speech, voice: Path
) -> None:
    command = (sys.executable, "openai_translation.py", portuguese.wav_24k, str(voice))
    printed = await run(*command, variables=at(proxy, "/openai"))
    check_meaning(printed["translation"])
    await check_pcm(http, printed["translation"], voice.read_bytes())
    assert printed.events()[-1] == "session.closed"


async def test_a_realtime_session_passes_through(
    http: httpx.AsyncClient, proxy: dict[str, str], portuguese: Speech, voice: Path
) -> None:
    command = ("node", "agents_realtime.mjs", portuguese.wav_24k, str(voice))
    printed = await run(*command, variables=at(proxy, "/v1"))
    check_meaning(printed["translation"])
    await check_pcm(http, printed["translation"], voice.read_bytes())
