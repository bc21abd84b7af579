"""One utterance through the three stages, with routes, deadlines, retries and fallback.

The pipeline has no state of a conversation; sessions, recorded speech and REST calls all use it. It knows the
stages only as Protocols: in the service they are handles of Serve deployments, in the command line and in
tests they are providers in the same process.
"""

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import partial

from sokuji.contract import (
    AudioChunk,
    RecognitionRequest,
    SynthesisRequest,
    Transcript,
    TranslatedText,
    TranslationRequest,
)
from sokuji.metrics import stages as metrics
from sokuji.pipeline.attempts import candidate, synthesize, translate
from sokuji.pipeline.common_rate import CommonRate
from sokuji.pipeline.diarization import with_speakers
from sokuji.pipeline.fallback import call, stream
from sokuji.pipeline.heard_languages import NO_PRIOR
from sokuji.pipeline.served_stages import ServedStages
from sokuji.pipeline.speech_translation import chained, translate_speech
from sokuji.pipeline.word_recognition import find_words
from sokuji.text.glossary import NO_TERMS, find, normalised, replace
from sokuji.text.protection.translation import without_words

CHARACTERS_OF_A_PART = 1_000
"""Characters of a text to translate for which the deadline is meant: more than anybody says at a go."""


class Pipeline(ServedStages):
    """Recognises, translates and speaks, once ``refresh`` has found providers for all stages."""

    async def recognise(
        self,
        pcm: bytes,
        language: str | None,
        *,
        language_prior: Mapping[str, float] = NO_PRIOR,
        context: str = "",
        draft: str = "",
        interim: bool = False,
        thorough: bool = False,
        word_times: bool = False,
        diarize: bool = False,
    ) -> Transcript:
        """The transcript of ``pcm``, in which somebody speaks; arguments are as in ``RecognitionRequest``.

        With ``diarize`` it says who speaks, if that can be found out; its words are timed for that.
        ``context`` and ``word_times`` are left out for recognisers that do not take them.

        Raises:
            NotRecognised: no recogniser that works finds words; ``interim`` transcripts may be empty.
            UnsupportedLanguage: no recogniser knows ``language`` or a language of ``language_prior``, or none
                could detect the language.
            SokujiError: see ``fallback.call``.
        """
        request = RecognitionRequest(
            caller=self.caller.name,
            deferrable=not self.caller.is_live(),
            pcm=pcm,
            language=language,
            language_prior=language_prior,
            context=context,
            draft=draft,
            interim=interim,
            thorough=thorough,
            word_times=word_times or diarize,
        )
        recognisers = self.catalogue.recognisers(language, among=language_prior)
        found = find_words(recognisers, request, self.resilience, deadline_s=self.deadlines.stt_s)
        return await (with_speakers(self, pcm, found) if diarize else found)

    async def translate_speech(
        self,
        transcript: Transcript,
        pcm: bytes,
        target: str,
        *,
        context: tuple[str, ...] = (),
        glossary: Mapping[str, str] = NO_TERMS,
    ) -> TranslatedText:
        """A recognised utterance in the language ``target``.

        Args:
            transcript: of the utterance.
            pcm: audio of the utterance, mono int16 at 16 kHz.
            target: canonical code.
            context, glossary: as for ``translate_text``.

        Raises:
            UnsupportedLanguage: the language spoken has no route to ``target``.
            NotSupported: a term of the glossary was spoken, but the recogniser translates this language.
            SokujiError: see ``fallback.call``.
        """
        source = transcript.language
        route = self.catalogue.route(source, target)
        if not route.from_speech:
            return await self.translate_text(transcript.text, source, target, context, glossary)
        if find(normalised(transcript.text), glossary):
            self.catalogue.check_glossary(source, target)
        if (unchanged := without_words(transcript.text, (source, target))) is not None:
            return TranslatedText(text=unchanged)
        middle = route.via or target
        request = RecognitionRequest(
            caller=self.caller.name,
            deferrable=not self.caller.is_live(),
            pcm=pcm,
            language=source,
            task="translate",
        )
        recognisers = self.catalogue.recognisers(source, translating_to=middle)
        recognised = await call(
            [
                candidate(
                    each,
                    request,
                    partial(translate_speech, each, request, transcript.text, (source, middle)),
                )
                for each in recognisers
            ],
            self.resilience,
            deadline_s=self.deadlines.stt_s,
            stage="stt",
        )
        by_speech = TranslatedText(
            text=recognised.text, score=recognised.confidence, provider=recognised.provider
        )
        if middle == target:
            return by_speech
        return chained(by_speech, await self.translate_text(by_speech.text, middle, target))

    async def translate_text(
        self,
        text: str,
        source: str,
        target: str,
        context: tuple[str, ...] = (),
        glossary: Mapping[str, str] = NO_TERMS,
    ) -> TranslatedText:
        """``text`` in the language ``target``.

        Args:
            text: empty text, or text in ``target``, is only searched for terms of the glossary.
            source, target: canonical codes.
            context: preceding sentences in ``source``; left out if the translator takes none.
            glossary: term in ``text`` -> its translation, which holds with every translator; it must have
                passed ``glossary.check``.

        Raises:
            UnsupportedLanguage: no translator covers the pair.
            SokujiError: see ``fallback.call``.
        """
        if source == target or not text.strip():
            return TranslatedText(text=replace(text, glossary))
        self.catalogue.check_text_pair(source, target)
        request = TranslationRequest(
            caller=self.caller.name,
            deferrable=not self.caller.is_live(),
            text=text,
            source=source,
            target=target,
            context=context,
            glossary=glossary,
        )
        return await call(
            [
                candidate(each, request, partial(translate, each, request))
                for each in self.catalogue.translators(source, target)
            ],
            self.resilience,
            deadline_s=self.deadlines.translation_s,
            stage="translation",
            parts=math.ceil(len(text) / CHARACTERS_OF_A_PART),
        )

    async def speak(
        self, text: str, language: str, *, voice_id: str, speed: float = 1.0, sample_rate: int | None = None
    ) -> AsyncGenerator[AudioChunk, None]:
        """``text`` as speech, chunk by chunk.

        A text in a script that ``language`` does not have is spoken by a voice that reads it.

        Args:
            sample_rate: of all chunks, in Hz; None: that of the first chunk.

        Raises:
            NoVoice, UnknownVoice, UnsupportedLanguage, InvalidRequest: see ``Catalogue.voices_for_text``.
            SokujiError: see ``fallback.stream``.
        """
        reading = self.catalogue.voices_for_text(text, voice_id, language, speed)
        request = SynthesisRequest(
            caller=self.caller.name,
            deferrable=not self.caller.is_live(),
            text=text,
            language=reading.language,
            speed=speed,
        )
        candidates = [
            candidate(member, request, partial(synthesize, member, voice, request))
            for member, voice in reading.voices
        ]
        chunks = stream(candidates, self.resilience, deadline_s=self.deadlines.tts_s, stage="tts")
        common_rate: CommonRate | None = None
        began = time.monotonic()
        async with aclosing(chunks):
            async for chunk in chunks:
                if common_rate is None:
                    common_rate = CommonRate(sample_rate or chunk.sample_rate)
                    took_s = time.monotonic() - began
                    metrics.record_response("tts", chunk.provider or "", took_s, chunk.effort)
                yield await asyncio.to_thread(common_rate.convert, chunk)
