"""livekit-plugins-openai: recognition, streamed and not, and speech."""

from pathlib import Path

import httpx
import pytest

from tests.clients.checks import check_voice, check_words
from tests.clients.conftest import Speech
from tests.clients.program import interpreter, run


@pytest.mark.parametrize("model", ["gpt-4o-mini-transcribe", "gpt-live-transcribe"])
async def test_speech_is_recognised_while_it_comes_in(
    variables: dict[str, str], english: Speech, model: str
) -> None:
    # gpt-live-transcribe: the plugin ends the utterances, by its own voice activity detection.
    printed = await run(interpreter("livekit"), "livekit_stt.py", english.wav_24k, model, variables=variables)
    check_words(english.words, printed["transcript"])
    assert "start_of_speech" in printed.events()


async def test_a_recording_is_recognised_and_its_words_are_spoken(
    http: httpx.AsyncClient, variables: dict[str, str], english: Speech, voice: Path
) -> None:
    command = (interpreter("livekit"), "livekit_tts.py", english.wav_16k, str(voice))
    printed = await run(*command, variables=variables)
    check_words(english.words, printed["transcript"])
    await check_voice(http, english.words, voice.read_bytes())
