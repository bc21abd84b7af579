"""What is translated and spoken in one piece, and what of it is made ahead of time."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field

from sokuji.audio.endpointing import Utterance
from sokuji.contract import AudioChunk, Transcript, TranslatedText
from sokuji.session.conversation import ConversationSettings
from sokuji.session.output import ClausePosition

VoiceStream = AsyncGenerator[AudioChunk, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What is known of a segment when its last clause is committed."""

    utterance: Utterance
    transcript: Transcript


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """What is translated and spoken in one piece: a clause, or all that is left of a segment."""

    segment_id: int
    clause: int
    """Its number in the segment, from 0."""
    text: str
    """Words in the language spoken; empty where nothing was left when the segment ended."""
    language: str
    conversation: ConversationSettings
    context: tuple[str, ...] = ()
    """What was said before it, oldest first."""
    ending: Ending | None = None
    """With the last clause of a segment."""
    began: float = field(default_factory=time.monotonic, compare=False)

    @property
    def place(self) -> ClausePosition:
        """Its place in the session."""
        return self.segment_id, self.clause


class SpeculativeOutput:
    """A translation and the beginning of its voice, made before it is sure that they are wanted."""

    def __init__(
        self, translate: Callable[[], Awaitable[TranslatedText]], speak: Callable[[str], VoiceStream] | None
    ) -> None:
        self._speak = speak
        self._voice: VoiceStream | None = None
        self._translation: asyncio.Future[TranslatedText] = asyncio.ensure_future(translate())
        self._first: asyncio.Task[AudioChunk | None] = asyncio.create_task(self._begin_voice())
        self._dropping: asyncio.Task[None] | None = None

    @property
    def is_over(self) -> bool:
        """Whether it has been dropped."""
        return self._dropping is not None and self._dropping.done()

    async def translation(self) -> TranslatedText:
        """The translation; raises what translating raised."""
        return await asyncio.shield(self._translation)

    async def voice(self) -> VoiceStream:
        """All chunks, the prepared one first; raises what speaking raises. ``drop`` comes after it."""
        first = await asyncio.shield(self._first)
        if first is not None:
            yield first
        if self._voice is not None:
            async for chunk in self._voice:
                yield chunk

    async def drop(self) -> None:
        """Stop all of it; that goes on where the caller is cancelled."""
        self._dropping = self._dropping or asyncio.create_task(self._stop())
        await asyncio.shield(self._dropping)

    async def _stop(self) -> None:
        self._translation.cancel()
        self._first.cancel()
        # Nobody else may ever ask for their errors.
        await asyncio.gather(self._translation, self._first, return_exceptions=True)
        if self._voice is not None:
            await self._voice.aclose()

    async def _begin_voice(self) -> AudioChunk | None:
        translation = await asyncio.shield(self._translation)
        if self._speak is None or not translation.text:
            return None
        self._voice = self._speak(translation.text)
        return await anext(self._voice, None)
