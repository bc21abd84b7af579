"""The pages of listeners in Chromium: chosen, read and heard, lost and found again; over fake stages."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, WebSocketRoute, expect

from sokuji import events
from sokuji.access.new_key import make_key
from sokuji.audio.pcm import RECOGNISER_RATE, wav_bytes
from sokuji.client import Config, TranslationClient, connect
from sokuji.config import AccessSettings, GatewaySettings
from sokuji.config.broadcast import BroadcastSettings
from sokuji.config.keys import KeyScope
from tests.support.browser import CHROMIUM, NO_CHROMIUM, browser
from tests.support.browser.live_page import live_page
from tests.support.openai_api import openai_api
from tests.support.speech import noise, sample, silence

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM)]
KEY = make_key("all", KeyScope)
PATIENCE_MS = 20_000


class Stage:
    """A speaker of Portuguese to English, and browsers that listen."""

    def __init__(self, url: str, speaker: TranslationClient, window: BrowserContext) -> None:
        self.speaker = speaker
        self.faults: list[str] = []
        self._url = url
        self._window = window
        self._reading = asyncio.create_task(self._read())
        self.listeners = 0

    def link(self, page: str, query: str = "") -> str:
        """The address of a page of the broadcast."""
        return f"{self._url}/{page}?session={self.speaker.ready.broadcast}{query}"

    async def open(self, address: str) -> Page:
        """A window of its own, whose scripts must not fail."""
        page = await self._window.new_page()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        await page.add_init_script(
            "globalThis.played = 0; const { start } = AudioBufferSourceNode.prototype;"
            "AudioBufferSourceNode.prototype.start = function (...when) {"
            " played += this.buffer.duration; return start.apply(this, when); };"
        )
        await page.goto(address)
        return page

    async def until_attended(self, listeners: int) -> None:
        """Wait until the speaker knows of so many."""
        async with asyncio.timeout(20):
            while self.listeners != listeners:
                await asyncio.sleep(0.02)

    async def say(self) -> None:
        """Speak an utterance."""
        await self.speaker.send(sample("pt", "ola_mundo") + silence(1_000))

    async def _read(self) -> None:
        async for event in self.speaker:
            if isinstance(event, events.Attendance):
                self.listeners = event.listeners

    async def aclose(self) -> None:
        """Leave."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)


@asynccontextmanager
async def stage(
    settings: GatewaySettings | None = None, key: str = "", **context: Any
) -> AsyncIterator[Stage]:
    config = Config(source_language="pt", target_language="en", broadcast=True)
    async with openai_api(settings=settings) as base_url, browser(None, **context) as window:
        url = base_url.removesuffix("/v1")
        async with connect(url, config, api_key=key) as speaker:
            found = Stage(url, speaker, window)
            yield found
            await found.aclose()
            assert found.faults == []


async def test_a_listener_chooses_a_language_reads_and_hears_it() -> None:
    async with stage(locale="en-GB") as now:
        page = await now.open(now.link("listen"))
        await expect(page.locator("#state-text")).to_have_text("Live")
        await expect(page.get_by_label("Language")).to_have_value("en")
        await now.until_attended(1)
        await now.say()
        await expect(page.locator("#rows .said")).to_have_text("English en: utterance 1", timeout=PATIENCE_MS)
        await expect(page.locator("#rows .heard")).to_have_text("Portuguese utterance 1")
        assert await page.evaluate("played") == 0
        await page.get_by_role("button", name="Hear the voice").focus()
        await page.keyboard.press("Space")
        await expect(page.get_by_role("button", name="Hear the voice", pressed=True)).to_be_focused()
        # What was said before is still there to be read.
        await expect(page.locator("#rows li")).to_have_count(1)
        await expect(page.locator("#state-text")).to_have_text("Live")
        await now.say()
        await expect(page.locator("#rows li")).to_have_count(2, timeout=PATIENCE_MS)
        # Not ``wait_for_function``, which the policy of the page lets evaluate nothing.
        async with asyncio.timeout(20):
            while await page.evaluate("played") < 0.19:
                await asyncio.sleep(0.05)
        await page.get_by_label("Language").select_option("pt")
        await expect(page.locator("#columns")).to_have_text("HeardPortuguese")
        await now.say()
        await expect(page.locator("#rows .said").last).to_have_text("Portuguese utterance 3")
        await now.speaker.end()
        await expect(page.locator("#state-text")).to_have_text("Over")
        await expect(page.get_by_role("alert")).to_have_count(0)


async def test_a_connection_that_is_lost_comes_back_without_saying_anything_twice() -> None:
    async with stage(locale="en-GB") as now:
        page = await now.open("about:blank")
        connections = list[WebSocketRoute]()

        def pass_on(socket: WebSocketRoute) -> None:
            connections.append(socket)
            socket.connect_to_server()

        await page.route_web_socket("**/api/v1/ws/listen", pass_on)
        await page.goto(now.link("listen"))
        await now.until_attended(1)
        await now.say()
        await expect(page.locator("#rows li")).to_have_count(1, timeout=PATIENCE_MS)
        await connections[0].close(code=1012, reason="the replica restarts")
        await expect(page.locator("#state-text")).to_have_text("Live")
        await now.say()
        await expect(page.locator("#rows li")).to_have_count(2, timeout=PATIENCE_MS)
        texts = await page.locator("#rows .said").all_inner_texts()
        assert [text.split()[-1] for text in texts] == ["1", "2"]
        assert len(connections) == 2


async def test_an_overlay_shows_a_broadcast_in_any_browser() -> None:
    async with stage(locale="en-GB") as now:
        both = await now.open(now.link("overlay", "&show=source,en,pt"))
        usual = await now.open(now.link("overlay"))
        await now.until_attended(3)
        await now.say()
        await expect(usual.locator("p")).to_have_text(["en: utterance 1"], timeout=PATIENCE_MS)
        await expect(both.locator("p")).to_have_text(["utterance 1", "en: utterance 1", "utterance 1"])
        unknown = await now.open(now.link("overlay").replace("session=", "session=x")[:-1])
        await expect(unknown.locator("p")).to_contain_text("there is no such broadcast")


async def test_a_key_is_asked_for_where_listeners_need_one_and_a_link_must_be_whole() -> None:
    settings = GatewaySettings(
        access=AccessSettings(keys=(KEY.key,)), broadcast=BroadcastSettings(listeners_need_key=True)
    )
    async with stage(settings, KEY.value, locale="en-GB") as now:
        page = await now.open(now.link("listen"))
        await page.get_by_label("API key").fill(KEY.value)
        await page.keyboard.press("Enter")
        await expect(page.locator("#state-text")).to_have_text("Live")
        part = await now.open(now.link("listen")[:-1])
        await expect(part.get_by_role("alert")).to_contain_text("incomplete")
        assert json.loads(await part.evaluate("JSON.stringify(sessionStorage)")) == {}


async def test_a_speaker_lets_others_listen_and_sees_how_many_do(tmp_path: Path) -> None:
    microphone = tmp_path / "microphone.wav"
    said = noise(800) + sample("pt", "ola_mundo") + noise(4_000) + sample("pt", "ola_mundo") + noise(20_000)
    microphone.write_bytes(wav_bytes(said, RECOGNISER_RATE))
    async with openai_api() as base_url, live_page(base_url.removesuffix("v1"), microphone) as speaker:
        await speaker.page.get_by_label("Let others listen").check()
        await speaker.press("Start talking")
        link = speaker.page.get_by_label("Whoever has this link can listen:")
        await expect(link).to_be_visible()
        listener = await speaker.page.context.new_page()
        await listener.goto(await link.input_value())
        await expect(listener.locator("#state-text")).to_have_text("Live")
        await expect(speaker.page.locator("#attendance")).to_contain_text(
            "One person listens in", timeout=PATIENCE_MS
        )
        await speaker.until_rows(2)
        await expect(listener.locator("#rows li")).to_have_count(2, timeout=PATIENCE_MS)
        overlay = await listener.context.new_page()
        await overlay.goto(str(await speaker.page.locator("#overlay-link").get_attribute("href")))
        await listener.close()
        await expect(speaker.page.locator("#attendance")).to_contain_text("One person listens in")
        await speaker.press("Stop")
        await speaker.until_state("Ready")
