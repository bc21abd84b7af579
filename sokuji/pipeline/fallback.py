"""Deadlines, retries and fallback: which provider of a stage is asked for an answer, and for how long.

The providers that could answer are asked in order of preference, those first whose circuit is closed. One
that fails makes room for the next one at once, one that is slow when ``fallback_after_s`` is over; that one
has its turn again when the others have failed. Stages keep no state between calls, so a call that was lost is
simply made again, by whoever is left, until the deadline of the stage. A failure of the model itself is not
repeated.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from sokuji.config import ResilienceSettings
from sokuji.contract import AudioChunk, StageName
from sokuji.errors import (
    DeadlineExceeded,
    NotSupported,
    Overloaded,
    ProviderUnavailable,
    SokujiError,
    UnsupportedLanguage,
)
from sokuji.pipeline import metrics
from sokuji.pipeline.circuit_breaker import FAILURES, CircuitBreaker

T = TypeVar("T")
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 1.0
FOR_ANOTHER = (*FAILURES, NotSupported, UnsupportedLanguage)
"""What another provider may do better: also what this one cannot do, such as tell which language it hears."""

_WHAT: dict[StageName, str] = {"stt": "recognition", "translation": "translation", "tts": "speech synthesis"}


@dataclass(frozen=True, slots=True)
class Choice(Generic[T]):
    """A provider that could answer, and how it is asked."""

    provider: str
    breaker: CircuitBreaker
    ask: Callable[[], T]


async def call(
    choices: Sequence[Choice[Awaitable[T]]], rules: ResilienceSettings, *, deadline_s: float, stage: StageName
) -> T:
    """The first good answer.

    Raises:
        ProviderUnavailable, Overloaded: still so after ``deadline_s`` seconds, all tries together.
        DeadlineExceeded: no answer within that time.
        ProviderFailed, NotSupported, UnsupportedLanguage: of the last provider, where no other is left.
    """
    turns = _Turns(choices, rules, deadline_s, stage)
    while True:
        choice, patience_s = await turns.next()
        try:
            with choice.breaker.watching():
                try:
                    async with asyncio.timeout(patience_s):
                        return await choice.ask()
                except TimeoutError:
                    raise _late(stage, patience_s) from None
        except FOR_ANOTHER as error:
            turns.failed(choice, error)


async def stream(
    choices: Sequence[Choice[AsyncIterator[AudioChunk]]],
    rules: ResilienceSettings,
    *,
    deadline_s: float,
    stage: StageName,
) -> AsyncGenerator[AudioChunk, None]:
    """A voice to its end, with ``deadline_s`` seconds for each chunk.

    A voice that breaks off is begun again by the same provider, and the sound that was delivered is skipped.
    Where that one does not come back, another one says the text from its beginning: better twice than not.

    Raises:
        DeadlineExceeded, ProviderUnavailable, Overloaded, ProviderFailed: as ``call``.
    """
    turns = _Turns(choices, rules, deadline_s, stage)
    delivered = dict.fromkeys(choices, 0)
    while True:
        choice, patience_s = await turns.next()
        try:
            with choice.breaker.watching() as begun:
                try:
                    chunks = _rest(choice.ask(), delivered[choice], patience_s, turns)
                    async with aclosing(chunks):
                        async for chunk in chunks:
                            begun()
                            delivered[choice] += len(chunk.pcm)
                            turns.prefer(choice)
                            yield replace(chunk, provider=choice.provider)
                            turns.go_on()
                    return
                except TimeoutError:
                    raise _late(stage, deadline_s) from None
        except FOR_ANOTHER as error:
            turns.failed(choice, error)


class _Turns(Generic[T]):
    """Whose turn it is, until the time is over or nobody is left."""

    def __init__(
        self, choices: Sequence[Choice[T]], rules: ResilienceSettings, deadline_s: float, stage: StageName
    ) -> None:
        self._left = list(choices)
        self._rules = rules
        self._stage = stage
        self._deadline_s = deadline_s
        self._round: list[Choice[T]] = []
        self._refusal: SokujiError | None = None
        self._pause_s = FIRST_PAUSE_S
        self.go_on()

    def go_on(self) -> None:
        """The time begins anew."""
        self.give_up = asyncio.get_running_loop().time() + self._deadline_s

    async def next(self) -> tuple[Choice[T], float]:
        """Who is asked now, and for how many seconds; between two rounds there is a pause."""
        if not self._round:
            await self._begin_round()
        choice = self._round.pop(0)
        remaining_s = self.give_up - asyncio.get_running_loop().time()
        if remaining_s <= 0:
            raise self._refusal or _late(self._stage, self._deadline_s)
        # Who is slow is left only for somebody who is no worse.
        if any(each.breaker.admits >= choice.breaker.admits for each in self._round):
            return choice, min(self._rules.fallback_after_s, remaining_s)
        return choice, remaining_s

    def failed(self, choice: Choice[T], error: SokujiError) -> None:
        """Note why there was no answer; only what may be better the next time is asked again."""
        self._refusal = error
        metrics.failed(self._stage, choice.provider, error.code)
        if not isinstance(error, ProviderUnavailable | Overloaded):
            self._left.remove(choice)
            # Who was slow may be all that there is when the others have failed.
            if self._left and isinstance(error, DeadlineExceeded):
                self._left.append(choice)
        if not self._left:
            raise error

    def prefer(self, choice: Choice[T]) -> None:
        """From now on this one comes first, also if it fails."""
        self._left.remove(choice)
        self._left.insert(0, choice)
        self._round = []

    async def _begin_round(self) -> None:
        if self._refusal is not None:
            loop = asyncio.get_running_loop()
            if loop.time() + self._pause_s > self.give_up:
                raise self._refusal
            await asyncio.sleep(self._pause_s * random.uniform(0.5, 1.5))
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        shunned = [choice for choice in self._left if not choice.breaker.admits]
        self._round = [choice for choice in self._left if choice not in shunned] + shunned


async def _rest(
    chunks: AsyncIterator[AudioChunk], skip_bytes: int, first_s: float, turns: _Turns[Any]
) -> AsyncGenerator[AudioChunk, None]:
    """The chunks behind the first ``skip_bytes`` of sound, to the last one.

    TimeoutError where there is none at all within ``first_s`` seconds, or none to deliver in the time of
    ``turns``.
    """
    until = asyncio.get_running_loop().time() + first_s
    async with aclosing(_aclosable(chunks)) as items:
        while True:
            async with asyncio.timeout_at(until):
                chunk = await anext(items, None)
            if chunk is None:
                return
            skipped = min(skip_bytes, len(chunk.pcm))
            skip_bytes -= skipped
            if skipped < len(chunk.pcm) or chunk.last:
                yield replace(chunk, pcm=chunk.pcm[skipped:])
            if chunk.last:  # Whatever goes wrong behind it is no reason to say it again.
                return
            until = turns.give_up


async def _aclosable(items: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    try:
        async for item in items:
            yield item
    finally:
        close = getattr(items, "aclose", None)
        if close is not None:
            await close()


def _late(stage: StageName, deadline_s: float) -> DeadlineExceeded:
    message = f"{_WHAT[stage]} did not answer within {round(deadline_s, 2):g} s; try again"
    return DeadlineExceeded(message, retry_after_s=1)
