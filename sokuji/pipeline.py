"""One utterance through the three stages: which provider, which route, with deadlines and retries.

The pipeline holds no conversation; sessions, recordings and the REST doors all call it. It knows the stages
only as Protocols: in the service they are handles of Serve deployments, in the command line and the tests
they are providers in the same process.
"""

import asyncio
import dataclasses
import logging
import time
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from sokuji import metrics, protection
from sokuji.audio import StreamingResampler
from sokuji.catalogue import Catalogue
from sokuji.config import Deadlines
from sokuji.errors import Overloaded, SokujiError
from sokuji.glossary import EMPTY, find, normal, replace
from sokuji.providers.base import (
    AudioChunk,
    RecognitionRequest,
    SpeechToText,
    SpeechToTextInfo,
    SynthesisRequest,
    TextToSpeech,
    TextToSpeechInfo,
    Transcript,
    TranslationInfo,
    TranslationRequest,
    Translator,
)
from sokuji.resilience import call, stream

log = logging.getLogger(__name__)

T = TypeVar("T")
StageName = Literal["stt", "translation", "tts"]
State = Literal["ready", "uninitialized", "initializing", "error", "stopped"]
DESCRIBE_TIMEOUT_S = 5.0
MISSES_OF_A_BROKEN_STAGE = 3


@dataclass(frozen=True)
class Stages:
    """The providers of each stage, in order of preference."""

    stt: Sequence[SpeechToText]
    translation: Sequence[Translator]
    tts: Sequence[TextToSpeech]


class Pipeline:
    """Recognise, translate, speak. ``refresh`` must have succeeded once before anything else works."""

    def __init__(self, stages: Stages, deadlines: Deadlines) -> None:
        self._stages = stages
        self.deadlines = deadlines
        self._infos: dict[StageName, list[Any]] = {}
        self._misses: Counter[StageName] = Counter()
        self._catalogue: Catalogue | None = None
        self.health: dict[StageName, State] = {
            "stt": "uninitialized",
            "translation": "uninitialized",
            "tts": "uninitialized",
        }

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
        """Ask every provider what it can do and note which stages answer; cheap, no inference."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._refresh_stage("stt", self._stages.stt))
            group.create_task(self._refresh_stage("translation", self._stages.translation))
            group.create_task(self._refresh_stage("tts", self._stages.tts))
        if len(self._infos) == len(self.health):
            stt: list[SpeechToTextInfo] = self._infos["stt"]
            translation: list[TranslationInfo] = self._infos["translation"]
            tts: list[TextToSpeechInfo] = self._infos["tts"]
            found = Catalogue(tuple(stt), tuple(translation), tuple(tts))
            if found != self._catalogue:
                self._catalogue = found

    async def _refresh_stage(self, name: StageName, providers: Sequence[Any]) -> None:
        if self.health[name] == "uninitialized":
            self.health[name] = "initializing"
        try:
            async with asyncio.timeout(DESCRIBE_TIMEOUT_S):
                self._infos[name] = list(await asyncio.gather(*(each.describe() for each in providers)))
            self.health[name] = "ready"
            self._misses[name] = 0
        except Overloaded:
            self._misses[name] = 0
        except (SokujiError, TimeoutError) as error:
            self._misses[name] += 1
            # A stage that is only busy may miss one.
            if self.health[name] == "ready" and self._misses[name] >= MISSES_OF_A_BROKEN_STAGE:
                self.health[name] = "error"
            log.info("stage %s does not answer: %s", name, error or "timed out")

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

        ``prefix`` and ``word_times`` are for recognisers that know them, and left out for others; see
        ``RecognitionRequest``.
        """
        index = self.catalogue.recogniser(language)
        info = self.catalogue.stt[index]
        request = RecognitionRequest(
            pcm=pcm,
            language=language,
            context=context,
            prefix=prefix if info.takes_prefix else "",
            interim=interim,
            word_times=word_times and info.gives_word_times,
        )
        return await self._transcribe(index, request)

    async def translate_speech(
        self,
        transcript: Transcript,
        pcm: bytes,
        target: str,
        *,
        context: tuple[str, ...] = (),
        glossary: Mapping[str, str] = EMPTY,
    ) -> str:
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
        if find(normal(transcript.text), glossary):
            self.catalogue.check_glossary(source, target)
        middle = route.via or target
        index = self.catalogue.recogniser(source, translating_to=middle)
        request = RecognitionRequest(pcm=pcm, language=source, task="translate")
        heard = await self._transcribe(index, request)
        return await self.translate_text(heard.text, middle, target)

    async def translate_text(
        self,
        text: str,
        source: str,
        target: str,
        context: tuple[str, ...] = (),
        glossary: Mapping[str, str] = EMPTY,
    ) -> str:
        """``text`` in the language ``target``; both codes canonical.

        Args:
            context: preceding sentences in ``source``, left out where the translator takes none.
            glossary: source term -> what it must be in the translation, whatever the translator; it has
                passed ``glossary.check``.

        Raises:
            UnsupportedLanguage: no text model covers the pair.
        """
        if source == target or not text.strip():
            return replace(text, glossary)
        self.catalogue.check_text_pair(source, target)
        index = self.catalogue.translator(source, target)
        translator, info = self._stages.translation[index], self.catalogue.translation[index]
        request = TranslationRequest(
            text=text,
            source=source,
            target=target,
            context=context if info.takes_context else (),
            glossary=glossary if info.takes_glossary else {},
        )

        async def ask(texts: Sequence[str]) -> list[str]:
            began = time.monotonic()
            answers = await call(
                lambda: translator.translate([dataclasses.replace(request, text=each) for each in texts]),
                deadline_s=self.deadlines.translation_s,
                what="translation",
            )
            good = [_good(answer) for answer in answers]
            took_s = time.monotonic() - began
            metrics.answered("translation", info.provider, took_s, good[0].effort if good else None)
            return [each.text for each in good]

        if glossary and not info.takes_glossary:
            return await protection.translate(text, glossary, ask)
        (translation,) = await ask([text])
        return translation

    async def speak(
        self, text: str, language: str, *, voice_id: str, speed: float = 1.0, sample_rate: int | None = None
    ) -> AsyncGenerator[AudioChunk, None]:
        """The voice, chunk by chunk, at ``sample_rate`` Hz (None: the voice's own).

        Raises:
            UnknownVoice, UnsupportedLanguage: no such voice for the language.
        """
        index, voice = self.catalogue.voice(voice_id, language)
        synthesiser = self._stages.tts[index]
        request = SynthesisRequest(text=text, language=language, voice=voice.id, speed=speed)
        chunks = stream(
            lambda: synthesiser.synthesize(request), deadline_s=self.deadlines.tts_s, what="speech synthesis"
        )
        resampler: StreamingResampler | None = None
        began = time.monotonic()
        async with aclosing(chunks):
            async for chunk in chunks:
                if resampler is None:
                    provider = self.catalogue.tts[index].provider
                    metrics.answered("tts", provider, time.monotonic() - began, chunk.effort)
                rate = sample_rate or chunk.sample_rate
                resampler = resampler or StreamingResampler(chunk.sample_rate, rate)
                pcm = await asyncio.to_thread(_resample, resampler, chunk)
                yield AudioChunk(pcm, rate, chunk.last)

    async def _transcribe(self, index: int, request: RecognitionRequest) -> Transcript:
        recogniser, provider = self._stages.stt[index], self.catalogue.stt[index].provider
        began = time.monotonic()
        answers = await call(
            lambda: recogniser.transcribe([request]), deadline_s=self.deadlines.stt_s, what="recognition"
        )
        (answer,) = answers
        transcript = _good(answer)
        took_s = time.monotonic() - began
        kind: metrics.Kind = "interim" if request.interim else "final"
        metrics.answered("stt", provider, took_s, transcript.effort, kind)
        return transcript


def _resample(resampler: StreamingResampler, chunk: AudioChunk) -> bytes:
    return resampler.push(chunk.pcm) + (resampler.flush() if chunk.last else b"")


def _good(answer: T | SokujiError) -> T:
    if isinstance(answer, SokujiError):
        raise answer
    return answer
