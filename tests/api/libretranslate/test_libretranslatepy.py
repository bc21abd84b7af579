"""The Python client of LibreTranslate's own project, unchanged, against the door over a socket."""

import asyncio

from libretranslatepy import LibreTranslateAPI

from tests.support.openai_api import openai_api


async def test_the_client_translates_detects_and_lists_languages() -> None:
    async with openai_api() as url:
        client = LibreTranslateAPI(url.removesuffix("v1"), api_key="any")
        translated = await asyncio.to_thread(client.translate, "Bom dia.", "pt", "en")
        detected = await asyncio.to_thread(client.detect, "Olá, como você está hoje?")
        languages = await asyncio.to_thread(client.languages)
    assert translated == "en: Bom dia."
    assert detected[0]["language"] == "pt"
    assert {each["code"] for each in languages} == {"en", "pt"}
