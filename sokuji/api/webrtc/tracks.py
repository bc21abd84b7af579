"""The audio of a call: what its client says, as PCM, and what is played to it, at the pace of speech.

Both are mono int16 PCM at ``CALL_RATE``; aiortc encodes and decodes Opus, whose rate is 48 kHz.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from fractions import Fraction

import numpy as np
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

from sokuji.api.playback import CALL_RATE
from sokuji.audio.resampling import StreamingResampler

FRAME_SAMPLES = CALL_RATE // 50
"""20 ms."""
FRAME_S = FRAME_SAMPLES / CALL_RATE
MAX_UNPLAYED_S = 60.0
"""Audio that waits to be played; more is taken when there is room."""
MAX_LATE_S = 1.0
"""A track that is later than this, as after the machine has paused, goes on from now."""
OPUS_RATE = 48_000
MAX_FILLED_SAMPLES = OPUS_RATE
"""Longest gap that is filled with silence: lost packets. In a longer one nothing was sent."""
_BYTES_PER_S = 2 * CALL_RATE
_TIME_BASE = Fraction(1, CALL_RATE)


class PlayedTrack(MediaStreamTrack):
    """Plays what it is given in order, in frames of 20 ms, and silence between; see ``Playback``."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._unplayed = bytearray()
        self._played_bytes = 0
        self._clears = 0
        self._marks: deque[tuple[int, Callable[[], None]]] = deque()
        """What is called when so many bytes have been played."""
        self._played = asyncio.Event()
        """Set whenever a frame has been played."""
        self._frames = 0
        self._first_at = 0.0

    async def play(self, pcm: bytes) -> None:
        """See ``Playback``."""
        clears = self._clears
        while len(self._unplayed) > MAX_UNPLAYED_S * _BYTES_PER_S:
            await self._next_frame()
        if self.readyState == "live" and self._clears == clears:
            self._unplayed += pcm

    def clear(self) -> None:
        """See ``Playback``."""
        self._clears += 1
        self._unplayed.clear()
        self._marks.clear()

    def after(self, played: Callable[[], None]) -> None:
        """See ``Playback``."""
        if self._unplayed:
            self._marks.append((self._played_bytes + len(self._unplayed), played))
        else:
            played()

    async def until_played(self) -> None:
        """See ``Playback``."""
        while self._unplayed:
            await self._next_frame()

    def stop(self) -> None:
        """Drop everything: the client has gone."""
        super().stop()
        self.clear()
        self._played.set()

    async def recv(self) -> AudioFrame:
        """The next frame, when it is due; aiortc calls this."""
        await self._until_due()
        if self.readyState != "live":
            raise MediaStreamError
        pcm = self._take(2 * FRAME_SAMPLES).ljust(2 * FRAME_SAMPLES, b"\0")
        # In stereo, because the encoder would make it stereo and 3 dB quieter.
        samples = np.repeat(np.frombuffer(pcm, "<i2"), 2).reshape(1, -1)
        frame = AudioFrame.from_ndarray(samples, "s16", "stereo")
        frame.sample_rate, frame.time_base = CALL_RATE, _TIME_BASE
        frame.pts = self._frames * FRAME_SAMPLES
        self._frames += 1
        self._played.set()
        return frame

    def _take(self, size: int) -> bytes:
        """Take the next bytes to play; fewer where there are fewer."""
        taken = bytes(self._unplayed[:size])
        del self._unplayed[:size]
        self._played_bytes += len(taken)
        while self._marks and self._marks[0][0] <= self._played_bytes:
            self._marks.popleft()[1]()
        return taken

    async def _next_frame(self) -> None:
        self._played.clear()
        await self._played.wait()

    async def _until_due(self) -> None:
        """Wait for the time of the next frame, which does not depend on how late the last one was."""
        now = asyncio.get_running_loop().time()
        due = self._first_at + self._frames * FRAME_S
        if self._frames == 0 or now - due > MAX_LATE_S:
            self._first_at = now - self._frames * FRAME_S
        else:
            await asyncio.sleep(due - now)


async def received_pcm(track: MediaStreamTrack) -> AsyncIterator[bytes]:
    """What comes on a track until it ends, with silence for lost packets."""
    resampler = StreamingResampler(OPUS_RATE, CALL_RATE)
    next_pts: int | None = None
    while True:
        try:
            frame = await track.recv()
        except MediaStreamError:
            yield resampler.flush()
            return
        if not isinstance(frame, AudioFrame) or frame.pts is None:
            continue
        gap = 0 if next_pts is None else frame.pts - next_pts
        next_pts = frame.pts + frame.samples
        filling = bytes(2 * gap) if 0 < gap <= MAX_FILLED_SAMPLES else b""
        yield resampler.push(filling + _mono(frame))


def _mono(frame: AudioFrame) -> bytes:
    """The mean of a decoded frame's channels, of which aiortc always makes two."""
    samples = frame.to_ndarray().reshape(-1, len(frame.layout.channels))
    pcm: bytes = samples.mean(axis=1).astype("<i2").tobytes()
    return pcm
