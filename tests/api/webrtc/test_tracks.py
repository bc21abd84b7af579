"""The tracks of a call without a network: gaps of lost packets, and what is played when."""

import asyncio
from fractions import Fraction

import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

from sokuji.api.webrtc.tracks import (
    FRAME_SAMPLES,
    MAX_FILLED_SAMPLES,
    OPUS_RATE,
    PlayedTrack,
    received_pcm,
)

LEVEL = 1_000
OPUS_SAMPLES = OPUS_RATE // 50


class ScriptedTrack(MediaStreamTrack):
    """Has one frame of 20 ms for each time stamp; the samples of the n-th frame are n times ``LEVEL``."""

    kind = "audio"

    def __init__(self, *pts: int) -> None:
        super().__init__()
        self.pts = list(pts)
        self.number = 0

    async def recv(self) -> AudioFrame:
        if self.number == len(self.pts):
            raise MediaStreamError
        samples = np.full((1, 2 * OPUS_SAMPLES), LEVEL * (self.number + 1), "<i2")
        frame = AudioFrame.from_ndarray(samples, "s16", "stereo")
        frame.sample_rate, frame.time_base = OPUS_RATE, Fraction(1, OPUS_RATE)
        frame.pts = self.pts[self.number]
        self.number += 1
        return frame


async def received(*pts: int) -> list[int]:
    """What a scripted track says: the number of the frame for each 20 ms, 0 for silence."""
    pcm = b"".join([part async for part in received_pcm(ScriptedTrack(*pts))])
    samples = np.frombuffer(pcm, "<i2").reshape(-1, FRAME_SAMPLES)
    # The resampler rings where the level changes, at the edges of a frame.
    middle = samples[:, FRAME_SAMPLES // 4 : -FRAME_SAMPLES // 4].astype(float)
    numbers = np.rint(middle.mean(axis=1) / LEVEL)
    assert np.abs(middle - LEVEL * numbers[:, np.newaxis]).max() < LEVEL / 20
    return [int(number) for number in numbers]


async def test_frames_that_follow_each_other_are_joined() -> None:
    assert await received(0, 960, 1_920) == [1, 2, 3]


async def test_lost_packets_become_silence_so_that_times_stay_right() -> None:
    assert await received(0, 3 * 960, 4 * 960) == [1, 0, 0, 2, 3]


async def test_a_pause_in_which_nothing_was_sent_is_not_filled() -> None:
    assert await received(0, 960 + MAX_FILLED_SAMPLES + 960) == [1, 2]
    assert await received(0, 2**33) == [1, 2]


async def test_time_stamps_that_go_back_lose_nothing() -> None:
    assert await received(960, 0, 960) == [1, 2, 3]


async def frames(track: PlayedTrack, count: int) -> list[int]:
    """The first sample of each of the next frames."""
    return [int((await track.recv()).to_ndarray()[0, 0]) for _ in range(count)]


def level(value: int, frame_count: float) -> bytes:
    return value.to_bytes(2, "little") * round(frame_count * FRAME_SAMPLES)


async def test_audio_is_played_in_order_and_silence_when_there_is_none() -> None:
    track = PlayedTrack()
    assert await frames(track, 1) == [0]
    await track.play(level(1, 0.5))
    await track.play(level(2, 1.5))
    await track.play(level(3, 1.25))
    assert await frames(track, 6) == [1, 2, 3, 3, 0, 0]


async def test_the_time_stamps_of_frames_do_not_stop_in_silence() -> None:
    track = PlayedTrack()
    assert [(await track.recv()).pts for _ in range(4)] == [0, 480, 960, 1_440]


async def test_audio_that_is_cleared_is_not_played() -> None:
    track = PlayedTrack()
    await track.play(level(1, 5))
    assert await frames(track, 2) == [1, 1]
    track.clear()
    await track.play(level(2, 1))
    assert await frames(track, 2) == [2, 0]


async def test_audio_that_waits_for_room_is_cleared_too() -> None:
    track = PlayedTrack()
    await track.play(level(1, 50 * 60 + 2))
    waiting = asyncio.create_task(track.play(level(2, 1)))
    await asyncio.sleep(0)
    track.clear()
    assert await frames(track, 3) == [0, 0, 0]
    assert waiting.done()


async def test_more_audio_than_is_kept_waits_until_there_is_room() -> None:
    track = PlayedTrack()
    await track.play(level(1, 50 * 60 + 2))
    waiting = asyncio.create_task(track.play(level(2, 1)))
    await frames(track, 1)
    await asyncio.sleep(0)
    assert not waiting.done()
    await frames(track, 3)
    await asyncio.sleep(0)
    assert waiting.done()


async def test_a_track_that_is_stopped_drops_what_it_has_and_what_comes() -> None:
    track = PlayedTrack()
    await track.play(level(1, 50 * 60 + 2))
    waiting = [asyncio.create_task(track.play(level(2, 1))), asyncio.create_task(track.until_played())]
    await asyncio.sleep(0)
    track.stop()
    await asyncio.gather(*waiting)
    await track.until_played()
    with pytest.raises(MediaStreamError):
        await track.recv()
