"""Waveforms of phrases to audio chunks that can be joined one after the other.

Models put silence of their own around each phrase; here it is cut away and the pause that the punctuation
asks for takes its place. A short fade at both edges keeps joins free of clicks. Loudness is left as the model
made it: levelling each phrase by its peak would make neighbours of one text differ.
"""

import logging
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sokuji.errors import ProviderFailed
from sokuji.providers.base import AudioChunk
from sokuji.providers.tts.phrases import Piece

FRAME_MS = 10
SILENCE = 0.01
"""Frames whose level is under this share of the loudest frame's (-40 dB) are silence."""
LEAD_MS = 30
TAIL_MS = 60
"""Kept before the first and behind the last frame that is heard: soft sounds such as f and s live there."""
FADE_MS = 5

Waveform = NDArray[np.float32]

_log = logging.getLogger(__name__)


def chunks(
    pieces: Sequence[Piece], render: Callable[[Sequence[str]], Waveform], rate: int, speed: float
) -> Iterator[AudioChunk]:
    """One chunk for each piece as soon as it is rendered; a single empty one where there are none.

    Raises:
        ProviderFailed: the model failed.
    """
    if not pieces:
        yield AudioChunk(b"", rate, True)
    for number, (phonemes, pause_ms) in enumerate(pieces, start=1):
        try:
            waveform = render(phonemes)
        except Exception as error:
            _log.exception("synthesis failed")
            raise ProviderFailed(f"synthesis failed ({type(error).__name__})") from error
        yield AudioChunk(finish(waveform, rate, pause_ms / speed), rate, number == len(pieces))


def finish(waveform: Waveform, rate: int, pause_ms: float) -> bytes:
    """Mono int16 little-endian PCM of one phrase with its pause; empty where nothing is heard.

    Args:
        waveform: shape (samples,), within -1 to 1.
        rate: samples per second.
        pause_ms: silence to add behind it.
    """
    heard = _faded(_trimmed(waveform, rate), rate)
    pause = np.zeros(int(rate * pause_ms / 1_000) if heard.size else 0, np.float32)
    samples = np.concatenate([heard, pause])
    scaled: NDArray[np.int16] = (np.clip(samples, -1, 1) * 32_767).astype("<i2")
    return scaled.tobytes()


def _trimmed(waveform: Waveform, rate: int) -> Waveform:
    frame = rate * FRAME_MS // 1_000
    padded = np.pad(waveform, (0, -len(waveform) % frame)).reshape(-1, frame)
    levels = np.sqrt(np.mean(padded**2, axis=1))
    loud = np.flatnonzero(levels > max(SILENCE * levels.max(initial=0), 1e-4))
    if not loud.size:
        return waveform[:0]
    start = loud[0] * frame - rate * LEAD_MS // 1_000
    end = (loud[-1] + 1) * frame + rate * TAIL_MS // 1_000
    return waveform[max(start, 0) : end]


def _faded(waveform: Waveform, rate: int) -> Waveform:
    length = min(rate * FADE_MS // 1_000, len(waveform) // 2)
    ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / max(length, 1))).astype(np.float32)
    faded = waveform.copy()
    faded[:length] *= ramp
    faded[len(faded) - length :] *= ramp[::-1]
    return faded
