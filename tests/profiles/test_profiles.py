"""Each profile on a Ray with logical GPUs: replicas, their places, one real translation; what cannot fit."""

import asyncio
import base64
import wave
from collections import Counter
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import httpx
import pytest
import pytest_asyncio

from sokuji.audio.pcm import AudioBuffer
from sokuji.capacity import profiles
from sokuji.capacity.profiles import Profile
from sokuji.config import KokoroConfig
from sokuji.config.cloud import CloudSettings
from sokuji.contract import StageName
from sokuji.pipeline.in_process import local_pipeline
from tests.profiles.cluster import DEPLOYED_S, REFUSED, Cluster, cluster, refused
from tests.service.conftest import free_port

# A few dozen processes, on as few cores as there are.
pytestmark = pytest.mark.timeout(DEPLOYED_S + 120)

TOGETHER = (
    ("balanced", "scale_out", "ultra_low_latency"),
    ("cpu_only", "low_latency", "max_quality"),
    ("memory_constrained", "throughput"),
)
"""Profiles that are deployed at the same time. The first have every kind of deployment, and several replicas
of each stage; the others are deployed by ``make test-long``."""
PROFILES = [
    pytest.param(name, marks=() if names is TOGETHER[0] else pytest.mark.long)
    for names in TOGETHER
    for name in names
]
SAID, MEANT = "O livro está na mesa.", "The book is on the table."
"""A sentence of the phrase book that the small NLLB has learned; Bergamot says the same."""


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def ray(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    log = tmp_path_factory.mktemp("profiles") / "log"
    async with cluster(free_port(), log, TOGETHER[0]) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session", scope="session", params=PROFILES)
async def profile(request: pytest.FixtureRequest, ray: Cluster) -> Profile:
    """A profile that is deployed."""
    await ray.deploy(next(names for names in TOGETHER if request.param in names))
    return profiles.load_profile(request.param)


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def speech() -> bytes:
    """``SAID``, spoken, as a WAV file."""
    sound = AudioBuffer()
    async with local_pipeline(stt=(), translation=(), tts=(KokoroConfig(),)) as pipeline:
        async for chunk in pipeline.speak(SAID, "pt", voice_id="default"):
            sound.add(chunk.pcm, chunk.sample_rate)
    return sound.wav()


def local(profile: Profile, stage: StageName) -> Any:
    """The settings of the first provider of a stage that can answer here: the cloud is out of reach."""
    configs = [
        each.config for each in profile.deployments if each.name.startswith(profiles.STAGE_DEPLOYMENTS[stage])
    ]
    return next(config for config in configs if not isinstance(config, CloudSettings))


def test_no_profile_is_left_out() -> None:
    assert {name for names in TOGETHER for name in names} == profiles.profile_paths().keys() - {"default"}


async def test_as_many_replicas_run_as_the_profile_says_each_with_its_share(
    ray: Cluster, profile: Profile
) -> None:
    found = ray.applications[profile.name]
    assert found["status"] == "RUNNING", found["message"]
    assert ray.replicas(profile.name) == Counter(each.name for each in profile.replicas)
    assert ray.resources(profile.name) == sorted(
        (each.name, each.gpus, each.cpus) for each in profile.replicas
    )


async def test_what_is_said_is_translated_and_spoken(ray: Cluster, profile: Profile, speech: bytes) -> None:
    async with httpx.AsyncClient(base_url=f"{ray.url}/{profile.name}", timeout=60) as http:
        answer = await http.post(
            "/api/v1/pipeline/translate-audio",
            files={"audio_file": ("speech.wav", speech)},
            data={"source_language": "pt", "target_language": "en"},
        )
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["transcription"], said["translation"]) == (SAID, MEANT)
    answering = {stage: local(profile, stage) for stage in said["providers"]}
    assert answering.keys() == {"stt", "translation", "tts"}
    assert said["providers"] == {stage: config.provider for stage, config in answering.items()}
    if wanted := answering["tts"].sample_rate:
        assert said["audio_sample_rate"] == wanted
    with wave.open(BytesIO(base64.b64decode(said["audio_data"]))) as voice:
        assert voice.getnframes() / voice.getframerate() > 0.5


async def test_models_that_do_not_fit_are_refused_and_it_is_said_by_how_much(ray: Cluster) -> None:
    await ray.put([refused()])
    reasons = {"SpeechToText": "", "Translation": ""}
    async with asyncio.timeout(DEPLOYED_S):
        while not all("does not fit" in reason for reason in reasons.values()):
            await asyncio.sleep(0.3)
            await ray.look()
            deployments = ray.applications[REFUSED].get("deployments", {})
            reasons |= {name: deployments[name]["message"] for name in reasons.keys() & deployments.keys()}
    assert "it needs 1.3 GB of GPU memory, its share of 0.4 of 2.0 GB is 0.8 GB" in reasons["SpeechToText"]
    assert "0.8 GB are missing" in reasons["Translation"]
