"""A speaker and listeners of a broadcast through the SDK, and what each of them got."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from sokuji import events
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.client import BroadcastClient, Config, connect, listen
from sokuji.measure.latency import RealTimeSource
from sokuji.measure.samples import ComposedSpeech
from sokuji.protocol import OutputMode


@dataclass
class Listened:
    """What one of them got."""

    language: str
    transcript: list[str] = field(default_factory=list)
    translation: list[tuple[int, int, str]] = field(default_factory=list)
    voiced: list[tuple[int, int]] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    resumptions: int = 0
    over: bool = False

    def note(self, event: events.Event | events.ListenerEvent) -> None:
        """Note an event."""
        match event:
            case events.Transcription(is_final=True):
                self.transcript.append(event.text)
            case events.TranslationText() if event.text and event.target_language == self.language:
                self.translation.append((event.segment_id, event.clause, event.text))
            case events.Audio(last=True):
                self.voiced.append((event.segment_id, event.clause))
            case events.BroadcastChanged():
                self.states.append(event.state)
            case events.Done():
                self.over = True

    @property
    def words(self) -> list[str]:
        """Of the translation."""
        return " ".join(text for _, _, text in self.translation).split()


@dataclass
class Broadcast:
    """A broadcast that has begun; ``link`` is known."""

    url: str
    link: asyncio.Future[str] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    listeners: int = 0
    """As the speaker is told."""
    resumptions: int = 0

    async def speak(
        self, speech: ComposedSpeech, audience: int, reached: Callable[[float], None] = lambda ms: None
    ) -> Listened:
        """Speak Portuguese to English, in real time, as soon as there are so many listeners."""
        heard, pace = Listened("en"), RealTimeSource()
        config = Config(source_language="pt", target_language="en", output="captions", broadcast=True)
        async with connect(self.url, config, resume_within_s=60) as conversation:
            self.link.set_result(f"{self.url}/listen?session={conversation.ready.broadcast}")
            async with asyncio.timeout(60):
                received = aiter(conversation)
                while self.listeners < audience:
                    self._note(await anext(received))
            frames = pace.frames(speech.pcm, RECOGNISER_RATE, reached)
            async with aclosing(conversation.converse(frames)) as answers:
                async for event in answers:
                    heard.note(event)
                    self._note(event)
            self.resumptions = conversation.resumptions
        return heard

    def _note(self, event: events.Event) -> None:
        if isinstance(event, events.Attendance):
            self.listeners = event.listeners

    async def hear(self, language: str, output: OutputMode = "audio") -> Listened:
        """Listen to the end."""
        heard = Listened(language)
        async with listen(
            await asyncio.shield(self.link), language=language, output=output, resume_within_s=60
        ) as broadcast:
            await _hear_all(broadcast, heard)
        return heard


async def _hear_all(broadcast: BroadcastClient, heard: Listened) -> None:
    async for event in broadcast:
        heard.note(event)
    heard.resumptions = broadcast.resumptions
