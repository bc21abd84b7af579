"""wyoming-openai: what Home Assistant sends it is recognised and spoken by the service."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.clients.checks import check_voice, check_words
from tests.clients.conftest import Speech, free_port
from tests.clients.program import RECIPES, interpreter, run, server


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def wyoming(variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of wyoming-openai, set up by the recipe."""
    port = free_port()
    lines = (RECIPES / "wyoming.env").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    settings |= {
        "WYOMING_URI": f"tcp://127.0.0.1:{port}",
        "STT_OPENAI_URL": variables["OPENAI_BASE_URL"],
        "TTS_OPENAI_URL": variables["OPENAI_BASE_URL"],
    }
    log = tmp_path_factory.mktemp("wyoming") / "log"
    command = (interpreter("wyoming"), "-m", "wyoming_openai")
    async with server(*command, variables=settings, port=port, log=log):
        yield settings["WYOMING_URI"]


@pytest.mark.parametrize("model", ["whisper-1", "gpt-4o-transcribe", "gpt-realtime-whisper"])
async def test_speech_is_recognised_and_its_words_are_spoken(
    http: httpx.AsyncClient, wyoming: str, english: Speech, voice: Path, model: str
) -> None:
    command = (interpreter("wyoming"), "wyoming_client.py", wyoming, model, english.wav_16k, str(voice))
    printed = await run(*command, variables={})
    check_words(english.words, printed["transcript"])
    await check_voice(http, english.words, voice.read_bytes())
