"""Hostile files cost only their sender something: no memory, no conversation, no other upload, no secret."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sokuji.audio.pcm import wav_bytes
from tests.attacks.attacked_service import AttackedService, attacked_service
from tests.attacks.hostile_files import ACCEPTED, LISTS, REFUSED, movie_elsewhere, some_tracks
from tests.attacks.live_conversation import undisturbed_conversation
from tests.support.speech import sample, tone_file
from tests.support.untouched_address import address

__all__ = ["address"]

pytestmark = pytest.mark.slow

BRIDGE, OPENAI = "/api/v1/stt/transcribe", "/v1/audio/transcriptions"
FIELDS = {BRIDGE: "audio_file", OPENAI: "file"}
MEMORY_BYTES = 2**27
IDLE_DECODER_BYTES = 80 * 2**20
SERVICE_BYTES = 100 * 2**20
"""By which the service itself may grow: the PCM of ten minutes (19 MB), and what it takes to copy it."""
SPEECH = wav_bytes(sample("pt", "contagem"), 16_000)
PATIENCE_S = 90


@pytest.fixture(scope="module")
def service() -> Iterator[AttackedService]:
    """A service that allows a file two seconds of a processor."""
    with attacked_service(
        decoding_cpu_s=2, decoding_memory_bytes=MEMORY_BYTES, requests_per_minute=0
    ) as running:
        yield running


async def upload(service: AttackedService, path: str, file: bytes, name: str = "recording") -> httpx.Response:
    async with httpx.AsyncClient(base_url=service.url, timeout=PATIENCE_S) as client:
        form = {"model": "whisper-1", "response_format": "verbose_json"} if path == OPENAI else {}
        return await client.post(path, files={FIELDS[path]: (name, file)}, data=form)


def refusal(answer: httpx.Response, path: str) -> tuple[int, str]:
    """Status and code of a refusal, whose shape is checked."""
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "param", *(["type"] if path == OPENAI else [])}
    assert error["param"] == FIELDS[path]
    assert error["message"]
    return answer.status_code, error["code"]


def assert_bounded(service: AttackedService, before: int) -> None:
    """No process has taken more memory than it may, since the service itself had ``before``."""
    peaks = dict(service.peaks)
    assert peaks.pop(service.pid) - before < SERVICE_BYTES
    assert peaks
    assert max(peaks.values()) < MEMORY_BYTES + IDLE_DECODER_BYTES


@pytest.mark.timeout(300)
@pytest.mark.parametrize("path", [BRIDGE, pytest.param(OPENAI, marks=pytest.mark.long)])
async def test_each_is_refused_within_bounds_while_a_conversation_goes_on(
    service: AttackedService, path: str
) -> None:
    assert (await upload(service, path, SPEECH)).status_code == 200
    before = service.peaks[service.pid]
    files, answers = {name: make() for name, make in REFUSED.items()}, {}
    async with undisturbed_conversation(service.url):
        for name, file in files.items():
            answers[name] = refusal(await upload(service, path, file), path)
    assert set(answers.values()) <= {(400, "invalid_audio"), (413, "too_large")}
    for name in ("many tracks", "tiny blocks", "inflating blocks", "an hour of FLAC", "hours of Opus"):
        assert answers[name] == (413, "too_large"), name
    assert_bounded(service, before)


async def test_tracks_that_claim_more_than_there_is_take_no_more_memory(service: AttackedService) -> None:
    await upload(service, BRIDGE, SPEECH)
    before = service.peaks[service.pid]
    assert (await upload(service, BRIDGE, some_tracks())).status_code in (400, 413, 422)
    assert_bounded(service, before)


@pytest.mark.parametrize("name", ACCEPTED)
async def test_a_file_that_lies_about_its_length_is_what_it_contains(
    service: AttackedService, name: str
) -> None:
    assert (await upload(service, OPENAI, ACCEPTED[name]())).json()["duration"] == 2


@pytest.mark.parametrize(
    "container", [("wav", "pcm_s16le"), ("flac", "flac"), ("ogg", "libopus"), ("mp3", "libmp3lame")]
)
async def test_a_file_that_breaks_off_is_decoded_as_far_as_it_goes(
    service: AttackedService, container: tuple[str, str]
) -> None:
    whole = tone_file(*container, 48_000)
    answer = await upload(service, OPENAI, whole[: len(whole) // 2])
    assert 0.6 < answer.json()["duration"] < 1.4


@pytest.mark.long
async def test_other_uploads_are_answered_while_four_hostile_ones_are_decoded(
    service: AttackedService,
) -> None:
    """The four hold half of the decoders at most: they come from one address."""
    hostile = REFUSED["endless chunks"]()
    attack = [asyncio.create_task(upload(service, BRIDGE, hostile)) for _ in range(4)]
    transport = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
    async with httpx.AsyncClient(base_url=service.url, transport=transport, timeout=PATIENCE_S) as client:
        answered = 0
        while not all(task.done() for task in attack):
            answer = await client.post(BRIDGE, files={"audio_file": SPEECH})
            assert answer.status_code == 200
            answered += 1
    assert answered > len(attack)
    assert {refusal(task.result(), BRIDGE) for task in attack} == {(413, "too_large")}


@pytest.mark.parametrize("name", LISTS)
async def test_playlists_are_refused_and_not_followed(
    service: AttackedService, name: str, address: str, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.wav"
    secret.write_bytes(SPEECH)
    for source in (f"file://{secret}", str(secret), f"http://{address}/a.wav", f"tcp://{address}"):
        answer = await upload(service, BRIDGE, LISTS[name].replace("{}", source).encode(), name)
        assert refusal(answer, BRIDGE) == (400, "invalid_audio")


async def test_samples_in_another_file_are_not_read(service: AttackedService, tmp_path: Path) -> None:
    secret = tmp_path / "secret.raw"
    secret.write_bytes(sample("pt", "contagem"))
    answer = await upload(service, BRIDGE, movie_elsewhere(str(secret)), "a.mov")
    assert answer.status_code in (400, 422)
