"""One attempt at one provider: reduces the request to what the provider takes, and measures the time."""

import asyncio
import dataclasses
import math
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import TypeVar

from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.contract import (
    AudioChunk,
    RecognitionRequest,
    StageRequest,
    SynthesisRequest,
    Transcript,
    TranslatedText,
    TranslationRequest,
    Voice,
)
from sokuji.errors import SokujiError
from sokuji.metrics import stages as metrics
from sokuji.pipeline.attempt_schedule import Candidate
from sokuji.pipeline.attempt_span import attempt_span, of_effort
from sokuji.pipeline.members import (
    InfoT,
    Member,
    ProviderT,
    RecogniserMember,
    SynthesiserMember,
    TranslatorMember,
)
from sokuji.telemetry.tracing import CallSpan
from sokuji.text.protection import translation as protection
from sokuji.text.protection.passage import TranslationTask
from sokuji.text.scripts import romanised
from sokuji.text.spoken.spoken_form import spoken_form

T = TypeVar("T")

TEXTS_OF_A_CALL = 8
"""More than those of an utterance. A long text is many calls, each of which is soon answered: a model whose
calls have no answer for long is taken to hang."""


def candidate(
    member: Member[ProviderT, InfoT], request: StageRequest, attempt: Callable[[], T]
) -> Candidate[T]:
    """``member`` as a candidate for fallback."""
    return Candidate(member.info.provider, member.breaker, attempt, urgent=request.urgent)


async def recognise(member: RecogniserMember, request: RecognitionRequest) -> Transcript:
    """One attempt; fields that the recogniser does not take are left out."""
    info = member.info
    reduced = dataclasses.replace(
        request,
        language_prior={
            code: weight for code, weight in request.language_prior.items() if code in info.languages
        },
        context=request.context if info.takes_context else "",
        word_times=request.word_times and info.gives_word_times,
    )
    began = time.monotonic()
    asked = {"source_language": request.language, "task": request.task, "interim": request.interim}
    with attempt_span("stt", info, asked) as span, span.active():
        (answer,) = await member.provider.transcribe([reduced])
        transcript = _result(answer)
        span.note({"source_language": transcript.language, **of_effort(transcript.effort)})
    kind: metrics.Kind = "interim" if request.interim else "final"
    metrics.record_response("stt", info.provider, time.monotonic() - began, transcript.effort, kind)
    audio_s = len(request.pcm) / 2 / RECOGNISER_RATE
    metrics.record_transcript(info.provider, audio_s, transcript.confidence, kind)
    member.load.answered(transcript.effort, urgent=request.urgent)
    return dataclasses.replace(transcript, provider=info.provider)


async def translate(member: TranslatorMember, request: TranslationRequest) -> TranslatedText:
    """One attempt; context is left out if the translator takes none.

    What must not change in the text is protected, and so are the terms of a glossary that the translator does
    not take (``text.protection``). The translation has a score if the translator gave one for the text as it
    is, and no provider if there was nothing to translate.

    Raises:
        ProviderFailed: the translation is empty although the text has words, or has digits that it has not.
    """
    info = member.info
    takes_glossary = info.takes_glossary_for(request.source, request.target)
    reduced = dataclasses.replace(
        request,
        context=request.context if info.takes_context else (),
        glossary=request.glossary if takes_glossary else {},
    )
    task = TranslationTask(
        request.text,
        (request.source, request.target),
        glossary={} if takes_glossary else request.glossary,
        native_glossary=reduced.glossary,
        by_sentence=not info.takes_context,
    )
    calls = _TranslationCalls(member, reduced)
    text = await protection.translate(task, calls.translate)
    return TranslatedText(
        text=text,
        score=None if task.glossary else calls.score,
        provider=info.provider if calls.count else None,
    )


async def synthesize(
    member: SynthesiserMember, voice: Voice, request: SynthesisRequest
) -> AsyncGenerator[AudioChunk, None]:
    """One attempt; a voice that does not read numbers and signs gets the text as it is spoken."""
    text = request.text
    if not member.info.reads_notation:
        # In a thread: the words of a language are loaded when it is first spoken.
        text = await asyncio.to_thread(_in_words, text, request.language)
    reduced = dataclasses.replace(request, voice=voice.id, text=text)
    asked = {"target_language": request.language, "voice": voice.id}
    with attempt_span("tts", member.info, asked) as span:
        async with aclosing(member.provider.synthesize(reduced)) as chunks:
            is_first = True
            while (chunk := await _next(chunks, span)) is not None:
                member.load.answered(chunk.effort, urgent=request.urgent, first=is_first)
                if is_first:
                    span.note(of_effort(chunk.effort))
                    metrics.record_spoken_text(member.info.provider, len(request.text))
                metrics.record_speech(member.info.provider, chunk)
                is_first = False
                yield chunk


async def _next(chunks: AsyncGenerator[AudioChunk, None], span: CallSpan) -> AudioChunk | None:
    with span.active():
        return await anext(chunks, None)


def _in_words(text: str, language: str) -> str:
    return spoken_form(romanised(text, language), language)


class _TranslationCalls:
    """Calls a translator with several texts at a time; all else is as in ``request``."""

    def __init__(self, member: TranslatorMember, request: TranslationRequest) -> None:
        self._member = member
        self._request = request
        self._scores: list[float | None] = []
        self.count = 0

    async def translate(self, texts: Sequence[str]) -> list[str]:
        """The translations, from one call after the other with at most ``TEXTS_OF_A_CALL`` each."""
        results: list[TranslatedText] = []
        for start in range(0, len(texts), TEXTS_OF_A_CALL):
            results += await self._call(texts[start : start + TEXTS_OF_A_CALL])
        self.count += 1
        self._scores = [each.score for each in results]
        return [each.text for each in results]

    async def _call(self, texts: Sequence[str]) -> list[TranslatedText]:
        began = time.monotonic()
        requests = [dataclasses.replace(self._request, text=text) for text in texts]
        pair = {"source_language": self._request.source, "target_language": self._request.target}
        info = self._member.info
        with attempt_span("translation", info, {**pair, "texts": len(texts)}) as span, span.active():
            results = [_result(answer) for answer in await self._member.provider.translate(requests)]
            effort = results[0].effort
            span.note(of_effort(effort))
        metrics.record_response("translation", info.provider, time.monotonic() - began, effort)
        for text, each in zip(texts, results, strict=True):
            metrics.record_translation(info.provider, len(text), each.score)
            self._member.load.answered(each.effort, urgent=self._request.urgent)
        return results

    @property
    def score(self) -> float | None:
        """Geometric mean of the scores of the first texts, if no others were asked for."""
        scores = [each for each in self._scores if each is not None]
        if self.count != 1 or len(scores) != len(self._scores):
            return None
        return math.prod(scores) ** (1 / len(scores))


def _result(answer: T | SokujiError) -> T:
    if isinstance(answer, SokujiError):
        raise answer
    return answer
