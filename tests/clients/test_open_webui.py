"""Requests as Open WebUI 0.12.4 sends them (backend/open_webui/routers/audio, read on 2026-11-29)."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import httpx
import pytest_asyncio

from tests.clients.checks import check_voice, check_words
from tests.clients.conftest import Speech
from tests.clients.program import RECIPES

LINES = (RECIPES / "open_webui.env").read_text().splitlines()
SETTINGS = dict(line.split("=", 1) for line in LINES if not line.startswith("#"))
KEY = {"Authorization": f"Bearer {SETTINGS['AUDIO_STT_OPENAI_API_KEY']}"}


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Its HTTP client."""
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        yield session


async def test_a_form_without_a_length_whose_file_comes_last_is_transcribed(
    session: aiohttp.ClientSession, variables: dict[str, str], english: Speech
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield Path(english.wav_16k).read_bytes()

    form = aiohttp.FormData()
    form.add_field("model", SETTINGS["AUDIO_STT_MODEL"])
    form.add_field("file", chunks(), filename="recording.wav")
    url = f"{variables['OPENAI_BASE_URL']}/audio/transcriptions"
    async with session.post(url, headers=KEY, data=form) as answer:
        assert answer.request_info.headers["Transfer-Encoding"] == "chunked"
        check_words(english.words, (await answer.json())["text"])


async def test_a_message_is_read_aloud_as_mp3(
    http: httpx.AsyncClient, session: aiohttp.ClientSession, variables: dict[str, str], english: Speech
) -> None:
    body = {
        "input": english.words,
        "model": SETTINGS["AUDIO_TTS_MODEL"],
        "voice": SETTINGS["AUDIO_TTS_VOICE"],
    }
    async with session.post(f"{variables['OPENAI_BASE_URL']}/audio/speech", headers=KEY, json=body) as answer:
        assert answer.headers["Content-Type"] == "audio/mpeg"
        await check_voice(http, english.words, await answer.read())


async def test_models_and_voices_are_listed_for_its_settings(
    session: aiohttp.ClientSession, variables: dict[str, str]
) -> None:
    async with session.get(f"{variables['OPENAI_BASE_URL']}/audio/models") as answer:
        models = {model["id"] for model in (await answer.json())["models"]}
    async with session.get(f"{variables['OPENAI_BASE_URL']}/audio/voices") as answer:
        voices = {voice["id"]: voice["name"] for voice in (await answer.json())["voices"]}
    assert SETTINGS["AUDIO_TTS_MODEL"] in models
    assert SETTINGS["AUDIO_TTS_VOICE"] in voices
