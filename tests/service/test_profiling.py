"""The profiler on replicas of a real Serve instance, while they answer requests."""

import asyncio
import pstats
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from sokuji.audio.pcm import RECOGNISER_RATE, wav_bytes
from sokuji.providers.stt.whisper.decoding import WhisperDecoder
from tests.service.conftest import ROOT, RunningService
from tests.support.speech import sample

RECOGNISE = WhisperDecoder.search.__qualname__


@pytest_asyncio.fixture(loop_scope="session")
async def _requests(http: httpx.AsyncClient) -> AsyncIterator[None]:
    """Recordings are recognised all the time, two at a time."""

    async def recognise() -> None:
        while True:
            files = {"audio_file": ("ola.wav", wav_bytes(sample("pt", "ola_mundo"), RECOGNISER_RATE))}
            response = await http.post("/api/v1/stt/transcribe", files=files, data={"language": "pt"})
            response.raise_for_status()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(recognise()) for _ in range(2)]
        yield
        for task in tasks:
            task.cancel()


async def profile(service: RunningService, what: str, output: Path) -> None:
    """Run the command on SpeechToText for 3 s."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "launcher.profiling", what, "--replica", "SpeechToText", "--duration", "3"),
        *("--output", str(output), "--dashboard", service.dashboard),
        cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()


@pytest.mark.usefixtures("_requests")
async def test_a_flame_graph_shows_the_recognition_of_a_running_replica(
    service: RunningService, tmp_path: Path
) -> None:
    path = tmp_path / "profile.svg"
    await profile(service, "time", path)
    graph = path.read_text()
    assert "<svg" in graph
    assert RECOGNISE in graph


@pytest.mark.long
@pytest.mark.usefixtures("_requests")
async def test_pstats_reads_the_profile_of_a_running_replica(service: RunningService, tmp_path: Path) -> None:
    path = tmp_path / "profile.pstats"
    await profile(service, "time", path)
    seconds = {name: row[3] for (_, _, name), row in pstats.Stats(str(path)).stats.items()}  # type: ignore[attr-defined]
    assert 0 < seconds[RECOGNISE] <= 3.5


@pytest.mark.usefixtures("_requests")
async def test_the_memory_report_names_lines_of_a_running_replica_and_can_be_had_again(
    service: RunningService, tmp_path: Path
) -> None:
    path = tmp_path / "memory.txt"
    for _ in range(2):
        await profile(service, "memory", path)
        report = path.read_text()
        assert report.startswith("SERVE_REPLICA::sokuji#SpeechToText#")
        assert "resident memory: " in report
        assert f"{ROOT}/sokuji/providers/stt/" in report
