"""openai for Python: the recipes. The library's types and helpers have their tests in tests/api/openai."""

import json
import sys
from pathlib import Path

import httpx

from tests.clients.checks import check_meaning, check_pcm, check_voice, check_words
from tests.clients.conftest import Speech
from tests.clients.program import run


async def test_the_audio_resources_transcribe_and_speak(
    http: httpx.AsyncClient, variables: dict[str, str], english: Speech, voice: Path
) -> None:
    printed = await run(sys.executable, "openai_audio.py", english.wav_16k, str(voice), variables=variables)
    check_words(english.words, printed["transcript"])
    assert "00:00:00,000 --> 00:00:0" in json.loads(printed["subtitles"])
    await check_voice(http, english.words, voice.read_bytes())


async def test_live_translation_ends_with_session_closed(
    http: httpx.AsyncClient, variables: dict[str, str], portuguese: Speech, voice: Path
) -> None:
    files = (portuguese.wav_24k, str(voice))
    printed = await run(sys.executable, "openai_translation.py", *files, variables=variables)
    check_meaning(printed["translation"])
    await check_pcm(http, printed["translation"], voice.read_bytes())
    events = printed.events()
    assert events[:2] == ["session.created", "session.updated"]
    assert events[-1] == "session.closed"
