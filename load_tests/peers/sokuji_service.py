"""Our own service: captions only, so that no peer is compared with translation and voice on top."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from load_tests.peers.process import HOST
from load_tests.peers.speech import PATIENCE_S, Clock, Delays, Heard, PeerFailed, Reached, Speech, length_ms
from load_tests.service import started
from sokuji import __version__, events
from sokuji.client.client import connect
from sokuji.client.config import Config


@dataclass(slots=True)
class Part:
    """What the service took for an utterance. Times are ``time.monotonic()``."""

    start_ms: int = 0
    end_ms: int = 0
    known_at: float | None = None
    """When it said that the utterance is over."""
    final_at: float | None = None
    text: str = ""


class Parts:
    """A conversation's utterances, from its events."""

    def __init__(self) -> None:
        self._parts: defaultdict[int, Part] = defaultdict(Part)

    @property
    def text(self) -> str:
        """All captions."""
        return " ".join(self._parts[number].text for number in sorted(self._parts))

    def note(self, event: events.Event, at: float) -> None:
        """``event`` came at ``at`` (monotonic seconds)."""
        match event:
            case events.Speech(state="started"):
                part = self._parts[event.segment_id]
                part.start_ms = part.end_ms = event.at_ms
            case events.Speech(state="stopped"):
                part = self._parts[event.segment_id]
                part.end_ms, part.known_at = event.at_ms, at
            case events.Transcription(is_final=True):
                part = self._parts[event.segment_id]
                part.text, part.final_at = event.text, at

    def delays(self, span_ms: tuple[int, int], clock: Clock) -> Delays:
        """How long the sentence at that place of the recording took: until its last part was final."""
        start_ms, end_ms = span_ms
        parts = [each for each in self._parts.values() if each.start_ms < end_ms and each.end_ms > start_ms]
        if not any(each.text for each in parts) or any(each.final_at is None for each in parts):
            return {}
        last = max(parts, key=lambda each: each.final_at or 0.0)
        assert last.final_at is not None
        since_end = clock.since(end_ms, last.final_at)
        delays: Delays = {"stable": since_end, "final": since_end}
        if last.known_at is not None:
            delays["known"] = 1_000 * (last.final_at - last.known_at)
        return delays


class Sokuji:
    """The service as a Serve config has it.

    Args:
        config: the Serve config.
    """

    name = "sokuji"

    def __init__(self, config: Path) -> None:
        self._config = config

    @property
    def settings(self) -> dict[str, str]:
        """Its version, and what it runs."""
        return {"version": __version__, "config": self._config.name}

    @asynccontextmanager
    async def served(self, port: int) -> AsyncIterator[None]:
        """Run the service."""
        async with started(self._config, port):
            yield

    async def hear(self, port: int, speech: Speech, heard: Heard, reached: Reached) -> None:
        """One conversation."""
        wanted = Config(source_language=speech.language, target_language=speech.language, output="captions")
        parts = Parts()
        try:
            async with (
                asyncio.timeout(length_ms(speech.pcm) / 1_000 + PATIENCE_S),
                connect(f"http://{HOST}:{port}", wanted, resume_within_s=0) as conversation,
            ):
                clock = Clock(heard)
                frames = clock.frames(speech.pcm, 0, length_ms(speech.pcm), reached)
                try:
                    async with aclosing(conversation.converse(frames)) as answers:
                        async for event in answers:
                            parts.note(event, time.monotonic())
                            if isinstance(event, events.Failed):
                                heard.errors[event.error.code] += 1
                finally:
                    heard.text = parts.text
                    heard.delays = [parts.delays(span, clock) for span in speech.spans_ms]
        except TimeoutError:
            raise PeerFailed(f"not all was answered {PATIENCE_S:.0f} s after the speech") from None
