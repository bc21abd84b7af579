"""One target language of a session: what was said is translated, then spoken, in order.

Translation and voice are two stages, so that a clause is translated while the one before it is spoken. Every
branch has queues of its own: one that is slow or fails does not hold the others back. The queues need no
bound of their own, for the session's backlog limit counts what no branch has delivered yet.
"""

import asyncio
import contextlib
from dataclasses import dataclass

from sokuji import events
from sokuji.contract import TranslatedText
from sokuji.errors import SokujiError, UnknownVoice, UnsupportedLanguage
from sokuji.pipeline.pipeline import Pipeline
from sokuji.pipeline.voice_selection import DEFAULT_VOICE
from sokuji.session.clause import Clause, SpeculativeOutput, VoiceStream
from sokuji.session.output import ClausePosition, SessionOutput


@dataclass(slots=True)
class _Spoken:
    """A clause on its way to the voice; ``number`` counts the translations of the segment."""

    clause: Clause
    number: int
    prepared: SpeculativeOutput | None
    text: str = ""
    """Its translation."""
    waits: bool = False
    """Whether its words are translated with the end of the segment."""


class Branch:
    """Translates and speaks clauses in one target language; ``run`` works until ``end`` has been worked off.

    ``aclose`` comes last, when nobody prepares anything any more.
    """

    def __init__(self, target: str, pipeline: Pipeline, outlet: SessionOutput) -> None:
        self.target = target
        self._pipeline = pipeline
        self._outlet = outlet
        self._committed: asyncio.Queue[tuple[Clause, SpeculativeOutput | None] | None] = asyncio.Queue()
        self._translated: asyncio.Queue[_Spoken | None] = asyncio.Queue()
        self._prepared: list[SpeculativeOutput] = []
        """What may have to be dropped, whoever has it."""
        self._number = 0
        self._speaking: asyncio.Task[None] | None = None
        self._speaking_place: ClausePosition = (-1, 0)

    def put(self, clause: Clause, prepared: SpeculativeOutput | None = None) -> None:
        """Take the next clause; ``prepared`` is what ``prepare`` gave for the same words."""
        self._committed.put_nowait((clause, prepared))

    def end(self) -> None:
        """No more clauses come."""
        self._committed.put_nowait(None)

    def prepare(self, clause: Clause) -> SpeculativeOutput:
        """Begin to translate and to speak, without telling anybody."""

        def speak(text: str) -> VoiceStream:
            return self._voice(clause, text)

        prepared = SpeculativeOutput(
            lambda: self._translation(clause), speak if clause.conversation.speak else None
        )
        self._prepared = [each for each in self._prepared if not each.is_over] + [prepared]
        return prepared

    def hush(self) -> None:
        """Stop the voice if the clause that it speaks has been muted."""
        if self._speaking is not None and self._outlet.is_muted(self._speaking_place):
            self._speaking.cancel()

    async def run(self) -> None:
        """Translate and speak until the end."""
        async with asyncio.TaskGroup() as stages:
            stages.create_task(self._translate())
            stages.create_task(self._speak())

    async def aclose(self) -> None:
        """Drop whatever has been prepared."""
        await asyncio.gather(*(each.drop() for each in self._prepared))

    async def _translate(self) -> None:
        while (item := await self._committed.get()) is not None:
            clause, prepared = item
            spoken = _Spoken(clause, self._number, prepared)
            spoken.waits = clause.ending is None and self._waits(clause)
            if not spoken.waits:
                async with self._outlet.reporting(clause.segment_id):
                    await self._translate_unit(spoken)
                self._number = 0 if clause.ending else self._number + 1
            self._translated.put_nowait(spoken)
        self._translated.put_nowait(None)

    def _waits(self, clause: Clause) -> bool:
        """Whether its words are nothing without the rest of the segment."""
        try:
            return self._from_speech(clause)
        except UnsupportedLanguage:
            return True  # Said once, when the segment ends.

    def _from_speech(self, clause: Clause) -> bool:
        return self._pipeline.catalogue.route(clause.language, self.target).from_speech

    async def _translate_unit(self, spoken: _Spoken) -> None:
        clause = spoken.clause
        translation = await self._translation_of(spoken)
        spoken.text = translation.text
        await self._outlet.emit(
            events.TranslationText(
                segment_id=clause.segment_id,
                clause=spoken.number,
                text=translation.text,
                source_language=clause.language,
                target_language=self.target,
                is_final=clause.ending is not None,
                provider=translation.provider,
                score=translation.score,
            )
        )

    async def _translation_of(self, spoken: _Spoken) -> TranslatedText:
        if spoken.prepared is not None:
            try:
                return await spoken.prepared.translation()
            except SokujiError:
                await spoken.prepared.drop()
                spoken.prepared = None
        clause = spoken.clause
        return await self._outlet.insist(clause.segment_id, clause.began, lambda: self._translation(clause))

    async def _translation(self, clause: Clause) -> TranslatedText:
        glossary, ending = clause.conversation.glossary, clause.ending
        if ending is not None and self._from_speech(clause):
            return await self._pipeline.translate_speech(
                ending.transcript, ending.utterance.pcm, self.target, glossary=glossary
            )
        return await self._pipeline.translate_text(
            clause.text, clause.language, self.target, context=clause.context, glossary=glossary
        )

    async def _speak(self) -> None:
        while (spoken := await self._translated.get()) is not None:
            clause = spoken.clause
            if spoken.text and clause.conversation.speak and not self._outlet.is_muted(clause.place):
                async with self._outlet.reporting(clause.segment_id):
                    await self._speak_unless_cancelled(spoken)
            if spoken.prepared is not None:
                await spoken.prepared.drop()
            if not spoken.waits:
                await self._outlet.delivered(clause.place, self.target)

    async def _speak_unless_cancelled(self, spoken: _Spoken) -> None:
        self._speaking_place = spoken.clause.place
        self._speaking = asyncio.create_task(self._speak_unit(spoken))
        try:
            await asyncio.wait([self._speaking])
            if not self._speaking.cancelled():
                self._speaking.result()
        finally:
            self._speaking.cancel()
            await asyncio.gather(self._speaking, return_exceptions=True)
            self._speaking = None

    async def _speak_unit(self, spoken: _Spoken) -> None:
        clause = spoken.clause
        voice = spoken.prepared.voice() if spoken.prepared else self._voice(clause, spoken.text)
        number = 0
        async with contextlib.aclosing(voice):
            async for chunk in voice:
                audio = events.Audio(
                    segment_id=clause.segment_id,
                    clause=spoken.number,
                    chunk=number,
                    target_language=self.target,
                    pcm=chunk.pcm,
                    sample_rate=chunk.sample_rate,
                    last=chunk.last,
                    provider=chunk.provider,
                )
                await self._outlet.emit(audio, clause.place)
                number += 1

    def _voice(self, clause: Clause, text: str) -> VoiceStream:
        wanted = clause.conversation
        return self._pipeline.speak(
            text,
            self.target,
            voice_id=self._voice_id(wanted.voice_id),
            speed=wanted.speed,
            sample_rate=wanted.output_sample_rate,
        )

    def _voice_id(self, wanted: str) -> str:
        """The voice asked for, where it speaks this language."""
        try:
            self._pipeline.catalogue.voice(wanted, self.target)
        except UnknownVoice:
            return DEFAULT_VOICE
        return wanted
