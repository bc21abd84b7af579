"""The page of a service that demands keys: it asks for one, shows it, and forgets it with the tab."""

from collections.abc import Iterator

import pytest
from playwright.async_api import expect

from sokuji.access.new_key import make_key
from sokuji.config import AccessSettings, GatewaySettings
from sokuji.config.keys import KeyScope
from tests.support.api_server import serve_api
from tests.support.browser import CHROMIUM, NO_CHROMIUM, browser

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM)]
KEY = make_key("page", {KeyScope.SESSIONS})


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve_api(settings=GatewaySettings(access=AccessSettings(keys=(KEY.key,)))) as running:
        yield running


async def test_the_page_asks_for_a_key_until_one_is_accepted_and_keeps_it_for_its_tab(url: str) -> None:
    async with browser() as window:
        page = await window.new_page()
        await page.goto(url)
        field, talk = (
            page.get_by_label("API key", exact=True),
            page.get_by_role("button", name="Start talking"),
        )
        await expect(page.get_by_role("alert")).to_have_text("This service needs an API key.")
        await expect(field).to_be_focused()
        await expect(talk).to_be_disabled()
        await field.fill("sokuji_00000000_" + "A" * 43)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("The key is not accepted")
        await field.fill(f" {KEY.value} ")
        await page.keyboard.press("Enter")
        await expect(talk).to_be_enabled()
        await expect(field).to_be_hidden()
        await expect(page.locator("#problem")).to_be_hidden()
        # The socket shows it too.
        await talk.click()
        await expect(page.locator("#state-text")).to_have_text("Listening")
        await page.get_by_role("button", name="Stop").click()
        await page.reload()
        await expect(talk).to_be_enabled()
        other = await window.new_page()
        await other.goto(url)
        await expect(other.get_by_role("alert")).to_have_text("This service needs an API key.")
