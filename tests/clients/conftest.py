"""One real service for all clients, the recordings they send, and the files they write."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from sokuji.audio.pcm import RECOGNISER_RATE, wav_bytes
from sokuji.audio.resampling import resample
from tests.clients.checks import VOICE_RATE
from tests.clients.tls import certificate, tls_forwarder
from tests.service.conftest import address, free_port, http, service
from tests.support.speech import reference, sample, silence

__all__ = ["address", "free_port", "http", "service"]


@dataclass(frozen=True)
class Speech:
    """A recording, as WAV files that end with two seconds of silence."""

    words: str
    wav_16k: str
    wav_24k: str


def _speech(folder: Path, language: str, name: str) -> Speech:
    pcm = sample(language, name) + silence(2_000)
    files = []
    for rate in (RECOGNISER_RATE, VOICE_RATE):
        file = folder / f"{language}-{rate}.wav"
        file.write_bytes(wav_bytes(resample(pcm, RECOGNISER_RATE, rate), rate))
        files.append(str(file))
    return Speech(reference(language, name), *files)


@pytest.fixture(scope="package")
def english(tmp_path_factory: pytest.TempPathFactory) -> Speech:
    """An English sentence."""
    return _speech(tmp_path_factory.mktemp("speech"), "en", "quick_brown_fox")


@pytest.fixture(scope="package")
def portuguese(tmp_path_factory: pytest.TempPathFactory) -> Speech:
    """The same sentence in Portuguese."""
    return _speech(tmp_path_factory.mktemp("speech"), "pt", "pangrama")


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    """The file that a client writes the voice to."""
    return tmp_path / "voice"


@pytest.fixture(scope="package")
def variables(address: str) -> dict[str, str]:
    """What a client of OpenAI's is told by its environment."""
    return {"OPENAI_BASE_URL": f"http://{address}/v1", "OPENAI_API_KEY": "any"}


@pytest_asyncio.fixture(loop_scope="session", scope="package")
async def tls_variables(
    address: str, variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, str]]:
    """The same, for a client that connects by TLS alone."""
    pem, key = certificate(tmp_path_factory.mktemp("tls"))
    async with tls_forwarder(pem, key, int(address.split(":")[1])) as forwarder:
        yield {**variables, "OPENAI_BASE_URL": f"https://{forwarder}/v1", "NODE_EXTRA_CA_CERTS": str(pem)}
