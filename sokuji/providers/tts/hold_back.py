"""Holds back the start of a speech until the rest will arrive in time, so that playback has no gaps.

A voice that synthesises phrase by phrase may take longer for a phrase than the one before it lasts. How long
a phrase will take follows from its number of phonemes and from the time that this voice needs here for each,
waits for other requests included: ``SynthesisPace`` learns it. How long it will last follows from the phrases
that have been made. If all of them will be ready in time, nothing is held back.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from sokuji.contract import AudioChunk

MEMORY_PHONEMES = 200
"""The pace follows what is measured with a weight of n / (n + ``MEMORY_PHONEMES``) for n phonemes; about 15
seconds of speech."""


class SynthesisPace:
    """How long one voice model needs for a phoneme, as an exponential average over all its requests."""

    def __init__(self) -> None:
        self.phoneme_s: float | None = None
        """Seconds of wall-clock time for each phoneme; None: nothing has been measured."""

    def measured(self, took_s: float, phonemes: int) -> None:
        """Note that ``phonemes`` took ``took_s`` seconds, from when they were due to when they were ready."""
        measured_s = took_s / phonemes
        if self.phoneme_s is None:
            self.phoneme_s = measured_s
        self.phoneme_s += (measured_s - self.phoneme_s) * phonemes / (phonemes + MEMORY_PHONEMES)


def needed_delay_s(audio_s: float, made: int, following: Sequence[int], phoneme_s: float) -> float:
    """How long playback has to wait, from now on, in order to have no gaps.

    Phrase k is ready after the times of all phrases up to k, and is due when all before it have been played:
    the delay is the greatest difference of the two.

    Args:
        audio_s: duration of what has been made, in seconds.
        made: its number of phonemes, at least 1.
        following: number of phonemes of each phrase that is still to be made, in order.
        phoneme_s: seconds to make one phoneme.
    """
    ready_s, due_s, delay_s = 0.0, audio_s, 0.0
    for phonemes in following:
        ready_s += phonemes * phoneme_s
        delay_s = max(delay_s, ready_s - due_s)
        due_s += phonemes * audio_s / made
    return delay_s


class SpeechPlan:
    """The phrases of one request, and how far their synthesis has come.

    It is filled in the thread of the synthesis and read when a chunk has arrived from there.
    """

    def __init__(self) -> None:
        self._phrases: Sequence[int] = ()
        self._finished = 0

    def expect(self, phrases: Sequence[int]) -> None:
        """The number of phonemes of each phrase, before the first is made."""
        self._phrases = phrases

    def phrase_made(self) -> None:
        """Note that the next phrase is made."""
        self._finished += 1

    @property
    def made(self) -> int:
        """Phonemes that have been made."""
        return sum(self._phrases[: self._finished])

    @property
    def following(self) -> Sequence[int]:
        """Phonemes of each phrase that is still to be made."""
        return self._phrases[self._finished :]


class HoldBack:
    """One request's chunks, the first of them held back as long as necessary.

    Args:
        plan: of the request.
        pace: of the voice model; learns from this request.
        most_s: longest time for which a chunk that is ready is held back.
    """

    def __init__(self, plan: SpeechPlan, pace: SynthesisPace, most_s: float) -> None:
        self._plan = plan
        self._pace = pace
        self._most_s = most_s
        self._audio_s = 0.0

    async def stream(self, chunks: AsyncGenerator[AudioChunk, None]) -> AsyncGenerator[AudioChunk, None]:
        """``chunks``, which are made on while the first ones are held back. Closing this closes them."""
        async with aclosing(chunks):
            held = [await self._next(chunks)]
            loop = asyncio.get_running_loop()
            latest = loop.time() + self._most_s
            coming: asyncio.Task[AudioChunk] | None = None
            try:
                while not held[-1].last and (delay_s := self._delay_s(latest - loop.time())) > 0:
                    coming = asyncio.create_task(self._next(chunks))
                    await asyncio.wait([coming], timeout=delay_s)
                    if not coming.done() or coming.exception() is not None:
                        break
                    held.append(coming.result())
                    coming = None
                for chunk in held:
                    yield chunk
                while not held[-1].last:
                    held = [await (coming or self._next(chunks))]
                    coming = None
                    yield held[-1]
            finally:
                if coming is not None:
                    coming.cancel()
                    await asyncio.wait([coming])

    async def _next(self, chunks: AsyncGenerator[AudioChunk, None]) -> AudioChunk:
        loop = asyncio.get_running_loop()
        made, asked_at = self._plan.made, loop.time()
        chunk = await anext(chunks)
        self._audio_s += len(chunk.pcm) / 2 / chunk.sample_rate
        if phonemes := self._plan.made - made:
            self._pace.measured(loop.time() - asked_at, phonemes)
        return chunk

    def _delay_s(self, most_s: float) -> float:
        made, phoneme_s = self._plan.made, self._pace.phoneme_s
        if not made or phoneme_s is None:
            return 0.0
        return min(most_s, needed_delay_s(self._audio_s, made, self._plan.following, phoneme_s))
