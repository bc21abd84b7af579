"""The service's own page, used as by a person: by the names of its buttons, and by what it shows."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
from playwright.async_api import BrowserContext, Page, expect

from sokuji.audio.pcm import wav_bytes
from tests.support.browser import browser

# Keeps what the page plays, as it plays it.
_RECORDER = """
globalThis.played = [];
const { start } = AudioBufferSourceNode.prototype;
AudioBufferSourceNode.prototype.start = function (...when) {
  const bytes = new Uint8Array(this.buffer.getChannelData(0).slice().buffer);
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  played.push([this.buffer.sampleRate, btoa(text)]);
  return start.apply(this, when);
};
"""
PATIENCE_MS = 30_000


class LivePage:
    """A page that has connected to the service."""

    def __init__(self, page: Page, faults: list[str]) -> None:
        self.page = page
        self.faults = faults
        """What went wrong in its scripts, and what its policy has blocked."""

    async def press(self, button: str) -> None:
        """Use a button by the keyboard."""
        await self.page.get_by_role("button", name=button, exact=True).focus()
        await self.page.keyboard.press("Space")

    async def until_state(self, state: str) -> None:
        """Wait until the header says this."""
        await expect(self.page.locator("#state-text")).to_have_text(state, timeout=PATIENCE_MS)

    async def until_rows(self, count: int) -> None:
        """Wait until so many segments are shown, with nothing to come."""
        await expect(self.page.locator("#rows li")).to_have_count(count, timeout=PATIENCE_MS)
        await expect(self.page.locator("#rows .waiting")).to_have_count(0, timeout=PATIENCE_MS)

    async def rows(self) -> list[list[str]]:
        """The captions: a list for each segment, with a text for each column."""
        texts: list[list[str]] = await self.page.locator("#rows li").evaluate_all(
            "(rows) => rows.map((row) => [...row.children].map((cell) => "
            "[...cell.childNodes].slice(1).map((node) => node.textContent).join('')))"
        )
        return texts

    async def columns(self) -> list[str]:
        """The titles of the columns."""
        return await self.page.locator("#columns span").all_inner_texts()

    async def focused(self) -> str:
        """The text of the element that has the focus."""
        text: str = await self.page.evaluate("document.activeElement.textContent")
        return text

    async def problem(self) -> str:
        """What the page complains about."""
        return await self.page.locator("#problem").inner_text()

    async def voice(self) -> bytes:
        """All that it has played, as a WAV file."""
        chunks = await self.page.evaluate("played")
        samples = [np.frombuffer(base64.b64decode(data), "<f4") for _, data in chunks]
        pcm = (np.concatenate(samples) * 32_767).astype("<i2").tobytes()
        return wav_bytes(pcm, int(chunks[0][0]))

    async def download(self, column: str, format_name: str) -> str:
        """The transcript that the menu saves."""
        menu = self.page.locator("#download")
        if await menu.get_attribute("open") is None:
            await menu.locator("summary").click()
        await menu.get_by_label("Text of").select_option(label=column)
        async with self.page.expect_download() as event:
            await menu.get_by_role("button", name=format_name, exact=True).click()
        saved = await (await event.value).path()
        return await asyncio.to_thread(saved.read_text, "utf-8")


async def opened(context: BrowserContext, url: str) -> LivePage:
    """The page in a window of its own, once it is ready."""
    page, faults = await context.new_page(), list[str]()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    await page.add_init_script(_RECORDER)
    await page.goto(url)
    await expect(page.locator("#talk")).to_be_enabled()
    return LivePage(page, faults)


@asynccontextmanager
async def live_page(url: str, microphone: Path | None = None, **context: Any) -> AsyncIterator[LivePage]:
    """A browser with one page, whose scripts must not fail.

    Args:
        context: of ``Browser.new_context``; the browser's language is Portuguese unless it says otherwise.
    """
    async with browser(microphone, **{"locale": "pt-BR", **context}) as window:
        page = await opened(window, url)
        yield page
        assert page.faults == []
