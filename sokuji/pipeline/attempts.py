"""One attempt at one provider: reduces the request to what the provider takes, and measures the time."""

import asyncio
import dataclasses
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import TypeVar

from sokuji.contract import (
    AudioChunk,
    RecognitionRequest,
    SynthesisRequest,
    Transcript,
    TranslatedText,
    TranslationRequest,
    Voice,
)
from sokuji.errors import SokujiError
from sokuji.pipeline import metrics
from sokuji.pipeline.fallback import Candidate
from sokuji.pipeline.members import (
    InfoT,
    Member,
    ProviderT,
    RecogniserMember,
    SynthesiserMember,
    TranslatorMember,
)
from sokuji.text import glossary_protection
from sokuji.text.scripts import romanised
from sokuji.text.spoken.spoken_form import spoken_form

T = TypeVar("T")


def candidate(member: Member[ProviderT, InfoT], attempt: Callable[[], T]) -> Candidate[T]:
    """``member`` as a candidate for fallback."""
    return Candidate(member.info.provider, member.breaker, attempt)


async def recognise(member: RecogniserMember, request: RecognitionRequest) -> Transcript:
    """One attempt; fields that the recogniser does not take are left out."""
    info = member.info
    reduced = dataclasses.replace(
        request,
        context=request.context if info.takes_context else "",
        prefix=request.prefix if info.takes_prefix else "",
        word_times=request.word_times and info.gives_word_times,
    )
    began = time.monotonic()
    (answer,) = await member.provider.transcribe([reduced])
    transcript = _result(answer)
    kind: metrics.Kind = "interim" if request.interim else "final"
    metrics.record_response("stt", info.provider, time.monotonic() - began, transcript.effort, kind)
    return dataclasses.replace(transcript, provider=info.provider)


async def translate(member: TranslatorMember, request: TranslationRequest) -> TranslatedText:
    """One attempt; context is left out if the translator takes none.

    A glossary that the translator does not take is applied by ``glossary_protection``, and the result then
    has no score.
    """
    info = member.info
    takes_glossary = info.takes_glossary_for(request.source, request.target)
    reduced = dataclasses.replace(
        request,
        context=request.context if info.takes_context else (),
        glossary=request.glossary if takes_glossary else {},
    )
    if takes_glossary or not request.glossary:
        (translated,) = await _translate_batch(member, reduced, [request.text])
        return TranslatedText(text=translated.text, score=translated.score, provider=info.provider)
    text = await glossary_protection.translate(
        request.text, request.glossary, partial(_translate_parts, member, reduced)
    )
    return TranslatedText(text=text, provider=info.provider)


async def synthesize(
    member: SynthesiserMember, voice: Voice, request: SynthesisRequest
) -> AsyncGenerator[AudioChunk, None]:
    """One attempt; a voice that does not read numbers and signs gets the text as it is spoken."""
    text = request.text
    if not member.info.reads_notation:
        # In a thread: the words of a language are loaded when it is first spoken.
        text = await asyncio.to_thread(_in_words, text, request.language)
    reduced = dataclasses.replace(request, voice=voice.id, text=text)
    async with aclosing(member.provider.synthesize(reduced)) as chunks:
        async for chunk in chunks:
            yield chunk


def _in_words(text: str, language: str) -> str:
    return spoken_form(romanised(text, language), language)


async def _translate_parts(
    member: TranslatorMember, request: TranslationRequest, texts: Sequence[str]
) -> list[str]:
    return [translated.text for translated in await _translate_batch(member, request, texts)]


async def _translate_batch(
    member: TranslatorMember, request: TranslationRequest, texts: Sequence[str]
) -> list[TranslatedText]:
    """``texts`` translated in one call; all else is as in ``request``."""
    began = time.monotonic()
    answers = await member.provider.translate([dataclasses.replace(request, text=text) for text in texts])
    results = [_result(answer) for answer in answers]
    effort = results[0].effort if results else None
    metrics.record_response("translation", member.info.provider, time.monotonic() - began, effort)
    return results


def _result(answer: T | SokujiError) -> T:
    if isinstance(answer, SokujiError):
        raise answer
    return answer
