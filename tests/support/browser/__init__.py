"""Headless Chromium, whose microphone is a file: pages that are driven as by a user, and calls."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, async_playwright

CHROMIUM = shutil.which("chromium")
NO_CHROMIUM = "Chromium is not installed: apt install chromium"


def options(microphone: Path | None) -> list[str]:
    """Of Chromium's command line: whoever asks for a microphone gets one, which plays the file once."""
    fake = [] if microphone is None else [f"--use-file-for-fake-audio-capture={microphone}%noloop"]
    return [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--autoplay-policy=no-user-gesture-required",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        *fake,
    ]


@asynccontextmanager
async def browser(microphone: Path | None = None, **context: Any) -> AsyncIterator[BrowserContext]:
    """A browser without a past.

    Args:
        microphone: a WAV file, which is said once, as soon as a page listens.
        context: of ``Browser.new_context``, such as ``locale`` or ``viewport``.
    """
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=options(microphone))
        try:
            yield await chromium.new_context(**context)
        finally:
            await chromium.close()
