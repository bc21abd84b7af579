"""LibreTranslate's own client, and a subtitle file, on the real service."""

import asyncio

import httpx
from libretranslatepy import LibreTranslateAPI

from tests.service.conftest import RunningService

SUBTITLES = "WEBVTT\n\n00:01.000 --> 00:02.500 line:0\nO livro está <i>na mesa</i>.\n"


async def test_a_text_and_a_subtitle_file_are_translated(service: RunningService) -> None:
    url = f"http://{service.address}"
    client = LibreTranslateAPI(url)
    assert (await asyncio.to_thread(client.translate, "O livro está na mesa.", "auto", "en")).startswith(
        "The book"
    )
    form = {"source": "pt", "target": "en"}
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        sent = await http.post("/translate_file", data=form, files={"file": ("talk.vtt", SUBTITLES)})
        file = (await http.get(sent.raise_for_status().json()["translatedFileUrl"])).raise_for_status()
    header, cue = file.text.split("line:0\n")
    assert header + "line:0\n" == SUBTITLES[: SUBTITLES.index("O livro")]
    assert cue.startswith("The book")
    assert "<i>" in cue
    assert "</i>" in cue
