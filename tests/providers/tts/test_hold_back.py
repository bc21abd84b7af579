"""Speech that has begun has no gaps, and begins at once where the voice is fast enough."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sokuji.contract import AudioChunk
from sokuji.errors import ProviderFailed
from sokuji.providers.tts.hold_back import HoldBack, SpeechPlan, SynthesisPace, needed_delay_s

RATE = 100 * 15
"""A phoneme lasts a whole number of samples."""
PHONEMES_PER_S = 15
"""How many phonemes are spoken in a second."""
PHRASES = st.lists(st.integers(1, 120), min_size=1, max_size=8)
FACTORS = st.floats(0.05, 4)
"""Seconds to synthesise a second of speech."""
EPSILON = 1e-6


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop in which waiting takes no time: when nothing is ready, its clock goes on to the next timer."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        timers = self._scheduled  # type: ignore[attr-defined]
        if timers and not self._ready:  # type: ignore[attr-defined]
            self._now = max(self._now, timers[0].when())
        super()._run_once()  # type: ignore[misc]


class Arrival(NamedTuple):
    at: float
    audio_s: float


@dataclass
class ScriptedVoice:
    """Needs ``factor`` seconds for a second of speech."""

    factor: float
    phrases: Sequence[int]
    most_s: float = 1_000.0
    fails_at: int | None = None
    known: bool = True
    """Whether its pace has been measured before."""

    async def _chunks(self, plan: SpeechPlan) -> AsyncGenerator[AudioChunk, None]:
        plan.expect(self.phrases)
        for number, phonemes in enumerate(self.phrases):
            await asyncio.sleep(self.factor * phonemes / PHONEMES_PER_S)
            if number == self.fails_at:
                raise ProviderFailed("scripted")
            plan.phrase_made()
            size = 2 * round(RATE * phonemes / PHONEMES_PER_S)
            yield AudioChunk(bytes(size), RATE, number == len(self.phrases) - 1)

    def stream(self, pace: SynthesisPace) -> AsyncGenerator[AudioChunk, None]:
        plan = SpeechPlan()
        if self.known:
            pace.measured(self.factor, PHONEMES_PER_S)
        return HoldBack(plan, pace, self.most_s).stream(self._chunks(plan))

    async def arrivals(self) -> list[Arrival]:
        loop, received = asyncio.get_running_loop(), []
        async with aclosing(self.stream(SynthesisPace())) as chunks:
            async for chunk in chunks:
                received.append(Arrival(loop.time(), len(chunk.pcm) / 2 / RATE))
        return received

    def heard(self) -> list[Arrival]:
        """When each chunk arrives at a listener."""
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            return runner.run(self.arrivals())

    @property
    def first_ready(self) -> float:
        return self.factor * self.phrases[0] / PHONEMES_PER_S


def longest_gap(received: Sequence[Arrival]) -> float:
    """Longest time for which a player that began at the first chunk had nothing to play."""
    played_until, longest = received[0].at, 0.0
    for arrival in received:
        longest = max(longest, arrival.at - played_until)
        played_until = max(played_until, arrival.at) + arrival.audio_s
    return longest


@settings(max_examples=30, deadline=None)
@given(phrases=PHRASES, factor=FACTORS)
def test_speech_has_no_gap_if_the_pace_is_right(phrases: list[int], factor: float) -> None:
    received = ScriptedVoice(factor, phrases).heard()
    assert len(received) == len(phrases)
    # The chunks are whole samples.
    assert longest_gap(received) <= len(phrases) / RATE


@settings(max_examples=30, deadline=None)
@given(phrases=PHRASES, factor=FACTORS)
def test_nothing_is_held_back_longer_than_necessary(phrases: list[int], factor: float) -> None:
    voice = ScriptedVoice(factor, phrases)
    started_at = voice.heard()[0].at
    at_once = ScriptedVoice(factor, phrases, most_s=0).heard()
    shift = started_at - voice.first_ready
    # Chunks that come later by this time would have no gap either, so each gap of ``at_once`` is in it.
    due_s, needed_s = at_once[0].at, 0.0
    for arrival in at_once:
        needed_s = max(needed_s, arrival.at - due_s)
        due_s += arrival.audio_s
    assert shift == pytest.approx(needed_s, abs=2 * len(phrases) / RATE)


@settings(max_examples=30, deadline=None)
@given(phrases=PHRASES, factor=st.floats(0.05, 0.5))
def test_a_fast_voice_is_heard_at_once(phrases: list[int], factor: float) -> None:
    grown = [phrases[0]]
    for phonemes in phrases[1:]:
        grown.append(min(phonemes, 2 * grown[-1]))
    voice = ScriptedVoice(factor, grown)
    assert voice.heard()[0].at == pytest.approx(voice.first_ready, abs=len(grown) / RATE)


@settings(max_examples=30, deadline=None)
@given(phrases=PHRASES, factor=FACTORS, most_s=st.floats(0, 3))
def test_it_is_held_back_no_longer_than_allowed(phrases: list[int], factor: float, most_s: float) -> None:
    voice = ScriptedVoice(factor, phrases, most_s=most_s)
    assert voice.heard()[0].at <= voice.first_ready + most_s + EPSILON


@settings(max_examples=30, deadline=None)
@given(phrases=PHRASES, factor=FACTORS)
def test_a_voice_learns_its_pace_from_its_first_phrase(phrases: list[int], factor: float) -> None:
    known, unknown = (
        [arrival.at for arrival in ScriptedVoice(factor, phrases, known=known).heard()]
        for known in (True, False)
    )
    assert known == pytest.approx(unknown)


@settings(max_examples=30, deadline=None)
@given(
    audio_s=st.floats(0.1, 20), made=st.integers(1, 300), following=PHRASES, phoneme_s=st.floats(0.001, 0.5)
)
def test_a_slower_voice_waits_no_shorter(
    audio_s: float, made: int, following: list[int], phoneme_s: float
) -> None:
    delay_s = needed_delay_s(audio_s, made, following, phoneme_s)
    assert 0 <= delay_s <= needed_delay_s(audio_s, made, following, 1.5 * phoneme_s)
    assert needed_delay_s(audio_s, made, [], phoneme_s) == 0


def test_the_pace_follows_what_is_measured() -> None:
    pace = SynthesisPace()
    for _ in range(20):
        pace.measured(1.0, 100)
    assert pace.phoneme_s == pytest.approx(0.01)
    pace.measured(1.0, 1)
    assert pace.phoneme_s == pytest.approx(0.015, rel=0.1)
    for _ in range(20):
        pace.measured(3.0, 100)
    assert pace.phoneme_s == pytest.approx(0.03, rel=0.02)


@pytest.mark.parametrize("fails_at", [0, 1, 2])
def test_what_was_made_before_a_failure_is_heard(fails_at: int) -> None:
    voice = ScriptedVoice(3.0, [10, 10, 10, 10], fails_at=fails_at)
    heard: list[AudioChunk] = []

    async def listen() -> None:
        async for chunk in voice.stream(SynthesisPace()):
            heard.append(chunk)

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner, pytest.raises(ProviderFailed):
        runner.run(listen())
    assert len(heard) == fails_at


def test_a_speech_that_is_abandoned_is_not_made_on() -> None:
    ended: list[bool] = []

    async def chunks(plan: SpeechPlan) -> AsyncGenerator[AudioChunk, None]:
        plan.expect([10, 10, 10])
        try:
            while True:
                await asyncio.sleep(5)
                plan.phrase_made()
                yield AudioChunk(bytes(2 * RATE), RATE, False)
        finally:
            ended.append(True)

    async def abandon(*, after_s: float) -> None:
        plan = SpeechPlan()
        speech = HoldBack(plan, SynthesisPace(), 1_000.0).stream(chunks(plan))
        first = asyncio.ensure_future(anext(speech))
        await asyncio.wait([first], timeout=after_s)
        first.cancel()
        await asyncio.wait([first])
        await speech.aclose()

    for after_s in (1, 6, 20):
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            runner.run(abandon(after_s=after_s))
    assert ended == [True] * 3
