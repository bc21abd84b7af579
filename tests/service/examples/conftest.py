"""The programs of ``examples/``, run as their users run them against the service of all these tests."""

import asyncio
import sys
import wave
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from sokuji.audio.pcm import RECOGNISER_RATE, wav_bytes
from tests.clients.checks import check_pcm
from tests.support.programs import Finished, finished
from tests.support.speech import reference, sample, silence

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples"
# The examples have the project installed; the tests have it beside them.
PROJECT = {"PYTHONPATH": str(ROOT)}
PORTUGUESE, ENGLISH = sample("pt", "pangrama"), sample("en", "quick_brown_fox")
"""The same sentence."""
SENTENCE = {"pt": reference("pt", "pangrama"), "en": reference("en", "quick_brown_fox")}

Run = Callable[..., Awaitable[Finished]]


@pytest.fixture
def run(address: str, tmp_path: Path) -> Run:
    """Runs a Python example in a folder of the test, against the service, to its end; fails if that fails."""

    async def run(name: str, *arguments: str, given: bytes = b"", **variables: str) -> Finished:
        command = (sys.executable, str(EXAMPLES / name), *arguments, "--url", f"http://{address}")
        done = await finished(*command, cwd=tmp_path, variables=PROJECT | variables, given=given)
        assert (done.code, done.complaints) == (0, ""), done
        return done

    return run


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A Portuguese sentence as a WAV file."""
    path = tmp_path / "talk.wav"
    path.write_bytes(wav_bytes(PORTUGUESE + silence(1_500), RECOGNISER_RATE))
    return path


@pytest.fixture
def dialogue() -> bytes:
    """A Portuguese sentence, and an English one, as 16 kHz PCM."""
    return silence(1_200).join([b"", PORTUGUESE, ENGLISH, b""])


async def check_file(http: httpx.AsyncClient, text: str, path: Path) -> None:
    """A WAV file says an English text."""
    with wave.open(str(path)) as file:
        await check_pcm(http, text, file.readframes(file.getnframes()), rate=file.getframerate())


async def until(met: Callable[[], object], within_s: float = 60) -> None:
    """Wait until a condition is met."""
    async with asyncio.timeout(within_s):
        while not met():
            await asyncio.sleep(0.05)
