"""Turns the waveforms of phrases into audio chunks that can be played one after the other.

Models put silence around each phrase; it is replaced by the pause that the punctuation requires. A short fade
at both ends avoids clicks. A phrase may arrive in parts: silence that could be its end is held back until the
next part. ``postprocessing`` then gives the speech its level and its speed.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sokuji.contract import AudioChunk
from sokuji.errors import ProviderFailed
from sokuji.providers.tts.phrase_splitting import PhonemePhrase
from sokuji.providers.tts.postprocessing import Postprocessing

FRAME_MS = 10
SILENCE = 0.01
"""Frames below this fraction of the loudest frame's level (-40 dB) are silence."""
FLOOR = 1e-3
"""Frames below this level (full scale is 1) are silence too, because the loudest frame may follow later."""
LEAD_FRAMES = 3
TAIL_FRAMES = 6
"""Frames kept before the first and behind the last audible frame, for soft sounds such as f and s."""
FADE_MS = 5

Waveform = NDArray[np.float32]


class WaveformPart(NamedTuple):
    """A part of a phrase's waveform, shape (samples,), within -1 to 1."""

    waveform: Waveform
    last: bool
    """Whether the phrase ends with this part."""


_log = logging.getLogger(__name__)


def phrase_chunks(
    phrases: Sequence[PhonemePhrase],
    render: Callable[[Sequence[str]], Iterator[WaveformPart]],
    rate: int,
    *,
    speed: float,
    gain: float,
) -> Iterator[AudioChunk]:
    """The chunks of all phrases, as soon as they are ready; a single empty chunk if there are no phrases.

    Args:
        phrases: phonemes and pauses.
        render: synthesises the waveform of phonemes at the voice's own speed.
        rate: samples per second.
        speed, gain: see ``Postprocessing``.

    Raises:
        ProviderFailed: the model failed.
    """
    if not phrases:
        yield AudioChunk(b"", rate, True)
    postprocessing = Postprocessing(rate, speed=speed, gain=gain)
    for number, (phonemes, pause_ms) in enumerate(phrases, start=1):
        trimmer = PhraseTrimmer(rate, pause_ms)
        for waveform, ends in rendered(render, phonemes):
            last = ends and number == len(phrases)
            if (pcm := postprocessing.add(trimmer.add(waveform, ends), last=last)) or last:
                yield AudioChunk(pcm, rate, last)


def rendered(
    render: Callable[[Sequence[str]], Iterator[WaveformPart]], phonemes: Sequence[str]
) -> Iterator[WaveformPart]:
    """The waveform of one phrase, in parts.

    Raises:
        ProviderFailed: the model failed.
    """
    try:
        yield from render(phonemes)
    except Exception as error:
        _log.exception("synthesis failed")
        raise ProviderFailed(f"synthesis failed ({type(error).__name__})") from error


class PhraseTrimmer:
    """Removes the silence around a phrase that arrives in parts, fades its ends and adds its pause.

    Args:
        rate: samples per second.
        pause_ms: silence to add behind the phrase, unless it is silent.
    """

    def __init__(self, rate: int, pause_ms: float) -> None:
        self._frame = rate * FRAME_MS // 1_000
        self._fade = rate * FADE_MS // 1_000
        self._pause = np.zeros(int(rate * pause_ms / 1_000), np.float32)
        self._held: Waveform = np.zeros(0, np.float32)
        self._loudest = 0.0
        self._started = False

    def add(self, waveform: Waveform, last: bool) -> Waveform:
        """Add the next part and return the audio that is ready, possibly empty.

        Args:
            waveform: shape (samples,), within -1 to 1.
            last: whether the phrase ends with this part.
        """
        self._held = np.concatenate([self._held, waveform])
        audible = self._audible_frames(last)
        if not self._started:
            if not audible.size:
                frames = len(self._held) // self._frame
                self._held = self._held[max(frames - LEAD_FRAMES, 0) * self._frame :]
                return np.zeros(0, np.float32)
            start = max(int(audible[0]) - LEAD_FRAMES, 0)
            self._held = self._held[start * self._frame :]
            audible -= start
            self._fade_in()
            self._started = True
        # The held samples begin with the last audible frame.
        end = int(audible[-1]) if audible.size else 0
        return self._finish(end + 1 + TAIL_FRAMES) if last else self._take(end)

    def _audible_frames(self, last: bool) -> NDArray[np.intp]:
        """Indices of the held frames that are not silence."""
        count = -(-len(self._held) // self._frame) if last else len(self._held) // self._frame
        samples = self._held[: count * self._frame]
        frames = np.pad(samples, (0, count * self._frame - len(samples))).reshape(count, self._frame)
        levels = np.sqrt(np.mean(frames**2, axis=1))
        self._loudest = max(self._loudest, float(levels.max(initial=0)))
        return np.flatnonzero(levels > max(SILENCE * self._loudest, FLOOR))

    def _take(self, frames: int) -> Waveform:
        ready, self._held = np.split(self._held, [frames * self._frame])
        return ready

    def _finish(self, frames: int) -> Waveform:
        rest = self._held[: frames * self._frame]
        ramp = _ramp(min(self._fade, len(rest) // 2))
        rest[len(rest) - len(ramp) :] *= ramp[::-1]
        return np.concatenate([rest, self._pause])

    def _fade_in(self) -> None:
        ramp = _ramp(min(self._fade, len(self._held) // 2))
        self._held[: len(ramp)] *= ramp


def _ramp(length: int) -> Waveform:
    ramp: Waveform = (0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / max(length, 1))).astype(
        np.float32
    )
    return ramp
