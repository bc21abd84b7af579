"""Work that begins at a pause, in case that the utterance is over: recognition, translation, first audio."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field

from sokuji.audio.segment_events import Utterance
from sokuji.contract import AudioChunk, Transcript, TranslatedText
from sokuji.errors import NotRecognised
from sokuji.session.clause import Clause

VoiceStream = AsyncGenerator[AudioChunk, None]


class SpeculativeOutput:
    """The translation and the first audio of a clause in one target language, made before it is committed."""

    def __init__(
        self, translate: Callable[[], Awaitable[TranslatedText]], speak: Callable[[str], VoiceStream] | None
    ) -> None:
        self._speak = speak
        self._voice: VoiceStream | None = None
        self._translation: asyncio.Future[TranslatedText] = asyncio.ensure_future(translate())
        self._first: asyncio.Task[AudioChunk | None] = asyncio.create_task(self._begin_voice())
        self._dropping: asyncio.Task[None] | None = None

    @property
    def speaks(self) -> bool:
        """Whether it has a voice."""
        return self._speak is not None

    @property
    def is_over(self) -> bool:
        """Whether it has been dropped."""
        return self._dropping is not None and self._dropping.done()

    async def translation(self) -> TranslatedText:
        """The translation; raises what translating raised."""
        return await asyncio.shield(self._translation)

    async def voice(self) -> VoiceStream:
        """All chunks, the prepared one first; raises what speaking raised. Call ``drop`` afterwards."""
        first = await asyncio.shield(self._first)
        if first is not None:
            yield first
        if self._voice is not None:
            async for chunk in self._voice:
                yield chunk

    async def drop(self) -> None:
        """Stop all of it; the stop completes even if the caller is cancelled."""
        self._dropping = self._dropping or asyncio.create_task(self._stop())
        await asyncio.shield(self._dropping)

    async def _stop(self) -> None:
        self._translation.cancel()
        self._first.cancel()
        # Without this, errors that no caller asks for would be logged as never retrieved.
        await asyncio.gather(self._translation, self._first, return_exceptions=True)
        if self._voice is not None:
            await self._voice.aclose()

    async def _begin_voice(self) -> AudioChunk | None:
        translation = await asyncio.shield(self._translation)
        if self._speak is None or not translation.text:
            return None
        self._voice = self._speak(translation.text)
        return await anext(self._voice, None)


@dataclass(slots=True)
class Speculation:
    """What was begun at a pause of one segment."""

    utterance: Utterance
    """As it will be if the silence lasts."""
    transcript: asyncio.Task[Transcript | NotRecognised | None]
    """``NotRecognised``: there are no words, and another attempt finds none either; None: it failed."""
    clause: Clause | None = None
    outputs: dict[str, SpeculativeOutput] = field(default_factory=dict)
    """By target language."""
    dropped: bool = False

    def foresaw(self, utterance: Utterance) -> bool:
        """Whether the utterance ended as it was at the pause."""
        foreseen = self.utterance.start_ms, self.utterance.end_ms
        return not self.dropped and foreseen == (utterance.start_ms, utterance.end_ms)

    def take_outputs(self, clause: Clause) -> dict[str, SpeculativeOutput]:
        """Hand over what was prepared for exactly this clause; empty if that is something else."""
        if self.clause != clause:
            return {}
        outputs, self.outputs = self.outputs, {}
        return outputs

    async def drop(self) -> None:
        """Stop what follows the recognition."""
        self.dropped = True
        for output in self.outputs.values():
            await output.drop()
        self.outputs = {}
