"""How long the audio that has arrived lasts if it is played at the pace of speech. Pure.

Clients send frames of 20 ms or of 2 s, and networks deliver them late and in bursts. The playout buffer of
an RTP receiver evens this out (C. Perkins, "RTP: Audio and Video for the Internet", 2003, chapter 6). This
clock computes what such a buffer would hold: audio is missing when it is empty, and a client is ahead of the
pace of speech by its content.
"""

MAX_LEAD_S = 5.0
"""Audio that is further ahead, unless it came in one message, does not delay ``missing_at``."""
BURST_S = 1.0
"""Audio that is further ahead, unless it came in one message, was sent faster than speech."""


class PlayoutClock:
    """When the audio of a connection would have been played. Times are seconds on one monotonic clock."""

    def __init__(self) -> None:
        self._played_at = 0.0
        """When all audio that has arrived will have been played."""
        self.missing_at: float | None = None
        """When audio is missing if none arrives before; None: none has arrived yet."""
        self.was_ahead = False
        """Whether the last audio was sent faster than speech, or caught up after a delay."""

    def arrived(self, now: float, duration_s: float) -> None:
        """Note audio that has arrived; it is played after the audio that has not been played yet."""
        self._played_at = max(self._played_at, now) + duration_s
        self.missing_at = min(self._played_at, now + max(duration_s, MAX_LEAD_S))
        self.was_ahead = self._played_at - now > duration_s + BURST_S

    def paused(self, now: float, duration_s: float) -> None:
        """Note that no audio could arrive in the ``duration_s`` seconds before ``now``, whoever sent it."""
        self._played_at += duration_s
        if self.missing_at is not None:
            self.missing_at = max(self.missing_at, now)

    def lead_s(self, now: float) -> float:
        """How far the client is ahead of the pace of speech."""
        return max(0.0, self._played_at - now)
