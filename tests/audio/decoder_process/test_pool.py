"""Files come out of a decoder as they do in this process, and what happens to one concerns no other."""

import asyncio
import gc
import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import BinaryIO

import psutil
import pytest
import uvloop

from sokuji.audio.decoder_process import pool
from sokuji.audio.decoder_process.messages import DecodingBounds
from sokuji.audio.decoder_process.pool import Decoders
from sokuji.audio.decoding import decode
from sokuji.errors import InvalidAudio, Overloaded, TooLarge
from tests.attacks.containers import block, matroska, other_track
from tests.attacks.hostile_files import endless_chunks, hour_of_flac, many_tracks
from tests.audio.test_media_formats import ENCODED
from tests.support.speech import tone_file

pytestmark = pytest.mark.slow

BOUNDS = DecodingBounds(max_seconds=600, cpu_s=20, memory_bytes=2**27, timeout_s=90)
MEDIA = Path(__file__).parents[1] / "media"
TONE = tone_file("flac", "flac", 16_000)


@pytest.fixture
def decoders() -> Iterator[Decoders]:
    started = Decoders()
    yield started
    started.close()


@contextmanager
def stored(content: bytes) -> Iterator[BinaryIO]:
    with tempfile.SpooledTemporaryFile(2**16) as file:
        file.write(content)
        yield file  # type: ignore[misc]  # A BinaryIO in all but its base class.


async def decoded(
    decoders: Decoders, content: bytes, bounds: DecodingBounds = BOUNDS, name: str = ""
) -> bytes:
    with stored(content) as file:
        return await decoders.decode(file, bounds, name)


async def new_pids(decoders: Decoders, known: set[int]) -> set[int]:
    """The processes beside those that are known, once there are two of them."""
    async with asyncio.timeout(60):
        while len(found := set(decoders.pids) - known) < pool.WARM:
            await asyncio.sleep(0.02)
    return found


async def ended(pids: set[int]) -> None:
    async with asyncio.timeout(60):
        while any(psutil.pid_exists(pid) for pid in pids):
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("container", "codec"), [("wav", "pcm_f32le"), ("ogg", "libopus"), ("ipod", "aac"), ("mp3", "libmp3lame")]
)
async def test_a_file_comes_out_as_in_this_process(decoders: Decoders, container: str, codec: str) -> None:
    for seconds in (0.1, 20):
        file = tone_file(container, codec, 48_000, "stereo", seconds=seconds)
        assert await decoded(decoders, file) == decode(file, max_seconds=60)


@pytest.mark.parametrize(
    ("kind", "codec"),
    [(1, b"V_MPEG4/ISO/AVC"), (17, b"S_TEXT/UTF8"), (33, b"D_WEBVTT/METADATA"), (17, b"S_VOBSUB")],
)
async def test_a_track_of_another_kind_does_no_harm(decoders: Decoders, kind: int, codec: bytes) -> None:
    file = matroska(block(b"\x80" * 16_000) * 2, others=other_track(kind, codec))
    assert len(await decoded(decoders, file)) == 64_000


async def test_damaged_files_are_refused_or_decoded_and_end_no_process(
    decoders: Decoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "MAX_UPLOADS", 10_000)
    chance, before = Random(5), await new_pids_after_start(decoders)
    files = [tone_file(*each, seconds=0.5) for each in ENCODED]
    for _ in range(600):
        file = bytearray(chance.choice(files))
        for _ in range(chance.randint(1, 12)):
            at = chance.randrange(min(len(file), chance.choice((64, 400, len(file)))))
            file[at : at + 4] = chance.choice(
                (b"\xff" * 4, b"\x7f\xff\xff\xff", bytes(4), chance.randbytes(4))
            )
        with suppress(InvalidAudio):
            await decoded(decoders, bytes(file))
    assert set(decoders.pids) == before


async def test_the_name_tells_formats_without_a_header(decoders: Decoders) -> None:
    file = (MEDIA / "tone.gsm").read_bytes()
    for name in ("tone.gsm", "x" * 100_000 + ".gsm", "\ud800.gsm"):
        assert await decoded(decoders, file, name=name) == decode(file, max_seconds=60, name="tone.gsm")


def test_it_works_in_the_event_loop_of_ray_serve(decoders: Decoders) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(decoded(decoders, TONE)) == decode(TONE, max_seconds=60)


async def test_a_refusal_says_what_decoding_here_says(decoders: Decoders) -> None:
    for refused in (b"", b"a text", TONE[:42]):
        with pytest.raises(InvalidAudio) as here:
            decode(refused, max_seconds=60)
        with pytest.raises(InvalidAudio) as there:
            await decoded(decoders, refused)
        assert there.value.message == here.value.message
    with pytest.raises(TooLarge, match="longer than 1 s"):
        await decoded(decoders, TONE, replace(BOUNDS, max_seconds=1))


async def test_a_process_is_used_again_after_a_refusal(decoders: Decoders) -> None:
    before = await new_pids_after_start(decoders)
    for _ in range(4):
        with pytest.raises(InvalidAudio):
            await decoded(decoders, b"no audio")
    assert set(decoders.pids) == before


async def new_pids_after_start(decoders: Decoders) -> set[int]:
    decoders.start()
    return await new_pids(decoders, set())


@pytest.mark.parametrize(
    ("file", "bounds", "message"),
    [
        (endless_chunks, replace(BOUNDS, cpu_s=1), "more than 1 s of processor time"),
        (many_tracks, BOUNDS, "more than 128 MiB of memory"),
    ],
)
async def test_what_takes_more_than_it_may_costs_its_process(
    decoders: Decoders, file: object, bounds: DecodingBounds, message: str
) -> None:
    before = await new_pids_after_start(decoders)
    assert callable(file)
    with pytest.raises(TooLarge, match=message):
        await decoded(decoders, file(), bounds)
    async with asyncio.timeout(60):
        while before <= set(decoders.pids):
            await asyncio.sleep(0.02)
    assert await decoded(decoders, TONE) == decode(TONE, max_seconds=60)


async def test_processor_time_is_counted_for_each_file() -> None:
    decoders = Decoders(warm=1)
    file, used_s = tone_file("flac", "flac", 96_000, "5.1", seconds=10), 0.0
    async with asyncio.timeout(60):
        while used_s < 2:
            assert await decoded(decoders, file, replace(BOUNDS, cpu_s=2))
            (pid,) = decoders.pids
            used_s = sum(psutil.Process(pid).cpu_times()[:2])
    decoders.close()


async def test_the_deadline_ends_the_process(decoders: Decoders) -> None:
    before = await new_pids_after_start(decoders)
    with pytest.raises(Overloaded, match="within 0.05 s") as refused:
        await decoded(decoders, endless_chunks(), replace(BOUNDS, timeout_s=0.05))
    assert refused.value.retry_after_s
    await ended(before - set(decoders.pids))
    assert await decoded(decoders, TONE)


async def busy_process(decoders: Decoders) -> int:
    """The process that is decoding: it has two descriptors more than one that waits."""
    async with asyncio.timeout(60):
        while True:
            for pid in decoders.pids:
                if psutil.Process(pid).num_fds() > 3:
                    return pid
            await asyncio.sleep(0.01)


async def test_a_process_that_is_killed_is_an_error_of_its_own_file_only(decoders: Decoders) -> None:
    await new_pids_after_start(decoders)
    long = asyncio.create_task(decoded(decoders, hour_of_flac()))
    victim = await busy_process(decoders)
    other = asyncio.create_task(decoded(decoders, TONE))
    os.kill(victim, signal.SIGKILL)
    with pytest.raises(InvalidAudio, match="the decoder failed on this file"):
        await long
    assert await other == decode(TONE, max_seconds=60)


async def test_a_process_that_is_killed_while_it_waits_is_no_error(decoders: Decoders) -> None:
    for pid in await new_pids_after_start(decoders):
        os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(60):
            while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                await asyncio.sleep(0.01)
    assert await decoded(decoders, TONE) == decode(TONE, max_seconds=60)


async def test_a_caller_that_is_cancelled_ends_its_process(decoders: Decoders) -> None:
    before = await new_pids_after_start(decoders)
    task = asyncio.create_task(decoded(decoders, endless_chunks()))
    victim = await busy_process(decoders)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await ended({victim})
    assert before - {victim} <= set(decoders.pids)
    assert await decoded(decoders, TONE)


async def test_a_process_is_replaced_after_some_files(
    decoders: Decoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "MAX_UPLOADS", 2)
    before = await new_pids_after_start(decoders)
    for _ in range(4):
        await decoded(decoders, TONE)
    await ended(before)
    assert await new_pids(decoders, before)


async def test_more_files_than_warm_processes_are_decoded_at_the_same_time(decoders: Decoders) -> None:
    results = await asyncio.gather(*(decoded(decoders, TONE) for _ in range(5)))
    assert set(results) == {decode(TONE, max_seconds=60)}
    async with asyncio.timeout(60):
        while len(decoders.pids) > pool.WARM:
            await asyncio.sleep(0.02)


async def test_secrets_of_the_service_stay_there(decoders: Decoders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPL_API_KEY", "a key")
    for pid in await new_pids_after_start(decoders):
        assert "DEEPL_API_KEY" not in psutil.Process(pid).environ()


@pytest.mark.parametrize("closes", [True, False])
async def test_none_is_left_when_the_pool_is_closed_or_dropped(closes: bool) -> None:
    decoders = Decoders()
    pids = await new_pids_after_start(decoders)
    if closes:
        decoders.close()
    del decoders
    gc.collect()
    await ended(pids)
