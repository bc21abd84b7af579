"""One target language of a session: clauses are translated, then spoken, in order.

Translation and voice run concurrently: a clause is translated while the one before it is spoken. Every branch
has queues of its own: a branch that is slow or fails does not hold the others back. The queues need no
bound, because the session processes no more audio while no branch delivers.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from sokuji import events
from sokuji.contract import TranslatedText
from sokuji.errors import SokujiError, UnknownVoice, UnsupportedLanguage, VoiceLeftOut
from sokuji.pipeline.pipeline import Pipeline
from sokuji.pipeline.voice_selection import DEFAULT_VOICE
from sokuji.session.audience import Audience
from sokuji.session.clause import Clause, ClausePosition
from sokuji.session.continued_sentence import ContinuedSentence
from sokuji.session.failures import FailureHandling
from sokuji.session.output import SessionOutput
from sokuji.session.speaker_voices import SpeakerVoices
from sokuji.session.speculation import SpeculativeOutput, VoiceStream
from sokuji.telemetry.call_ids import in_segment


@dataclass(slots=True)
class _TranslatedClause:
    """A clause on its way to the voice."""

    clause: Clause
    number: int
    """Counts the translations of the segment in this language, from 0."""
    prepared: SpeculativeOutput | None
    text: str = ""
    """The translation."""
    deferred: bool = False
    """Whether its words are translated at the end of the segment, together with the rest."""


class Branch:
    """Translates and speaks clauses in one target language; ``run`` works until ``end`` has been processed.

    Call ``aclose`` last, when nothing calls ``prepare`` any more.
    """

    def __init__(
        self,
        target: str,
        pipeline: Pipeline,
        output: SessionOutput,
        failures: FailureHandling,
        audience: Audience,
    ) -> None:
        self.target = target
        self._pipeline = pipeline
        self._output = output
        self._failures = failures
        self._audience = audience
        self._committed: asyncio.Queue[tuple[Clause, SpeculativeOutput | None] | None] = asyncio.Queue()
        self._translated: asyncio.Queue[_TranslatedClause | None] = asyncio.Queue()
        self._prepared: list[SpeculativeOutput] = []
        """Everything that may have to be dropped when the session ends."""
        self._previewing: asyncio.Task[None] | None = None
        """The translation of a clause that still grows."""
        self._foreseen: tuple[ClausePosition, SpeculativeOutput] | None = None
        """The last clause that was prepared: no more words of it may be shown than it begins with."""
        self._sentence = ContinuedSentence(target, self._translated_text)
        self._speaker_voices = SpeakerVoices()
        self._next_number = 0
        self._speaking: asyncio.Task[None] | None = None
        self._speaking_position: ClausePosition = (-1, 0)

    def put(self, clause: Clause, prepared: SpeculativeOutput | None = None) -> None:
        """Accept the next clause; ``prepared`` is what ``prepare`` returned for the same words."""
        self._stop_preview()
        self._sentence.expect(clause)
        self._committed.put_nowait((clause, prepared))

    def end(self) -> None:
        """Expect no more clauses."""
        self._committed.put_nowait(None)

    def prepare(self, clause: Clause) -> SpeculativeOutput:
        """Begin to translate and to speak a clause without emitting anything."""

        def speak(text: str) -> VoiceStream:
            return self._voice(clause, text)

        self._stop_preview()
        with in_segment(clause.segment_id):
            prepared = SpeculativeOutput(
                lambda: self._translation(clause), speak if self._speaks(clause) else None
            )
        self._prepared = [each for each in self._prepared if not each.is_over] + [prepared]
        self._foreseen = clause.position, prepared
        return prepared

    def preview(self, clause: Clause) -> None:
        """Begin to translate a clause that still grows, unless the translation before this one still runs."""
        foreseen, prepared = self._foreseen or (None, None)
        is_foreseen = foreseen == clause.position and prepared is not None and not prepared.is_over
        is_running = self._previewing is not None and not self._previewing.done()
        is_translated = self.translates_clauses(clause.language) and not clause.is_left_out(self.target)
        if is_translated and not is_foreseen and not is_running:
            self._previewing = asyncio.create_task(self._preview(clause))

    def _stop_preview(self) -> None:
        if self._previewing is not None:
            self._previewing.cancel()

    async def _preview(self, clause: Clause) -> None:
        # The translation of the complete clause is another attempt, and reports its error.
        with contextlib.suppress(SokujiError), in_segment(clause.segment_id):
            growing = await self._sentence.preview(clause)
            if growing is None:
                return
            await self._output.emit(
                events.PartialTranslation(
                    segment_id=clause.segment_id,
                    clause=self._next_number,
                    text=growing.text,
                    stable_chars=growing.stable_chars,
                    source_language=clause.language,
                    target_language=self.target,
                    provider=growing.provider,
                )
            )

    def translates_clauses(self, language: str) -> bool:
        """Whether words in a language can be translated before their segment ends."""
        try:
            return not self._from_speech(language)
        except UnsupportedLanguage:
            return False  # Reported once, at the end of the segment.

    def _from_speech(self, language: str) -> bool:
        return self._pipeline.catalogue.route(language, self.target).from_speech

    def stop_muted_voice(self) -> None:
        """Stop the voice if the clause that it speaks has been muted."""
        if self._speaking is not None and self._output.is_muted(self._speaking_position):
            self._speaking.cancel()

    async def run(self) -> None:
        """Translate and speak until the end."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._translate())
            tasks.create_task(self._speak())

    async def aclose(self) -> None:
        """Drop whatever has been prepared."""
        self._stop_preview()
        if self._previewing is not None:
            await asyncio.gather(self._previewing, return_exceptions=True)
        await asyncio.gather(*(each.drop() for each in self._prepared))

    async def _translate(self) -> None:
        while (item := await self._committed.get()) is not None:
            clause, prepared = item
            translated = _TranslatedClause(clause, self._next_number, prepared)
            translated.deferred = clause.final is None and not self.translates_clauses(clause.language)
            if not translated.deferred:
                if not clause.is_left_out(self.target):
                    async with self._reported(clause):
                        await self._translate_clause(translated)
                self._next_number = 0 if clause.final else self._next_number + 1
            await self._sentence.note(clause, translated.text)
            self._translated.put_nowait(translated)
        self._translated.put_nowait(None)

    async def _translate_clause(self, translated: _TranslatedClause) -> None:
        clause = translated.clause
        translation = await self._prepared_translation(translated)
        translated.text = translation.text
        await self._output.emit(
            events.TranslationText(
                segment_id=clause.segment_id,
                clause=translated.number,
                text=translation.text,
                source_language=clause.language,
                target_language=self.target,
                is_final=clause.final is not None,
                provider=translation.provider,
                score=translation.score,
                speaker=self._speaker(clause),
            ),
            clause.position,
            to_client=clause.is_for_client(self.target),
        )

    async def _prepared_translation(self, translated: _TranslatedClause) -> TranslatedText:
        """The translation that was prepared, or a new one where that is missing or failed."""
        if translated.prepared is not None:
            try:
                return await translated.prepared.translation()
            except SokujiError:
                await translated.prepared.drop()
                translated.prepared = None
        clause = translated.clause
        return await self._failures.retry(clause.segment_id, clause.began, lambda: self._translation(clause))

    async def _translation(self, clause: Clause) -> TranslatedText:
        final = clause.final
        if final is not None and self._from_speech(clause.language):
            return await self._pipeline.translate_speech(
                final.transcript, final.utterance.pcm, self.target, glossary=self._glossary(clause)
            )
        return await self._sentence.translate(clause)

    async def _translated_text(self, clause: Clause, text: str, context: tuple[str, ...]) -> TranslatedText:
        return await self._pipeline.translate_text(
            text, clause.language, self.target, context=context, glossary=self._glossary(clause)
        )

    async def _speak(self) -> None:
        while (translated := await self._translated.get()) is not None:
            clause = translated.clause
            if translated.text and self._speaks(clause) and not self._output.is_muted(clause.position):
                async with self._reported(clause):
                    if not self._output.may_speak(clause.position):
                        raise VoiceLeftOut("the voice is too far behind; the translation is not spoken")
                    await self._speak_until_muted(translated)
            if translated.prepared is not None:
                await translated.prepared.drop()
            if not translated.deferred:
                await self._output.delivered(clause.position, self.target)

    async def _speak_until_muted(self, translated: _TranslatedClause) -> None:
        self._speaking_position = translated.clause.position
        self._speaking = asyncio.create_task(self._speak_clause(translated))
        try:
            await asyncio.wait([self._speaking])
            if not self._speaking.cancelled():
                self._speaking.result()
        finally:
            self._speaking.cancel()
            await asyncio.gather(self._speaking, return_exceptions=True)
            self._speaking = None

    async def _speak_clause(self, translated: _TranslatedClause) -> None:
        clause, prepared = translated.clause, translated.prepared
        voice = prepared.voice() if prepared and prepared.speaks else self._voice(clause, translated.text)
        to_client = clause.conversation.speak and clause.is_for_client(self.target)
        number = 0
        async with contextlib.aclosing(voice):
            async for chunk in voice:
                audio = events.Audio(
                    segment_id=clause.segment_id,
                    clause=translated.number,
                    chunk=number,
                    target_language=self.target,
                    pcm=chunk.pcm,
                    sample_rate=chunk.sample_rate,
                    last=chunk.last,
                    provider=chunk.provider,
                    speaker=self._speaker(clause),
                )
                await self._output.emit(audio, clause.position, to_client=to_client)
                number += 1

    def _speaks(self, clause: Clause) -> bool:
        """Whether anybody wants to hear a clause."""
        to_client = clause.conversation.speak and clause.is_for_client(self.target)
        return to_client or self._audience.hears(self.target)

    def _glossary(self, clause: Clause) -> Mapping[str, str]:
        """The glossary, which is in the client's languages."""
        return clause.conversation.glossary if clause.is_for_client(self.target) else {}

    def _reported(self, clause: Clause) -> AbstractAsyncContextManager[None]:
        """Report an error as one of this clause in this language."""
        to_client = clause.is_for_client(self.target)
        return self._failures.reported(clause.segment_id, self.target, to_client=to_client)

    def _voice(self, clause: Clause, text: str) -> VoiceStream:
        settings = clause.conversation
        return self._pipeline.speak(
            text,
            self.target,
            voice_id=self._voice_id(clause),
            speed=settings.speed,
            sample_rate=settings.output_sample_rate,
        )

    def _voice_id(self, clause: Clause) -> str:
        """The voice asked for, where it speaks this language; where several speak, each has another one."""
        settings, catalogue, speaker = clause.conversation, self._pipeline.catalogue, self._speaker(clause)
        wanted = settings.voice_id
        try:
            preferred = catalogue.voice(wanted, self.target).id
        except UnknownVoice:
            wanted, preferred = DEFAULT_VOICE, catalogue.voice(DEFAULT_VOICE, self.target).id
        if speaker is None:
            return wanted
        voices = [voice.id for voice in catalogue.voices_of(self.target, settings.speed)]
        voice_id = self._speaker_voices.voice_id(speaker, preferred, voices, settings.speaker_voices)
        # The default voice has fallbacks of other providers.
        return wanted if voice_id == preferred else voice_id

    def _speaker(self, clause: Clause) -> str | None:
        """Who says a clause; None also where it stands for a segment in which several speak."""
        is_of_all = clause.number > 0 and clause.final is not None and self._from_speech(clause.language)
        return None if is_of_all else clause.speaker
