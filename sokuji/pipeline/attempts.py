"""One attempt at one provider: it is asked for what it can do, and what its answer took is counted."""

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sokuji.contract import (
    Recogniser,
    RecogniserInfo,
    RecognitionRequest,
    Synthesiser,
    SynthesiserInfo,
    Transcript,
    TranslatedText,
    TranslationRequest,
    Translator,
    TranslatorInfo,
)
from sokuji.errors import SokujiError
from sokuji.pipeline import metrics
from sokuji.pipeline.fallback import Choice
from sokuji.pipeline.members import Member
from sokuji.text import glossary_protection

T = TypeVar("T")
RecogniserMember = Member[Recogniser, RecogniserInfo]
TranslatorMember = Member[Translator, TranslatorInfo]
SynthesiserMember = Member[Synthesiser, SynthesiserInfo]


def choice(member: Member[Any, Any], ask: Callable[[], T]) -> Choice[T]:
    """``member`` as one that could answer."""
    return Choice(member.known.provider, member.breaker, ask)


async def recognise(member: RecogniserMember, request: RecognitionRequest) -> Transcript:
    """One attempt; what the recogniser does not know of is left out."""
    info = member.known
    asked = dataclasses.replace(
        request,
        context=request.context if info.takes_context else "",
        prefix=request.prefix if info.takes_prefix else "",
        word_times=request.word_times and info.gives_word_times,
    )
    began = time.monotonic()
    (answer,) = await member.provider.transcribe([asked])
    transcript = _good(answer)
    kind: metrics.Kind = "interim" if request.interim else "final"
    metrics.answered("stt", info.provider, time.monotonic() - began, transcript.effort, kind)
    return dataclasses.replace(transcript, provider=info.provider)


async def translate(member: TranslatorMember, request: TranslationRequest) -> TranslatedText:
    """One attempt; what the translator does not know of is left out, or seen to here."""
    info = member.known
    takes_glossary = info.takes_glossary_for(request.source, request.target)
    asked = dataclasses.replace(
        request,
        context=request.context if info.takes_context else (),
        glossary=request.glossary if takes_glossary else {},
    )
    score: float | None = None

    async def ask(texts: Sequence[str]) -> list[str]:
        nonlocal score
        began = time.monotonic()
        answers = await member.provider.translate([dataclasses.replace(asked, text=each) for each in texts])
        good = [_good(answer) for answer in answers]
        took_s = time.monotonic() - began
        metrics.answered("translation", info.provider, took_s, good[0].effort if good else None)
        score = good[0].score if len(good) == 1 else None
        return [each.text for each in good]

    if request.glossary and not takes_glossary:
        return TranslatedText(
            text=await glossary_protection.translate(request.text, request.glossary, ask),
            provider=info.provider,
        )
    (text,) = await ask([request.text])
    return TranslatedText(text=text, score=score, provider=info.provider)


def _good(answer: T | SokujiError) -> T:
    if isinstance(answer, SokujiError):
        raise answer
    return answer
