"""One live conversation, with a running service or with models in this process: the same calls and events."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Protocol

from sokuji import languages
from sokuji.client.config import Config
from sokuji.config import GatewaySettings, Limits, Settings
from sokuji.events import Event
from sokuji.pipeline.in_process import TRANSLATION, TTS, local_pipeline
from sokuji.session.conversation import ConversationSettings
from sokuji.session.session import Session

SETTINGS = GatewaySettings(limits=Limits(max_session_s=24 * 3_600))


class LiveConversation(Protocol):
    """What ``TranslationClient`` has, too."""

    async def send(self, pcm: bytes) -> None:
        """Send what was heard; waits where the conversation cannot take more."""

    async def flush(self) -> None:
        """End the utterance here."""

    async def end(self) -> None:
        """End the conversation: what was said is finished, then ``Done`` comes."""

    def __aiter__(self) -> AsyncIterator[Event]:
        """The events in order, up to ``Done``."""


class InProcessConversation:
    """A conversation whose session runs in this process."""

    def __init__(self, session: Session, running: asyncio.Task[None]) -> None:
        self._session = session
        self._running = running

    async def send(self, pcm: bytes) -> None:
        """See ``LiveConversation``."""
        await self._session.hold_back()
        self._session.feed(pcm)

    async def flush(self) -> None:
        """See ``LiveConversation``."""
        self._session.flush()

    async def end(self) -> None:
        """See ``LiveConversation``."""
        self._session.end()

    async def __aiter__(self) -> AsyncIterator[Event]:
        """See ``LiveConversation``; raises what has ended the session."""
        events = self._session.events()
        while True:
            following = asyncio.ensure_future(anext(events, None))
            await asyncio.wait((following, self._running), return_when=asyncio.FIRST_COMPLETED)
            if self._running.done() and not self._running.cancelled() and self._running.exception():
                following.cancel()
                await self._running
            event = await following
            if event is None:
                return
            yield event


@asynccontextmanager
async def in_process_conversation(config: Config, stt: Sequence[Settings]) -> AsyncIterator[LiveConversation]:
    """A conversation with the models in this process.

    Raises:
        SokujiError: the models cannot be loaded, or have no such pair or voice.
    """
    speaks = config.output == "audio"
    async with local_pipeline(stt, TRANSLATION, TTS if speaks else ()) as pipeline:
        session = Session(pipeline, SETTINGS, "live")
        session.configure(_settings(config))
        running = asyncio.create_task(session.run())
        try:
            yield InProcessConversation(session, running)
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await running


def _settings(config: Config) -> ConversationSettings:
    return ConversationSettings(
        target_languages=config.targets,
        source_language=languages.parse_source(config.source_language),
        source_languages=config.source_languages,
        voice_id=config.voice_id,
        speak=config.output == "audio",
        output_sample_rate=config.output_sample_rate,
        speed=config.speed,
        partials=config.partials,
        commit=config.commit,
    )
