"""A replica that is replaced for another model, on a real Serve instance: with a surge there is no gap."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from launcher import dashboard
from sokuji import models
from sokuji.audio.pcm import RECOGNISER_RATE, wav_bytes
from tests.service.conftest import RunningService
from tests.support.speech import sample

STT = "SpeechToText"
NO_SURGE = {"max_surge_percent": 0, "ray_actor_options": {"num_cpus": 1}}

# Two replicas start one after the other.
pytestmark = pytest.mark.timeout(240)


@pytest_asyncio.fixture
async def serve(service: RunningService) -> AsyncIterator[httpx.AsyncClient]:
    """Serve's REST API; at the end recognition is as it was."""
    async with dashboard.connect(service.dashboard) as client:
        yield client
        await dashboard.change(client, STT, **NO_SURGE)


async def replicas_during(client: httpx.AsyncClient, change: Awaitable[None]) -> list[set[str]]:
    """The replicas of SpeechToText that served, every tenth of a second until ``change`` was complete."""
    seen = []
    changing = asyncio.ensure_future(change)
    while not changing.done():
        seen.append({each.name for each in await dashboard.replicas(client) if each.deployment == STT})
        await asyncio.sleep(0.1)
    await changing
    return seen


async def model(http: httpx.AsyncClient) -> str:
    """The model that recognises, as the service reports it."""
    info = (await http.get("/api/v1/info")).json()
    return str(info["providers"]["stt"][0]["model"])


async def test_a_new_model_starts_before_the_old_replica_stops_if_a_surge_is_allowed_and_after_it_if_not(
    serve: httpx.AsyncClient, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    other = tmp_path / "other-whisper"
    other.symlink_to(models.locate("whisper", "base"))
    recording = wav_bytes(sample("pt", "ola_mundo"), RECOGNISER_RATE)
    over = asyncio.Event()

    async def recognise() -> int:
        recognised = 0
        while not over.is_set():
            response = await http.post("/api/v1/stt/transcribe", files={"audio_file": ("ola.wav", recording)})
            assert response.status_code == 200, response.text
            recognised += 1
        return recognised

    options = {"num_cpus": 0.1, "runtime_env": {"env_vars": {"MODEL_SIZE": str(other)}}}
    surge = dashboard.change(serve, STT, max_surge_percent=100, ray_actor_options=options)
    recognising = asyncio.create_task(recognise())
    seen = await replicas_during(serve, surge)
    over.set()
    assert await recognising > 0
    assert all(seen)
    assert seen[0].isdisjoint(seen[-1])
    # The gateway asks a stage for its model from time to time.
    async with asyncio.timeout(30):
        while await model(http) != other.name:
            await asyncio.sleep(0.2)

    seen = await replicas_during(serve, dashboard.change(serve, STT, **NO_SURGE))
    assert set() in seen


async def test_a_model_that_does_not_load_leaves_the_old_one_serving(
    serve: httpx.AsyncClient, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    missing = {"MODEL_SIZE": str(tmp_path / "no-model")}
    options = {"num_cpus": 0.1, "runtime_env": {"env_vars": missing}}
    seen = await replicas_during(
        serve, dashboard.change(serve, STT, max_surge_percent=100, ray_actor_options=options)
    )
    (old,) = seen[0]
    assert all(old in each for each in seen)
    (application,) = (await dashboard.details(serve))["applications"].values()
    assert application["status"] in ("DEPLOY_FAILED", "UNHEALTHY")
    assert "no-model" in application["deployments"][STT]["message"]
    recording = wav_bytes(sample("pt", "ola_mundo"), RECOGNISER_RATE)
    response = await http.post("/api/v1/stt/transcribe", files={"audio_file": ("ola.wav", recording)})
    assert response.status_code == 200, response.text
    assert response.json()["text"]
