"""The frames of an utterance in progress, or those before one: where it can be cut, and what is kept. Pure.

Frames are in the order of time. An index is a number of frames from the oldest one on.
"""

from bisect import bisect_left
from collections.abc import Sequence

from sokuji.audio.frames import Frame, quietest

# ``quiet_place`` looks within this time around the requested one.
_REACH_MS = 160


class SpeechBuffer:
    """Frames, oldest first."""

    def __init__(self) -> None:
        self._frames: list[Frame] = []

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, index: int) -> Frame:
        return self._frames[index]

    @property
    def ends_voiced(self) -> bool:
        """Whether there is a newest frame, and it is speech."""
        return bool(self._frames) and self._frames[-1].voiced

    def append(self, frame: Frame) -> None:
        """Add the newest frame."""
        self._frames.append(frame)

    def head(self, count: int) -> Sequence[Frame]:
        """The oldest ``count`` frames."""
        return self._frames[:count]

    def drop(self, count: int) -> None:
        """Remove the oldest ``count`` frames."""
        del self._frames[:count]

    def keep(self, count: int) -> None:
        """Remove all but the newest ``count`` frames."""
        self.drop(max(0, len(self._frames) - count))

    def speaks_from(self, index: int) -> bool:
        """Whether there is speech at ``index`` or behind it."""
        return any(frame.voiced for frame in self._frames[index:])

    def quiet_place(self, at_ms: int) -> int | None:
        """The quietest index near a time, with speech before it and behind it; None: there is none."""
        near = [
            index
            for index, frame in enumerate(self._frames)
            if index and abs(frame.at_ms - at_ms) <= _REACH_MS
        ]
        if not near:
            return None
        index = quietest(self._frames[: near[-1] + 1], first=near[0])
        speaks_before = any(frame.voiced for frame in self._frames[:index])
        return index if speaks_before and self.speaks_from(index) else None

    def late_quiet_place(self, earliest_ms: int) -> int:
        """The quietest index in the last third, at ``earliest_ms`` or later if there are such frames."""
        first = bisect_left(self._frames, earliest_ms, key=lambda frame: frame.at_ms)
        first = min(max(first, 2 * len(self._frames) // 3), len(self._frames) - 1)
        return quietest(self._frames, first)
