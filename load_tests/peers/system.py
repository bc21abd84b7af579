"""What is said to every system, at which pace, and what is kept of its answers."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args

from load_tests.material import transcripts
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.errors import SokujiError
from sokuji.measure.latency import FRAME_MS
from sokuji.measure.samples import fill, sentences

PATIENCE_S = 20.0
"""After the end of speech; a transcript that takes longer is lost."""
Milestone = Literal["stable", "final", "known"]
"""What is timed, for each utterance.

``stable``: from the end of its speech until its text is complete and changes no more. Only hindsight knows.
``final``: from the end of its speech until the system says that the text is final; the time to be sure that
the utterance is over is part of it.
``known``: from the moment at which the system knows that the utterance is over until its text is final.
"""
MILESTONES: tuple[Milestone, ...] = get_args(Milestone)
Delays = dict[Milestone, float]
"""Milliseconds; a milestone that was not reached is absent."""
Reached = Callable[[float], None]
"""Told how many milliseconds have been spoken."""


class PeerFailed(SokujiError):
    """A system cannot be installed, started or spoken to; the message says why."""

    code = "peer_failed"


@dataclass(frozen=True, slots=True)
class Speech:
    """Utterances with silence around them: mono int16 PCM at 16 kHz, where each lies, and its words."""

    language: str
    pcm: bytes
    spans_ms: Sequence[tuple[int, int]]
    texts: Sequence[str]


def spoken(language: str, duration_s: float, first: int = 0) -> Speech:
    """The recordings of a language over and over, beginning with number ``first``.

    Raises:
        InvalidRequest: there are none.
        ModelMissing: they are not installed.
    """
    composed, texts = fill(sentences(language), duration_s, first=first), transcripts(language)
    said = [texts[(first + place) % len(texts)] for place in range(len(composed.spans_ms))]
    return Speech(language, composed.pcm, composed.spans_ms, said)


@dataclass(slots=True)
class Heard:
    """What a system made of a speech."""

    text: str = ""
    """All it has heard, in order."""
    delays: list[Delays] = field(default_factory=list)
    """One for each utterance, empty where nothing came back; none at all if the session failed."""
    errors: Counter[str] = field(default_factory=Counter)
    """How often what went wrong."""
    behind_ms: float = 0.0
    """How late the latest frame was sent: much of it is this client's fault, not the system's."""


def kind(error: SokujiError | OSError) -> str:
    """Under what an error is counted."""
    return error.code if isinstance(error, SokujiError) else type(error).__name__


class Clock:
    """Time as the speaker has it: the recording begins now, and no answer delays it."""

    def __init__(self, heard: Heard) -> None:
        self._began = time.monotonic()
        self._heard = heard

    def spoken_at(self, ms: float) -> float:
        """``time.monotonic()`` at which the sample at ``ms`` of the recording is spoken."""
        return self._began + ms / 1_000

    def since(self, ms: float, at: float) -> float:
        """Milliseconds from that sample to ``at`` (monotonic seconds)."""
        return 1_000 * (at - self.spoken_at(ms))

    async def frames(self, pcm: bytes, from_ms: int, to_ms: int, reached: Reached) -> AsyncIterator[bytes]:
        """That part of a recording, ``FRAME_MS`` at a time; each frame when its last sample is spoken."""
        for start_ms in range(from_ms, to_ms, FRAME_MS):
            end_ms = min(start_ms + FRAME_MS, to_ms)
            await asyncio.sleep(self.spoken_at(end_ms) - time.monotonic())
            self._heard.behind_ms = max(self._heard.behind_ms, self.since(end_ms, time.monotonic()))
            reached(end_ms)
            yield pcm[_bytes(start_ms) : _bytes(end_ms)]


def length_ms(pcm: bytes) -> int:
    """How long it takes to say it."""
    return len(pcm) // 2 * 1_000 // RECOGNISER_RATE


def silence(seconds: float) -> bytes:
    """Nothing being said."""
    return bytes(_bytes(1_000 * seconds))


def _bytes(ms: float) -> int:
    return 2 * int(ms * RECOGNISER_RATE / 1_000)


class System(Protocol):
    """A server of speech recognition and its client."""

    @property
    def name(self) -> str:
        """What it is called in the report, and by ``--only``."""

    @property
    def settings(self) -> dict[str, str]:
        """Its version and what was set, for the report."""

    def served(self, port: int) -> AbstractAsyncContextManager[None]:
        """Install it if need be and run it on a port of loopback; it ends with the block.

        Raises:
            SokujiError: it cannot be had or does not start.
        """

    async def hear(self, port: int, speech: Speech, heard: Heard, reached: Reached) -> None:
        """Say ``speech`` to it in real time, and fill ``heard``, as far as it comes.

        Raises:
            SokujiError: it does not do its part.
            OSError: it cannot be reached.
        """
