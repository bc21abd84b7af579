"""Deadlines, retries and fallback: which provider is tried; speech neither repeats nor loses audio."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest

from sokuji.config import ResilienceSettings
from sokuji.contract import AudioChunk
from sokuji.errors import (
    DeadlineExceeded,
    InvalidRequest,
    NotSupported,
    Overloaded,
    ProviderFailed,
    ProviderUnavailable,
    ReplicaLost,
    SokujiError,
    UnsupportedLanguage,
)
from sokuji.pipeline.attempt_schedule import Candidate
from sokuji.pipeline.circuit_breaker import CircuitBreaker
from sokuji.pipeline.fallback import call, stream

RULES = ResilienceSettings(circuit_breaker_threshold=3, fallback_after_s=0.1)
RATE = 16_000
Voice = Callable[[], AsyncGenerator[AudioChunk, None]]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def breaker() -> CircuitBreaker:
    return CircuitBreaker("x", lambda: RULES)


class ScriptedProvider:
    """Answers by script: an error is raised, a text is the answer, None is no answer."""

    def __init__(self, name: str, *script: SokujiError | str | None) -> None:
        self.script = list(script)
        self.attempts = 0
        self.candidate: Candidate[Awaitable[str]] = Candidate(name, breaker(), self.ask)

    async def ask(self) -> str:
        self.attempts += 1
        answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if answer is None:
            await asyncio.sleep(30)
        if isinstance(answer, SokujiError):
            raise answer
        return str(answer)


async def ask(*providers: ScriptedProvider, deadline_s: float = 5) -> str:
    candidates = [each.candidate for each in providers]
    return await call(candidates, RULES, deadline_s=deadline_s, stage="translation")


GONE, BROKEN, FULL = ProviderUnavailable("gone"), ProviderFailed("broken"), Overloaded("full")


async def test_a_lost_or_overloaded_call_is_retried() -> None:
    provider = ScriptedProvider("one", GONE, FULL, "answer")
    assert await ask(provider) == "answer"
    assert provider.attempts == 3


async def test_a_failure_of_the_model_is_not_retried() -> None:
    provider = ScriptedProvider("one", BROKEN)
    with pytest.raises(ProviderFailed):
        await ask(provider)
    assert provider.attempts == 1


async def test_calls_that_bring_no_answer_or_are_always_lost_end_at_the_deadline() -> None:
    with pytest.raises(DeadlineExceeded, match="translation did not answer within 0.2 s"):
        await ask(ScriptedProvider("one", None), deadline_s=0.2)
    with pytest.raises(ProviderUnavailable):
        await ask(ScriptedProvider("one", GONE), deadline_s=0.2)
    with pytest.raises(ProviderUnavailable):
        await ask(ScriptedProvider("one", GONE), ScriptedProvider("two", BROKEN), deadline_s=0.2)


@pytest.mark.parametrize("fault", [GONE, BROKEN, FULL, None])
async def test_the_next_candidate_answers_if_the_first_fails_or_is_slow(fault: SokujiError | None) -> None:
    first, second = ScriptedProvider("one", fault), ScriptedProvider("two", "answer")
    assert await ask(first, second) == "answer"
    assert (first.attempts, second.attempts) == (1, 1)


async def test_the_last_candidate_has_all_of_the_remaining_time() -> None:
    async def slow() -> str:
        await asyncio.sleep(3 * RULES.fallback_after_s)
        return "late"

    assert await call([Candidate("one", breaker(), slow)], RULES, deadline_s=5, stage="stt") == "late"


def slow(name: str) -> Candidate[Awaitable[str]]:
    """Takes longer than ``fallback_after_s``."""

    async def answer() -> str:
        await asyncio.sleep(2 * RULES.fallback_after_s)
        return name

    return Candidate(name, breaker(), answer)


async def test_a_slow_candidate_is_retried_when_the_others_have_failed() -> None:
    for fault in (GONE, BROKEN):
        candidates = [slow("one"), ScriptedProvider("two", fault).candidate]
        assert await call(candidates, RULES, deadline_s=5, stage="stt") == "one"


async def test_a_slow_candidate_is_not_given_up_for_one_with_an_open_circuit() -> None:
    first = ScriptedProvider("one", BROKEN, BROKEN, BROKEN, None)
    for _ in range(RULES.circuit_breaker_threshold):
        await ask(first, ScriptedProvider("two", "answer"))
    assert first.candidate.breaker.state == "open"
    assert await call([first.candidate, slow("two")], RULES, deadline_s=5, stage="stt") == "two"


async def test_after_not_supported_the_next_candidate_is_tried_and_no_failure_is_counted() -> None:
    for refusal in (NotSupported("no"), UnsupportedLanguage("the language could not be detected")):
        first = ScriptedProvider("one", refusal)
        for _ in range(RULES.circuit_breaker_threshold):
            assert await ask(first, ScriptedProvider("two", "answer")) == "answer"
        assert first.candidate.breaker.state == "closed"
        with pytest.raises(type(refusal)):
            await ask(first)


async def test_an_invalid_request_is_refused_without_another_attempt() -> None:
    second = ScriptedProvider("two", "answer")
    with pytest.raises(InvalidRequest):
        await ask(ScriptedProvider("one", InvalidRequest("nonsense")), second)
    assert second.attempts == 0


async def test_an_open_circuit_is_tried_only_after_all_other_candidates_have_failed() -> None:
    first, second = ScriptedProvider("one", BROKEN), ScriptedProvider("two", "a", "b", "c", BROKEN)
    for expected in "abc":
        assert await ask(first, second) == expected
    assert first.attempts == RULES.circuit_breaker_threshold
    first.script = ["back"]
    assert await ask(first, second) == "back"
    assert first.candidate.breaker.state == "closed"


async def lost(away_s: float, answer_s: float, back_after_s: float | None) -> tuple[str, int]:
    """Who answers while the preferred provider is gone, and how often that was called.

    Args:
        away_s: how long it is usually gone.
        answer_s: how long the other one takes.
        back_after_s: when it is back; None: never.
    """
    first, second = ScriptedProvider("one", GONE), ScriptedProvider("two", "second")
    gone = first.candidate.breaker
    gone.outage.learn(away_s)
    second.candidate.breaker.answer_s = answer_s
    with pytest.raises(ReplicaLost), gone.calling():
        raise ReplicaLost("gone")
    if back_after_s is not None:
        first.script = ["first"]
        asyncio.get_running_loop().call_later(back_after_s, gone.described)
    return await ask(first, second), first.attempts


async def test_a_provider_that_is_gone_is_not_tried_while_another_answers_sooner() -> None:
    assert await lost(away_s=60, answer_s=1, back_after_s=None) == ("second", 0)


async def test_a_provider_that_will_be_back_before_another_has_answered_is_waited_for() -> None:
    assert await lost(away_s=5, answer_s=60, back_after_s=0.05) == ("first", 1)


async def test_a_provider_that_does_not_come_back_when_it_should_is_waited_for_no_longer() -> None:
    assert await lost(away_s=0.1, answer_s=60, back_after_s=None) == ("second", 0)


async def test_a_provider_whose_circuit_is_open_is_waited_for_too() -> None:
    first, second = ScriptedProvider("one", ReplicaLost("gone")), ScriptedProvider("two", "second")
    for _ in range(RULES.circuit_breaker_threshold):
        with pytest.raises(ReplicaLost), first.candidate.breaker.calling():
            raise ReplicaLost("gone")
    first.candidate.breaker.outage.learn(60)
    second.candidate.breaker.answer_s = 100
    first.script = ["first"]
    asyncio.get_running_loop().call_later(0.05, first.candidate.breaker.described)
    assert await ask(first, second) == "first"
    assert first.candidate.breaker.state == "closed"


def chunk(value: int, samples: int = 100, *, last: bool = False) -> AudioChunk:
    return AudioChunk(value.to_bytes(2, "little") * samples, RATE, last)


def speaker(*script: int | SokujiError | None) -> Voice:
    """Speaks chunks 0 to 4; each number of the script makes one attempt fail at this chunk."""
    breaks = list(script)

    async def speak() -> AsyncGenerator[AudioChunk, None]:
        limit = breaks.pop(0) if breaks else 5
        for number in range(5):
            if number == limit:
                raise ProviderUnavailable("gone")
            yield chunk(number, last=number == 4)

    return speak


def spoken(*candidates: Voice, deadline_s: float = 5) -> AsyncGenerator[AudioChunk, None]:
    named = [Candidate(f"voice {number}", breaker(), ask) for number, ask in enumerate(candidates)]
    return stream(named, RULES, deadline_s=deadline_s, stage="tts")


async def delivered(chunks: AsyncGenerator[AudioChunk, None]) -> list[tuple[str | None, int]]:
    return [(each.provider, each.pcm[0]) async for each in chunks]


async def test_interrupted_speech_is_resumed_by_the_same_provider_without_repetition_or_loss() -> None:
    complete = [("voice 0", number) for number in range(5)]
    assert await delivered(spoken(speaker(1, 3))) == complete
    assert await delivered(spoken(speaker(1, 3), speaker())) == complete


async def test_delivered_audio_is_skipped_by_length_whatever_the_chunks() -> None:
    tries = 0

    async def speak() -> AsyncGenerator[AudioChunk, None]:
        nonlocal tries
        tries += 1
        if tries == 1:
            yield chunk(1, 150)
            raise ProviderUnavailable("gone")
        yield chunk(2, 100)
        yield chunk(3, 100, last=True)

    chunks = [each async for each in spoken(speak)]
    assert [(each.pcm[0], len(each.pcm) // 2, each.last) for each in chunks] == [
        (1, 150, False),
        (3, 50, True),
    ]


async def test_the_next_voice_speaks_from_the_beginning_if_the_first_does_not_recover() -> None:
    complete = [("voice 1", number) for number in range(5)]
    assert await delivered(spoken(speaker(2, 0, 0, 0), speaker())) == [
        ("voice 0", 0),
        ("voice 0", 1),
        *complete,
    ]
    assert await delivered(spoken(speaker(0), speaker())) == complete


async def test_the_deadline_of_speech_is_for_each_chunk_and_excludes_the_time_of_the_reader() -> None:
    async def speak() -> AsyncGenerator[AudioChunk, None]:
        for number in range(3):
            yield chunk(number)
        await asyncio.sleep(30)
        yield chunk(3)

    seen = []
    with pytest.raises(DeadlineExceeded):
        async for each in spoken(speak, deadline_s=0.1):
            seen.append(each.pcm[0])
            await asyncio.sleep(0.15)
    assert seen == [0, 1, 2]


async def test_skipped_audio_does_not_extend_the_deadline() -> None:
    tries = 0

    async def speak() -> AsyncGenerator[AudioChunk, None]:
        nonlocal tries
        tries += 1
        for number in range(30):
            if tries > 1:
                await asyncio.sleep(0.1)
            yield chunk(number, last=number == 29)
            if tries == 1 and number == 28:
                raise ProviderUnavailable("gone")

    seen = []
    with pytest.raises(DeadlineExceeded):
        async for each in spoken(speak, deadline_s=0.5):
            seen.append(each.pcm[0])
    assert seen == list(range(29))


async def test_an_error_after_the_last_chunk_causes_no_retry() -> None:
    async def speak() -> AsyncGenerator[AudioChunk, None]:
        yield chunk(1)
        yield chunk(2, last=True)
        raise ProviderFailed("broken")

    assert await delivered(spoken(speak, speaker())) == [("voice 0", 1), ("voice 0", 2)]


async def test_a_probe_whose_reader_has_stopped_does_not_block_other_calls() -> None:
    voice = Candidate("one", CircuitBreaker("x", lambda: RULES, clock := Clock()), speaker())
    for _ in range(RULES.circuit_breaker_threshold):
        with pytest.raises(ProviderFailed), voice.breaker.calling():
            raise BROKEN
    clock.now += RULES.circuit_breaker_reset_s
    chunks = stream([voice], RULES, deadline_s=5, stage="tts")
    await anext(chunks)
    assert voice.breaker.admits
    await chunks.aclose()


async def test_closing_the_stream_closes_the_generator_of_the_provider() -> None:
    closed = asyncio.Event()

    async def speak() -> AsyncGenerator[AudioChunk, None]:
        try:
            while True:
                yield chunk(1)
        finally:
            closed.set()

    chunks = stream([Candidate("one", breaker(), speak)], RULES, deadline_s=5, stage="tts")
    assert (await anext(chunks)).pcm
    await chunks.aclose()
    assert closed.is_set()
