"""Waveforms of phrases to audio chunks that can be joined one after the other.

Models put silence of their own around each phrase; here it is cut away and the pause that the punctuation
asks for takes its place. A short fade at both edges keeps joins free of clicks. A phrase may come in pieces:
what could be its silent end is held back until more is known. Loudness is left as the model made it:
levelling each phrase by its peak would make neighbours of one text differ.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sokuji.contract import AudioChunk
from sokuji.errors import ProviderFailed
from sokuji.providers.tts.phrases import PhonemePhrase

FRAME_MS = 10
SILENCE = 0.01
"""Frames whose level is under this share of the loudest frame's (-40 dB) are silence."""
FLOOR = 1e-3
"""Frames under this level, full scale being 1, are silence too: the loudest may be still to come."""
LEAD_FRAMES = 3
TAIL_FRAMES = 6
"""Kept before the first and behind the last frame that is heard: soft sounds such as f and s live there."""
FADE_MS = 5

Waveform = NDArray[np.float32]


class Rendered(NamedTuple):
    """A piece of a phrase's waveform, shape (samples,), within -1 to 1."""

    waveform: Waveform
    last: bool
    """Whether the phrase ends with it."""


_log = logging.getLogger(__name__)


def chunks(
    pieces: Sequence[PhonemePhrase],
    render: Callable[[Sequence[str]], Iterator[Rendered]],
    rate: int,
    speed: float,
) -> Iterator[AudioChunk]:
    """Chunks of each phrase as soon as there is something to hear; a single empty one where there is nothing.

    Raises:
        ProviderFailed: the model failed.
    """
    if not pieces:
        yield AudioChunk(b"", rate, True)
    for number, (phonemes, pause_ms) in enumerate(pieces, start=1):
        edges = Edges(rate, pause_ms / speed)
        for waveform, ends in _rendered(render, phonemes):
            last = ends and number == len(pieces)
            if (pcm := edges.add(waveform, ends)) or last:
                yield AudioChunk(pcm, rate, last)


def _rendered(
    render: Callable[[Sequence[str]], Iterator[Rendered]], phonemes: Sequence[str]
) -> Iterator[Rendered]:
    try:
        yield from render(phonemes)
    except Exception as error:
        _log.exception("synthesis failed")
        raise ProviderFailed(f"synthesis failed ({type(error).__name__})") from error


class Edges:
    """Gives a phrase that comes in pieces the edges it should have.

    Args:
        rate: samples per second.
        pause_ms: silence to add behind it, unless nothing is heard.
    """

    def __init__(self, rate: int, pause_ms: float) -> None:
        self._frame = rate * FRAME_MS // 1_000
        self._fade = rate * FADE_MS // 1_000
        self._pause = np.zeros(int(rate * pause_ms / 1_000), np.float32)
        self._held: Waveform = np.zeros(0, np.float32)
        self._loudest = 0.0
        self._begun = False

    def add(self, waveform: Waveform, last: bool) -> bytes:
        """Mono int16 little-endian PCM that is ready with the next piece; may be empty.

        Args:
            waveform: shape (samples,), within -1 to 1.
            last: whether the phrase ends with it.
        """
        self._held = np.concatenate([self._held, waveform])
        heard = self._heard(last)
        if not self._begun:
            if not heard.size:
                whole = len(self._held) // self._frame
                self._held = self._held[max(whole - LEAD_FRAMES, 0) * self._frame :]
                return b""
            start = max(int(heard[0]) - LEAD_FRAMES, 0)
            self._held = self._held[start * self._frame :]
            heard -= start
            self._fade_in()
            self._begun = True
        # What is held back begins with the last frame that was heard.
        end = int(heard[-1]) if heard.size else 0
        return self._ending(end + 1 + TAIL_FRAMES) if last else self._taken(end)

    def _heard(self, last: bool) -> NDArray[np.intp]:
        """Numbers of the held frames that are not silence."""
        count = -(-len(self._held) // self._frame) if last else len(self._held) // self._frame
        samples = self._held[: count * self._frame]
        frames = np.pad(samples, (0, count * self._frame - len(samples))).reshape(count, self._frame)
        levels = np.sqrt(np.mean(frames**2, axis=1))
        self._loudest = max(self._loudest, float(levels.max(initial=0)))
        return np.flatnonzero(levels > max(SILENCE * self._loudest, FLOOR))

    def _taken(self, frames: int) -> bytes:
        ready, self._held = np.split(self._held, [frames * self._frame])
        return _pcm(ready)

    def _ending(self, frames: int) -> bytes:
        rest = self._held[: frames * self._frame]
        ramp = _ramp(min(self._fade, len(rest) // 2))
        rest[len(rest) - len(ramp) :] *= ramp[::-1]
        return _pcm(np.concatenate([rest, self._pause]))

    def _fade_in(self) -> None:
        ramp = _ramp(min(self._fade, len(self._held) // 2))
        self._held[: len(ramp)] *= ramp


def _ramp(length: int) -> Waveform:
    ramp: Waveform = (0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / max(length, 1))).astype(
        np.float32
    )
    return ramp


def _pcm(samples: Waveform) -> bytes:
    scaled: NDArray[np.int16] = (np.clip(samples, -1, 1) * 32_767).astype("<i2")
    return scaled.tobytes()
