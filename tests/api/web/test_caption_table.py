"""How captions are shown, in a real browser: what may change, what is to come, and the newest in view."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, expect

from sokuji.api.web.assets import assets
from tests.support.api_server import serve_api
from tests.support.browser import CHROMIUM, NO_CHROMIUM, browser

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM)]
# A table in the place of the page's own.
TABLE = """async (base) => {
  const { Captions } = await import(`${base}/captions.js`);
  const { CaptionTable } = await import(`${base}/caption-table.js`);
  const at = (id) => document.getElementById(id);
  const elements = { table: at("captions"), head: at("columns") };
  for (const id of ["scroller", "rows", "newest", "empty"]) elements[id] = at(id);
  const captions = new Captions((segment, isGone) => table.update(segment, isGone));
  const table = new CaptionTable(elements, captions, (code) => ({ en: "English", pt: "Portuguese" })[code]);
  captions.begin(["en", "pt"]);
  Object.assign(globalThis, { captions, table });
}"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve_api() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def window() -> AsyncIterator[BrowserContext]:
    async with browser(viewport={"width": 1_100, "height": 600}) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def page(url: str, window: BrowserContext) -> AsyncIterator[Page]:
    page = await window.new_page()
    await page.goto(url)
    # Until then the page's own table is rendered anew, when the languages are known.
    await expect(page.locator("#state-text")).to_have_text("Ready")
    await page.evaluate(TABLE, f"/web/{assets().version}")
    yield page
    await page.close()


async def take(page: Page, **event: Any) -> None:
    """Show what an event of the service says."""
    await page.evaluate("(event) => captions.take(event)", event)


async def hear(page: Page, segment: int, text: str, **more: Any) -> None:
    fields = {"language": "pt", "is_final": True, "stable_chars": len(text), "start_ms": 0, "end_ms": 900}
    await take(page, type="transcription", segment_id=segment, text=text, **(fields | more))


async def translate(page: Page, segment: int, text: str, language: str, *, is_final: bool = True) -> None:
    fields = {"segment_id": segment, "source_language": "pt", "target_language": language, "clause": 0}
    await take(page, type="translation", text=text, is_final=is_final, **fields)


async def test_what_may_change_and_what_is_to_come_are_marked(page: Page) -> None:
    row = page.locator("#rows li")
    await hear(page, 0, "Bom dia, 👋 mundo", is_final=False, stable_chars=10)
    # Characters are Unicode's, not UTF-16's.
    await expect(row.locator(".heard i")).to_have_text(" mundo")
    await expect(row.locator(".waiting")).to_have_count(3)
    await hear(page, 0, "Bom dia, 👋 mundo.")
    await expect(row.locator(".heard i")).to_have_count(0)
    await translate(page, 0, "Good morning,", "en", is_final=False)
    await expect(row.locator(".waiting")).to_have_count(2)
    await translate(page, 0, "world.", "en")
    await translate(page, 0, "Bom dia, 👋 mundo.", "pt")
    await expect(row.locator(".waiting")).to_have_count(0)
    assert await row.locator("p").all_text_contents() == [
        "Portuguese Bom dia, 👋 mundo.",
        "English Good morning, world.",
        "Portuguese Bom dia, 👋 mundo.",
    ]
    assert [await cell.get_attribute("lang") for cell in await row.locator("p").all()] == ["pt", "en", "pt"]
    await expect(row.locator(".same")).to_have_count(1)


async def test_text_is_text_whatever_it_looks_like(page: Page) -> None:
    await hear(page, 0, "<img src=x onerror=alert(1)> & <b>")
    await expect(page.locator("#rows .heard")).to_contain_text("<img src=x onerror=alert(1)> & <b>")
    assert await page.locator("#rows img, #rows b").count() == 0


async def test_a_segment_that_failed_says_so_and_waits_for_nothing(page: Page) -> None:
    await hear(page, 0, "Olá", is_final=False)
    await take(page, type="error", segment_id=0, code="provider_failed", message="it failed", fatal=False)
    await expect(page.locator("#rows li.failed .heard")).to_contain_text("Olá (it failed)")
    await expect(page.locator("#rows .waiting")).to_have_count(0)


async def test_the_newest_stays_in_view_unless_the_reader_has_scrolled_up(page: Page) -> None:
    newest = page.get_by_role("button", name="↓ Newest")
    for segment in range(30):
        await hear(page, segment, f"Frase {segment}")
    await expect(page.locator("#rows li").last).to_be_in_viewport()
    await expect(newest).to_be_hidden()
    await page.locator("#scroller").evaluate("(scroller) => { scroller.scrollTop = 0; }")
    await expect(newest).to_be_visible()
    await hear(page, 30, "Mais uma")
    await expect(page.locator("#rows li").last).not_to_be_in_viewport()
    await newest.click()
    await expect(page.locator("#rows li").last).to_be_in_viewport()
    await expect(page.locator("#scroller")).to_be_focused()
    # Less height, as when a notice appears.
    await page.set_viewport_size({"width": 1_100, "height": 450})
    await expect(page.locator("#rows li").last).to_be_in_viewport()


async def test_the_row_that_is_spoken_is_marked_alone(page: Page) -> None:
    for segment in range(3):
        await hear(page, segment, f"Frase {segment}")
    await page.evaluate("table.mark(captions.withId(1).key)")
    await expect(page.locator("#rows .spoken .heard")).to_contain_text("Frase 1")
    await page.evaluate("table.mark(null)")
    await expect(page.locator("#rows .spoken")).to_have_count(0)
