"""The pages as axe-core sees them, with which many tools judge accessibility: no violation, on any screen."""

from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Page, expect

from sokuji.audio.pcm import RECOGNISER_RATE, wav_bytes
from tests.support.browser import CHROMIUM, NO_CHROMIUM, browser
from tests.support.browser.live_page import live_page
from tests.support.speech import noise, sample

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM)
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
SCREENS = ((1_280, 800), (360, 740))
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


async def violations(page: Page) -> list[str]:
    """What axe-core objects to, as lines for a person."""
    await page.evaluate(AXE.read_text("utf-8"))
    found = await page.evaluate("axe.run({ resultTypes: ['violations'] }).then((run) => run.violations)")
    return [f"{each['id']}: {node['html'][:200]}" for each in found for node in each["nodes"]]


async def check_on_all_screens(page: Page) -> None:
    """Check a page as it is now on a desktop and on a phone, in the light and in the dark."""
    for width, height in SCREENS:
        await page.set_viewport_size({"width": width, "height": height})
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        for scheme in SCHEMES:
            # Animations change colours; they are judged at rest.
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert await violations(page) == [], f"{width} pixels, {scheme}"


async def test_the_page_is_accessible_before_and_while_it_translates(address: str, tmp_path: Path) -> None:
    microphone = tmp_path / "microphone.wav"
    speech = noise(800) + sample("pt", "contagem") + noise(8_000)
    microphone.write_bytes(wav_bytes(speech, RECOGNISER_RATE))
    async with live_page(f"http://{address}/", microphone) as live:
        await check_on_all_screens(live.page)
        await live.press("Start talking")
        await live.until_rows(1)
        await live.page.locator("#download summary").click()
        await check_on_all_screens(live.page)


@pytest.mark.parametrize("path", ["overlay?size=1", "listen?session=unknown"])
async def test_the_pages_for_others_are_accessible(address: str, path: str) -> None:
    async with browser() as window:
        page = await window.new_page()
        await page.goto(f"http://{address}/{path}")
        # What they are given is wrong, and they say so.
        await expect(page.locator("p:visible").first).to_be_visible()
        await check_on_all_screens(page)
