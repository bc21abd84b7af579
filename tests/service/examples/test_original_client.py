"""Clients of the original Sokuji-Bridge, unchanged: one that speaks its messages, and its own page.

The page is not here: the repository of the original has it as ``examples/web-client.html``. Its test runs
where SOKUJI_BRIDGE_PAGE names a copy of it.
"""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from launcher import dashboard
from sokuji.audio.pcm import RECOGNISER_RATE, wav_bytes
from tests.clients.checks import check_meaning
from tests.service.examples.conftest import PORTUGUESE, Run, check_file
from tests.service.test_draining import serve
from tests.support.browser import CHROMIUM, browser
from tests.support.speech import silence

__all__ = ["serve"]


@pytest.mark.long
async def test_a_client_that_knows_the_first_messages_alone_is_served(
    http: httpx.AsyncClient, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "talk.wav").write_bytes(wav_bytes(PORTUGUESE, RECOGNISER_RATE))
    done = await run("original_client.py", "talk.wav", "--from", "pt", "--to", "en", "--output", "voice.wav")
    said, meant = done.output.strip().splitlines()
    assert "raposa" in said
    check_meaning(meant)
    await check_file(http, meant.removeprefix("    -> "), tmp_path / "voice.wav")


@pytest_asyncio.fixture
async def pages_from_files(serve: httpx.AsyncClient) -> AsyncIterator[None]:
    """The service lets in what a browser opens from a file."""
    await dashboard.change(serve, "Gateway", user_config={"access": {"allowed_origins": ["null"]}})
    yield
    await dashboard.change(serve, "Gateway", user_config={"access": {}})


@pytest.mark.usefixtures("pages_from_files")
async def test_the_page_of_the_original_works_unchanged(address: str, tmp_path: Path) -> None:
    original = os.environ.get("SOKUJI_BRIDGE_PAGE")
    if original is None or CHROMIUM is None:
        pytest.skip("needs SOKUJI_BRIDGE_PAGE, the original's examples/web-client.html, and Chromium")
    microphone = tmp_path / "microphone.wav"
    microphone.write_bytes(wav_bytes(silence(2_000) + PORTUGUESE + silence(1_000), RECOGNISER_RATE))
    async with browser(microphone) as context:
        page = await context.new_page()
        await page.goto(f"file://{original}")
        await page.fill("#apiUrl", f"http://{address}")
        await page.click("#healthCheckBtn")
        await page.get_by_text("Overall Status: Healthy").wait_for()
        await page.get_by_text("WebSocket: Real-time").click()
        await page.select_option("#wsSourceLang", "auto")
        await page.select_option("#wsTargetLang", "en")
        await page.click("#wsConnectBtn")
        await page.wait_for_function("+document.getElementById('wsAudioCount').textContent > 0")
        assert "[Final]" in await page.inner_text("#wsTranscriptionText")
        # Chromium cancels echo and suppresses noise for this page, and words suffer.
        translation = await page.inner_text("#wsTranslationText")
        assert "fox" in translation
        assert "dog" in translation
        await page.click("#wsConnectBtn")
