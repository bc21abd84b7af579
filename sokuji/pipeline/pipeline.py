"""One utterance through the three stages: which provider, which route, with deadlines, retries and fallback.

The pipeline holds no conversation; sessions, recordings and the REST doors all call it. It knows the stages
only as Protocols: in the service they are handles of Serve deployments, in the command line and the tests
they are providers in the same process.
"""

import asyncio
import dataclasses
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from functools import partial

from sokuji.audio.resampling import StreamingResampler
from sokuji.config import Deadlines, ResilienceSettings
from sokuji.contract import (
    AudioChunk,
    RecognitionRequest,
    StageName,
    SynthesisRequest,
    Transcript,
    TranslatedText,
    TranslationRequest,
)
from sokuji.errors import Overloaded
from sokuji.languages import LANGUAGES
from sokuji.pipeline import metrics
from sokuji.pipeline.attempts import (
    RecogniserMember,
    SynthesiserMember,
    TranslatorMember,
    choice,
    recognise,
    translate,
)
from sokuji.pipeline.catalogue import Catalogue
from sokuji.pipeline.fallback import Choice, call, stream
from sokuji.pipeline.members import RecognitionStage, StageProviders, State, SynthesisStage, TranslationStage
from sokuji.text.glossary import NO_TERMS, find, normalised, replace


class Pipeline:
    """Recognise, translate, speak. ``refresh`` must have succeeded once before anything else works."""

    def __init__(
        self, stages: StageProviders, deadlines: Deadlines, resilience: ResilienceSettings | None = None
    ) -> None:
        self.deadlines = deadlines
        self.resilience = resilience or ResilienceSettings()
        self.stt: RecognitionStage = RecognitionStage.of("stt", stages.stt, lambda: self.resilience)
        self.translation: TranslationStage = TranslationStage.of(
            "translation", stages.translation, lambda: self.resilience
        )
        self.tts: SynthesisStage = SynthesisStage.of("tts", stages.tts, lambda: self.resilience)
        self._catalogue: Catalogue | None = None
        self._recognisers: list[RecogniserMember] = []
        self._translators: list[TranslatorMember] = []
        self._synthesisers: list[SynthesiserMember] = []

    @property
    def stages(self) -> tuple[RecognitionStage, TranslationStage, SynthesisStage]:
        """All three."""
        return self.stt, self.translation, self.tts

    @property
    def health(self) -> dict[StageName, State]:
        """How each stage is."""
        return {stage.name: stage.state for stage in self.stages}

    @property
    def catalogue(self) -> Catalogue:
        """What can be asked for.

        Raises:
            Overloaded: the stages have not all answered yet, shortly after a start.
        """
        if self._catalogue is None:
            waiting = [name for name, state in self.health.items() if state != "ready"]
            raise Overloaded(f"still starting ({', '.join(waiting)}); try again shortly", retry_after_s=5)
        return self._catalogue

    async def refresh(self) -> None:
        """Ask every provider what it can do and note which ones answer; cheap, no inference."""
        await asyncio.gather(*(stage.refresh() for stage in self.stages))
        if not all(stage.complete for stage in self.stages):
            return
        # The catalogue names providers by their place among these.
        self._recognisers, self._translators = self.stt.present, self.translation.present
        self._synthesisers = self.tts.present
        found = Catalogue(
            tuple(each.known for each in self._recognisers),
            tuple(each.known for each in self._translators),
            tuple(each.known for each in self._synthesisers),
        )
        if found != self._catalogue:
            self._catalogue = found

    async def recognise(
        self,
        pcm: bytes,
        language: str | None,
        *,
        context: str = "",
        prefix: str = "",
        interim: bool = False,
        word_times: bool = False,
    ) -> Transcript:
        """What was said in ``pcm`` (mono int16 at 16 kHz); ``language`` is canonical, None: detect it.

        ``context``, ``prefix`` and ``word_times`` are for recognisers that know them, and left out for
        others; see ``RecognitionRequest``.
        """
        request = RecognitionRequest(
            pcm=pcm, language=language, context=context, prefix=prefix, interim=interim, word_times=word_times
        )
        return await self._transcribe(self.catalogue.recognisers(language), request)

    async def translate_speech(
        self,
        transcript: Transcript,
        pcm: bytes,
        target: str,
        *,
        context: tuple[str, ...] = (),
        glossary: Mapping[str, str] = NO_TERMS,
    ) -> TranslatedText:
        """The recognised utterance in the language ``target``; ``pcm`` is its audio at 16 kHz.

        Args:
            context, glossary: as for ``translate_text``.

        Raises:
            UnsupportedLanguage: the language that was detected has no way to ``target``.
            NotSupported: a term of the glossary was spoken, but the recogniser itself translates.
        """
        source = transcript.language
        route = self.catalogue.route(source, target)
        if not route.from_speech:
            return await self.translate_text(transcript.text, source, target, context, glossary)
        if find(normalised(transcript.text), glossary):
            self.catalogue.check_glossary(source, target)
        middle = route.via or target
        request = RecognitionRequest(pcm=pcm, language=source, task="translate")
        heard = await self._transcribe(self.catalogue.recognisers(source, translating_to=middle), request)
        halfway = TranslatedText(text=heard.text, score=heard.confidence, provider=heard.provider)
        if middle == target:
            return halfway
        return _joined(halfway, await self.translate_text(heard.text, middle, target))

    async def translate_text(
        self,
        text: str,
        source: str,
        target: str,
        context: tuple[str, ...] = (),
        glossary: Mapping[str, str] = NO_TERMS,
    ) -> TranslatedText:
        """``text`` in the language ``target``; both codes canonical.

        Args:
            context: preceding sentences in ``source``, left out where the translator takes none.
            glossary: source term -> what it must be in the translation, whatever the translator; it has
                passed ``glossary.check``.

        Raises:
            UnsupportedLanguage: no text model covers the pair.
        """
        if source == target or not text.strip():
            return TranslatedText(text=replace(text, glossary))
        self.catalogue.check_text_pair(source, target)
        request = TranslationRequest(
            text=text, source=source, target=target, context=context, glossary=glossary
        )
        translators = [self._translators[index] for index in self.catalogue.translators(source, target)]
        return await call(
            [choice(each, partial(translate, each, request)) for each in translators],
            self.resilience,
            deadline_s=self.deadlines.translation_s,
            stage="translation",
        )

    async def speak(
        self, text: str, language: str, *, voice_id: str, speed: float = 1.0, sample_rate: int | None = None
    ) -> AsyncGenerator[AudioChunk, None]:
        """The voice, chunk by chunk, at ``sample_rate`` Hz (None: the voice's own).

        Raises:
            UnknownVoice, UnsupportedLanguage: no such voice for the language.
            InvalidRequest: the voice speaks at other speeds only.
        """
        choices = self._voices(text, language, voice_id, speed)
        chunks = stream(choices, self.resilience, deadline_s=self.deadlines.tts_s, stage="tts")
        speaker: _Speaker | None = None
        began = time.monotonic()
        async with aclosing(chunks):
            async for chunk in chunks:
                if speaker is None:
                    speaker = _Speaker(sample_rate or chunk.sample_rate)
                    took_s = time.monotonic() - began
                    metrics.answered("tts", chunk.provider or "", took_s, chunk.effort)
                yield await asyncio.to_thread(speaker.take, chunk)

    def _voices(
        self, text: str, language: str, voice_id: str, speed: float
    ) -> list[Choice[AsyncIterator[AudioChunk]]]:
        request = SynthesisRequest(text=text, language=LANGUAGES[language].spoken, speed=speed)
        voices = self.catalogue.voices_for(voice_id, language, speed)
        members = [(self._synthesisers[index], voice) for index, voice in voices]
        return [
            choice(member, partial(member.provider.synthesize, dataclasses.replace(request, voice=voice.id)))
            for member, voice in members
        ]

    async def _transcribe(self, indices: Sequence[int], request: RecognitionRequest) -> Transcript:
        recognisers = [self._recognisers[index] for index in indices]
        if request.interim:
            # Soon superseded: nobody else is asked, or paid, for it.
            recognisers = [each for each in recognisers if each.breaker.admits][:1] or recognisers[:1]
        return await call(
            [choice(each, partial(recognise, each, request)) for each in recognisers],
            self.resilience,
            deadline_s=self.deadlines.stt_s,
            stage="stt",
        )


def _joined(first: TranslatedText, second: TranslatedText) -> TranslatedText:
    """What was translated twice, by way of a third language; it is as good as both together."""
    known = first.score is not None and second.score is not None
    score = (first.score or 0) * (second.score or 0) if known else None
    names = [each.provider for each in (first, second) if each.provider]
    return TranslatedText(text=second.text, score=score, provider="+".join(names) or None)


class _Speaker:
    """Brings all chunks of a voice to one rate, also those of another voice that takes over."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._source: tuple[str | None, int] = (None, 0)
        self._resampler = StreamingResampler(rate, rate)

    def take(self, chunk: AudioChunk) -> AudioChunk:
        """The chunk at the common rate; computes."""
        pcm, source = b"", (chunk.provider, chunk.sample_rate)
        if source != self._source:
            pcm = self._resampler.flush()
            self._source, self._resampler = source, StreamingResampler(chunk.sample_rate, self._rate)
        pcm += self._resampler.push(chunk.pcm, last=chunk.last)
        return AudioChunk(pcm, self._rate, chunk.last, provider=chunk.provider)
