"""What a client has sent and its session has not processed yet: checked, in order, and bounded.

A client that sends faster than speech, such as a file, may be far ahead, and the service may be too slow for
speech. Either waits, on disk if need be, and if that is full the client is held back: nothing is lost.
"""

import asyncio
import time
from collections.abc import Callable

from sokuji.config import Limits
from sokuji.errors import InvalidRequest, TooLarge
from sokuji.session.conversation import Command, ConversationSettings, Message
from sokuji.session.input_queue import InputQueue
from sokuji.session.playout import PlayoutClock
from sokuji.session.spool import SpoolBudget

LEAD_SHARE = 0.25
"""Share of ``max_backlog_s`` by which a client that does not send at the pace of speech is ahead of it."""
LIVE_LEAD_S = 5.0
"""A client that is further ahead of the pace of speech is not live: networks do not deliver that unevenly."""
MAX_TIMER_DELAY_S = 0.1
"""A timer that fires later than this shows that the process did not run, so that no message could arrive."""


class SessionTooLong(TooLarge):
    """The session has had all the audio it may have; unlike other oversized input this ends it."""


class SessionInput:
    """The messages of one client, oldest first.

    Args:
        limits: of audio per session and of audio that waits.
        drain_s: seconds that an utterance in progress may still take after ``drain``.
        begin_ms: time of the first sample, where a conversation resumes.
        acknowledged_ms: returns the time up to which everything has been delivered to the client.
        is_delivered: returns whether all clauses and utterances that are complete have been delivered.
        budget: of the audio of all sessions that waits on disk; None: of this one alone.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        limits: Limits,
        drain_s: float,
        begin_ms: int,
        acknowledged_ms: Callable[[], int],
        is_delivered: Callable[[], bool] = lambda: True,
        budget: SpoolBudget | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = limits
        self._drain_s = drain_s
        self._acknowledged_ms = acknowledged_ms
        self._is_delivered = is_delivered
        self._clock = clock
        self._queue = InputQueue(
            limits.max_waiting_bytes, budget or SpoolBudget(limits.max_total_waiting_bytes)
        )
        self._settings: ConversationSettings | None = None
        self._partial_sample = b""
        """The begin of a sample of all channels whose end is in the next message."""
        self._playout = PlayoutClock()
        self._began, self._begin_ms = clock(), begin_ms
        self._drain_requested = False
        self._drain_first = False
        """Whether ``DRAIN`` comes before the messages that wait."""
        self._drain_by: float | None = None
        self._ahead_through_ms = 0.0
        """The last audio that came ahead of the pace of speech."""
        self.received_ms = float(begin_ms)
        """Audio accepted so far, including what was sent before a resumption."""
        self.ended = False
        """Whether no more audio comes: after ``END`` or ``close``."""
        self.closed = False
        """Whether the input was closed before the client had ended it."""
        self.drained = False
        """Whether ``receive`` has ended because the service is going away."""

    def put(self, message: ConversationSettings | Command) -> None:
        """Accept settings or a command.

        Raises:
            InvalidRequest: after ``END``.
            Overloaded: too many commands and settings wait.
        """
        if self.ended:
            raise InvalidRequest("nothing may come after end but cancel; open a new session", param="type")
        self._queue.put(message)
        if isinstance(message, ConversationSettings):
            if self._settings is None or self._settings.input_format != message.input_format:
                self._partial_sample = b""
            self._settings = message
        self.ended = message is Command.END

    def notify(self, command: Command) -> None:
        """Accept a command of the service itself; never refused, and of no use after the end."""
        if not self.ended:
            self._queue.force(command)

    def close(self) -> None:
        """End the input behind what is queued, although the client has not ended it; never refused."""
        if not self.ended:
            self.ended = self.closed = True
            self._queue.force(Command.END)

    def free(self) -> None:
        """Drop what has not been received; call it last."""
        self._queue.close()

    def drain(self) -> None:
        """End the input after the messages that are queued now; never refused.

        What waits of a client that is far ahead is left: it may be hours of audio, and the client has it.
        """
        is_far_ahead = self._is_ahead and not self._queue.is_empty
        if self._drain_requested or (self.ended and not is_far_ahead):
            return
        self._drain_requested, self._drain_first = True, is_far_ahead
        if not is_far_ahead:
            self._queue.force(Command.DRAIN)

    def feed(self, pcm: bytes) -> None:
        """Accept interleaved int16 little-endian PCM at the configured rate and channel count.

        A message may end anywhere: the next one continues its last sample.

        Raises:
            InvalidRequest: before the first settings, or after ``END``.
            Overloaded: no more can wait on disk; the session cannot go on.
            SessionTooLong: the session is at its limit; it cannot go on.
        """
        settings = self._settings
        if settings is None:
            raise InvalidRequest("audio came before config; send a config message first", param="type")
        if self.ended:
            raise InvalidRequest("audio came after end; open a new session", param="type")
        samples = self._whole_samples(pcm, 2 * settings.channels)
        duration_s = len(samples) / (2 * settings.channels) / settings.input_sample_rate
        received_ms = self.received_ms + 1_000 * duration_s
        if received_ms > 1_000 * self._limits.max_session_s:
            raise SessionTooLong(f"a session takes at most {self._limits.max_session_s:g} s of audio")
        if samples:
            # A session that drains ends between two messages: the pause must not be within one.
            self._queue.put_audio(samples, joined=not self._drain_requested)
            now = self._clock()
            self._playout.arrived(now, duration_s)
            self.received_ms = received_ms
            if self._playout.lead_s(now) > LIVE_LEAD_S:
                self._ahead_through_ms = received_ms

    def _whole_samples(self, pcm: bytes, size: int) -> bytes:
        """What is complete of ``pcm``, behind what the message before has left; keeps the rest."""
        pcm = self._partial_sample + pcm
        end = len(pcm) - len(pcm) % size
        self._partial_sample = pcm[end:]
        return pcm[:end]

    @property
    def is_live(self) -> bool:
        """Whether all that is not delivered yet came at the pace of speech."""
        return self._acknowledged_ms() >= self._ahead_through_ms

    @property
    def _is_ahead(self) -> bool:
        """Whether the client sends faster than speech."""
        return self._playout.lead_s(self._clock()) > LEAD_SHARE * self._limits.max_backlog_s

    async def hold_back(self) -> None:
        """Return when the client may send more: at once, unless too much waits on disk already."""
        if not self._queue.has_room:
            began = self._clock()
            await self._queue.until_room()
            self._playout.paused(self._clock(), self._clock() - began)

    async def receive(self, *, in_speech: bool, silence_s: float | None = None) -> Message | None:
        """Wait for the next message; None at the end of the input.

        While somebody speaks (``in_speech``), the message is ``SILENCE`` when no audio has come for
        ``silence_s`` seconds; None: never.

        The input ends with ``END``. After ``DRAIN`` it ends as soon as nobody speaks, and ``drain_s`` seconds
        later in any case; ``drained`` is then true.
        """
        if self._drain_first:
            self._drain_first = False
            self._drain_by = self._clock() + self._drain_s
            return Command.DRAIN
        if self._drain_by is not None and not in_speech:
            self.drained = True
            return None
        try:
            async with asyncio.timeout(self._seconds_until(self._drain_by)):
                message = await self._next(silence_s if in_speech else None)
        except TimeoutError:
            self.drained = True
            return None
        if message is Command.END:
            return None
        now = self._clock()
        if message is Command.DRAIN:
            self._drain_by = now + self._drain_s
        elif self._drain_by is not None and now > self._drain_by:
            self.drained = True
            return None
        return message

    async def _next(self, silence_s: float | None) -> Message:
        while silence_s is not None and (missing_at := self._playout.missing_at) is not None:
            silent_at = missing_at + silence_s
            try:
                async with asyncio.timeout(self._seconds_until(silent_at)):
                    return await self._queue.get()
            except TimeoutError:
                now = self._clock()
                if now - silent_at > MAX_TIMER_DELAY_S or self._awaits_acks:
                    self._playout.paused(now, 0)
                elif self._queue.is_empty:
                    return Command.SILENCE
        return await self._queue.get()

    @property
    def _awaits_acks(self) -> bool:
        """Whether the client may have stopped because too much of its audio is not acknowledged."""
        return self._playout.was_ahead and not self._is_delivered()

    def _seconds_until(self, when: float | None) -> float | None:
        return None if when is None else max(0.0, when - self._clock())

    def spoken_at(self, at_ms: int, position_ms: int) -> float:
        """When the audio at ``at_ms`` was spoken (monotonic seconds).

        That is when it arrived. Where audio arrives faster than speech, it is when it would have arrived at
        the pace of speech.

        Args:
            position_ms: how much audio has been processed.
        """
        at_pace = self._began + (at_ms - self._begin_ms) / 1_000
        waiting_ms = self.received_ms - position_ms
        return max(at_pace, self._clock() - waiting_ms / 1_000)
