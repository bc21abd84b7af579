"""A disk without room and a clock that jumps: an upload may fail, a conversation does not notice."""

import itertools
import resource
import time
from collections.abc import Iterator

import httpx
import psutil
import pytest

from sokuji.audio.pcm import wav_bytes
from tests.attacks.attacked_service import attacked_service
from tests.attacks.live_conversation import undisturbed_conversation
from tests.support.api_server import serve_api
from tests.support.speech import silence

ROOM_BYTES = 2**20
YEAR_S = 365 * 86_400
DOORS = {"/api/v1/stt/transcribe": "audio_file", "/v1/audio/transcriptions": "file"}
MODELS = {"/v1/audio/transcriptions": {"model": "whisper-1"}}
LARGE = wav_bytes(silence(120_000), 16_000)
"""4 MB, which a form keeps on disk."""


async def upload(client: httpx.AsyncClient, path: str) -> httpx.Response:
    return await client.post(path, files={DOORS[path]: LARGE}, data=MODELS.get(path, {}))


async def test_an_upload_for_which_the_disk_has_no_room_fails_alone() -> None:
    with attacked_service(requests_per_minute=0) as service:
        process = psutil.Process(service.pid)
        _, hard = process.rlimit(resource.RLIMIT_FSIZE)
        async with (
            httpx.AsyncClient(base_url=service.url, timeout=60) as client,
            undisturbed_conversation(service.url),
        ):
            assert (await upload(client, "/api/v1/stt/transcribe")).status_code in (200, 422)
            before = process.num_fds()
            # A full disk says ENOSPC, this limit EFBIG: both come from the same calls.
            process.rlimit(resource.RLIMIT_FSIZE, (ROOM_BYTES, hard))
            for path in DOORS:
                answer = await upload(client, path)
                assert (answer.status_code, answer.json()["error"]["code"]) == (503, "overloaded")
            process.rlimit(resource.RLIMIT_FSIZE, (hard, hard))
            for path in DOORS:
                assert (await upload(client, path)).status_code in (200, 422)
            assert process.num_fds() <= before + 2, "descriptors of files that were not written"


@pytest.fixture
def served() -> Iterator[str]:
    """A service in this process, whose clock can be set."""
    with serve_api() as url:
        yield url


async def test_a_conversation_does_not_notice_that_the_clock_jumps(
    served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, jumps = time.time, itertools.cycle((0, YEAR_S, -YEAR_S))
    async with undisturbed_conversation(served):
        monkeypatch.setattr(time, "time", lambda: real() + next(jumps))
        assert abs(time.time() - time.time()) >= YEAR_S
