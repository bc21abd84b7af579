"""livekit-plugins-openai: recognition, streamed and not, speech, and the agent of the examples."""

from pathlib import Path

import httpx
import pytest

from sokuji.audio.pcm import RECOGNISER_RATE, wav_bytes
from sokuji.audio.resampling import resample
from tests.clients.checks import check_meaning, check_voice, check_words
from tests.clients.conftest import Speech
from tests.clients.program import ROOT, interpreter, run
from tests.support.speech import sample

AGENT = ROOT / "examples" / "livekit_agent.py"
CONSOLE = Path(__file__).with_name("livekit_console.py")
CONSOLE_RATE = 48_000


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


async def test_the_agent_of_the_examples_says_in_english_what_it_hears(
    http: httpx.AsyncClient, variables: dict[str, str], voice: Path, tmp_path: Path
) -> None:
    recording = tmp_path / "talk.wav"
    pcm = resample(sample("pt", "pangrama"), RECOGNISER_RATE, CONSOLE_RATE)
    recording.write_bytes(wav_bytes(pcm, CONSOLE_RATE))
    python = interpreter("livekit")
    agent = (python, "-m", "livekit.agents", "console", str(AGENT), "--connect-addr")
    printed = await run(python, str(CONSOLE), str(recording), str(voice), *agent, variables=variables)
    assert "raposa" in printed["user"]
    check_meaning(printed["assistant"])
    await check_voice(http, printed["assistant"], voice.read_bytes())
