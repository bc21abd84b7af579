"""Deadlines, retries and fallback: which provider of a stage gets a request, and for how long.

A round tries the candidates in order of preference, those with a closed circuit first. If an attempt fails,
the next candidate is tried at once; if it takes longer than ``fallback_after_s``, it is cancelled and the
next candidate is tried. After the round, candidates that were unavailable, overloaded or slow are retried
with exponential back-off, until the deadline of the stage. A failure of the model itself is not retried. A
provider whose process is gone is passed over while the next one is expected to answer sooner
(``attempt_schedule``).

Stages keep no state between calls, so a retry simply sends the request again.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TypeVar

from sokuji.config import ResilienceSettings
from sokuji.contract import AudioChunk, StageName
from sokuji.errors import NotSupported, UnsupportedLanguage
from sokuji.pipeline.attempt_schedule import AttemptSchedule, Candidate, deadline_exceeded
from sokuji.pipeline.circuit_breaker import FAILURES

T = TypeVar("T")
FALLBACK_ERRORS = (*FAILURES, NotSupported, UnsupportedLanguage)
"""Errors after which another candidate is tried. The last two are not failures, but another provider may be
able to serve the request, for example to detect the language of an utterance."""


async def call(
    candidates: Sequence[Candidate[Awaitable[T]]],
    rules: ResilienceSettings,
    *,
    deadline_s: float,
    stage: StageName,
    parts: int = 1,
) -> T:
    """The first good answer.

    Args:
        parts: the request is as much work as so many usual ones, and may take as many times as long.

    Raises:
        ProviderUnavailable, Overloaded: the last error, when ``deadline_s`` seconds have passed.
        DeadlineExceeded: no answer within ``deadline_s`` seconds for all attempts.
        ProviderFailed, NotSupported, UnsupportedLanguage: the last error, when no candidate is left.
    """
    schedule = AttemptSchedule(candidates, rules, deadline_s, stage, parts)
    while True:
        candidate, timeout_s = await schedule.next()
        try:
            with candidate.breaker.calling(urgent=candidate.urgent):
                try:
                    async with asyncio.timeout(timeout_s):
                        answer = await candidate.attempt()
                except TimeoutError:
                    raise deadline_exceeded(stage, timeout_s) from None
            schedule.answered(candidate)
            return answer
        except FALLBACK_ERRORS as error:
            schedule.failed(candidate, error)


async def stream(
    candidates: Sequence[Candidate[AsyncGenerator[AudioChunk, None]]],
    rules: ResilienceSettings,
    *,
    deadline_s: float,
    stage: StageName,
) -> AsyncGenerator[AudioChunk, None]:
    """Speech to its last chunk, with a deadline of ``deadline_s`` seconds for each chunk.

    If a provider fails on the way, it is retried first, and the audio already delivered is skipped. If it
    does not recover, the next candidate speaks the text from the beginning: repetition is better than loss.

    Raises:
        DeadlineExceeded, ProviderUnavailable, Overloaded, ProviderFailed: as ``call``.
    """
    schedule = AttemptSchedule(candidates, rules, deadline_s, stage)
    delivered_bytes = dict.fromkeys(candidates, 0)
    while True:
        candidate, timeout_s = await schedule.next()
        try:
            with candidate.breaker.calling(urgent=candidate.urgent) as answer_begun:
                try:
                    chunks = _remaining_chunks(candidate, delivered_bytes[candidate], timeout_s, schedule)
                    async with aclosing(chunks):
                        async for chunk in chunks:
                            answer_begun()
                            delivered_bytes[candidate] += len(chunk.pcm)
                            schedule.prefer(candidate)
                            yield replace(chunk, provider=candidate.provider)
                            schedule.restart_deadline()
                    schedule.answered(candidate)
                    return
                except TimeoutError:
                    raise deadline_exceeded(stage, deadline_s) from None
        except FALLBACK_ERRORS as error:
            schedule.failed(candidate, error)


async def _remaining_chunks(
    candidate: Candidate[AsyncGenerator[AudioChunk, None]],
    skip_bytes: int,
    first_timeout_s: float,
    schedule: AttemptSchedule[AsyncGenerator[AudioChunk, None]],
) -> AsyncGenerator[AudioChunk, None]:
    """The chunks of one attempt after the first ``skip_bytes`` of PCM, up to the last chunk.

    Raises:
        TimeoutError: no chunk within ``first_timeout_s`` seconds, or no chunk to deliver before the deadline
            of ``schedule``.
    """
    until = asyncio.get_running_loop().time() + first_timeout_s
    async with aclosing(candidate.attempt()) as chunks:
        while True:
            async with asyncio.timeout_at(until):
                chunk = await anext(chunks, None)
            if chunk is None:
                return
            skipped = min(skip_bytes, len(chunk.pcm))
            skip_bytes -= skipped
            if skipped < len(chunk.pcm) or chunk.last:
                yield replace(chunk, pcm=chunk.pcm[skipped:])
            if chunk.last:  # An error after the last chunk is no reason to speak the text again.
                return
            until = schedule.deadline
