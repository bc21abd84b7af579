"""Settings that change while somebody talks, on a real Serve instance: no word is lost by it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from launcher import dashboard
from sokuji import models
from tests.service.conftest import RunningService
from tests.service.conversation import Client, connect
from tests.support.speech import noise, sample

CONFIG: dict[str, Any] = {
    "type": "config", "source_language": "pt", "target_language": "en", "commit": "utterance",
}  # fmt: skip
SENTENCE = sample("pt", "ola_mundo")
PAUSE = noise(1_000)
STT = "SpeechToText"


@pytest_asyncio.fixture
async def serve(service: RunningService) -> AsyncIterator[httpx.AsyncClient]:
    """Serve's REST API; at the end recognition is as it was."""
    async with dashboard.connect(service.dashboard) as client:
        yield client
        await dashboard.change(client, STT, user_config={"beam_size": 1, "model_size": "base"})


@pytest.fixture
def other_model(tmp_path: Path) -> Path:
    """The same model under another name."""
    folder = tmp_path / "other-whisper"
    folder.mkdir()
    for file in models.locate("whisper", "base").iterdir():
        (folder / file.name).symlink_to(file)
    return folder


async def talk(client: Client, over: asyncio.Event) -> int:
    """Say one sentence after the other in real time until ``over``; returns how many."""
    said = 0
    while not over.is_set():
        await client.speak(SENTENCE + PAUSE, speed=1)
        said += 1
    await client.say(type="end")
    return said


async def test_options_change_at_once_and_models_are_swapped_without_a_word_being_lost(
    service: RunningService,
    serve: httpx.AsyncClient,
    http: httpx.AsyncClient,
    socket_url: str,
    other_model: Path,
) -> None:
    async def model() -> str:
        info = (await http.get("/api/v1/info")).json()
        return str(info["providers"]["stt"][0]["model"])

    replicas = service.replica_pids(STT)
    over = asyncio.Event()
    async with connect(socket_url) as client:
        await client.say(**CONFIG)
        talking = asyncio.create_task(talk(client, over))
        await client.until("speech")
        await dashboard.change(serve, STT, user_config={"beam_size": 3})
        before = await model()
        await dashboard.change(serve, STT, user_config={"model_size": str(other_model)})
        async with asyncio.timeout(30):
            while await model() == before:
                await asyncio.sleep(0.2)
        over.set()
        said = await talking
        await client.until("done")
        assert await client.closed() == 1000
    assert await model() == other_model.name
    assert service.replica_pids(STT) == replicas
    assert len([frame for frame in client.of("transcription") if frame["is_final"]]) == said
    assert len(client.of("translation")) == said
    assert client.of("error") == []
