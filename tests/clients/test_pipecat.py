"""pipecat-ai: recognition over a WebSocket, and speech."""

from pathlib import Path

import httpx
import pytest

from tests.clients.checks import check_pcm, check_words
from tests.clients.conftest import Speech
from tests.clients.program import interpreter, run


@pytest.mark.parametrize("vad", ["local", "server"])
async def test_speech_is_recognised_whoever_ends_the_utterance(
    variables: dict[str, str], english: Speech, vad: str
) -> None:
    printed = await run(interpreter("pipecat"), "pipecat_stt.py", english.wav_16k, vad, variables=variables)
    check_words(english.words, printed["transcript"])


async def test_a_text_is_spoken(
    http: httpx.AsyncClient, variables: dict[str, str], english: Speech, voice: Path
) -> None:
    await run(interpreter("pipecat"), "pipecat_tts.py", english.words, str(voice), variables=variables)
    await check_pcm(http, english.words, voice.read_bytes())
