"""Deadlines, retries, fallback: who is asked, and that voices neither repeat nor lose sound."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

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
    SokujiError,
    UnsupportedLanguage,
)
from sokuji.pipeline.circuit_breaker import CircuitBreaker
from sokuji.pipeline.fallback import Choice, call, stream

RULES = ResilienceSettings(circuit_breaker_threshold=3, fallback_after_s=0.1)
RATE = 16_000
Voice = Callable[[], AsyncIterator[AudioChunk]]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def breaker() -> CircuitBreaker:
    return CircuitBreaker("x", lambda: RULES)


class Oracle:
    """Answers by script: an error is raised, a text is the answer, None is no answer at all."""

    def __init__(self, name: str, *script: SokujiError | str | None) -> None:
        self.script = list(script)
        self.asked = 0
        self.choice: Choice[Awaitable[str]] = Choice(name, breaker(), self.ask)

    async def ask(self) -> str:
        self.asked += 1
        answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if answer is None:
            await asyncio.sleep(30)
        if isinstance(answer, SokujiError):
            raise answer
        return str(answer)


async def ask(*oracles: Oracle, deadline_s: float = 5) -> str:
    choices = [each.choice for each in oracles]
    return await call(choices, RULES, deadline_s=deadline_s, stage="translation")


GONE, BROKEN, FULL = ProviderUnavailable("gone"), ProviderFailed("broken"), Overloaded("full")


async def test_a_lost_call_is_made_again() -> None:
    oracle = Oracle("one", GONE, FULL, "answer")
    assert await ask(oracle) == "answer"
    assert oracle.asked == 3


async def test_a_failure_is_not_repeated() -> None:
    oracle = Oracle("one", BROKEN)
    with pytest.raises(ProviderFailed):
        await ask(oracle)
    assert oracle.asked == 1


async def test_a_call_without_answer_and_one_that_is_lost_for_ever_end_at_the_deadline() -> None:
    with pytest.raises(DeadlineExceeded, match="translation did not answer within 0.2 s"):
        await ask(Oracle("one", None), deadline_s=0.2)
    with pytest.raises(ProviderUnavailable):
        await ask(Oracle("one", GONE), deadline_s=0.2)
    with pytest.raises(ProviderUnavailable):
        await ask(Oracle("one", GONE), Oracle("two", BROKEN), deadline_s=0.2)


@pytest.mark.parametrize("fault", [GONE, BROKEN, FULL, None])
async def test_the_next_provider_answers_for_one_that_does_not(fault: SokujiError | None) -> None:
    first, second = Oracle("one", fault), Oracle("two", "answer")
    assert await ask(first, second) == "answer"
    assert (first.asked, second.asked) == (1, 1)


async def test_the_last_provider_has_all_the_time_that_is_left() -> None:
    async def slow() -> str:
        await asyncio.sleep(3 * RULES.fallback_after_s)
        return "late"

    assert await call([Choice("one", breaker(), slow)], RULES, deadline_s=5, stage="stt") == "late"


def slow(name: str) -> Choice[Awaitable[str]]:
    """Answers when whoever has another one behind it has had its time."""

    async def answer() -> str:
        await asyncio.sleep(2 * RULES.fallback_after_s)
        return name

    return Choice(name, breaker(), answer)


async def test_a_slow_provider_has_its_time_when_the_others_have_failed() -> None:
    for fault in (GONE, BROKEN):
        choices = [slow("one"), Oracle("two", fault).choice]
        assert await call(choices, RULES, deadline_s=5, stage="stt") == "one"


async def test_a_slow_provider_is_not_left_for_one_whose_circuit_is_open() -> None:
    first = Oracle("one", BROKEN, BROKEN, BROKEN, None)
    for _ in range(RULES.circuit_breaker_threshold):
        await ask(first, Oracle("two", "answer"))
    assert first.choice.breaker.state == "open"
    assert await call([first.choice, slow("two")], RULES, deadline_s=5, stage="stt") == "two"


async def test_what_one_provider_cannot_do_another_may_and_that_is_no_failure() -> None:
    for refusal in (NotSupported("no"), UnsupportedLanguage("the language could not be detected")):
        first = Oracle("one", refusal)
        for _ in range(RULES.circuit_breaker_threshold):
            assert await ask(first, Oracle("two", "answer")) == "answer"
        assert first.choice.breaker.state == "closed"
        with pytest.raises(type(refusal)):
            await ask(first)


async def test_a_callers_mistake_is_an_answer() -> None:
    second = Oracle("two", "answer")
    with pytest.raises(InvalidRequest):
        await ask(Oracle("one", InvalidRequest("nonsense")), second)
    assert second.asked == 0


async def test_a_provider_that_keeps_failing_is_left_alone_but_for_the_last_resort() -> None:
    first, second = Oracle("one", BROKEN), Oracle("two", "a", "b", "c", BROKEN)
    for expected in "abc":
        assert await ask(first, second) == expected
    assert first.asked == RULES.circuit_breaker_threshold
    first.script = ["back"]
    assert await ask(first, second) == "back"
    assert first.choice.breaker.state == "closed"


def chunk(value: int, samples: int = 100, *, last: bool = False) -> AudioChunk:
    return AudioChunk(value.to_bytes(2, "little") * samples, RATE, last)


def speaker(*script: int | SokujiError | None) -> Voice:
    """Says the numbers from 0 to 4, a chunk each; where a number of the script is reached it breaks off."""
    breaks = list(script)

    async def speak() -> AsyncIterator[AudioChunk]:
        limit = breaks.pop(0) if breaks else 5
        for number in range(5):
            if number == limit:
                raise ProviderUnavailable("gone")
            yield chunk(number, last=number == 4)

    return speak


def spoken(*choices: Voice, deadline_s: float = 5) -> AsyncIterator[AudioChunk]:
    named = [Choice(f"voice {number}", breaker(), ask) for number, ask in enumerate(choices)]
    return stream(named, RULES, deadline_s=deadline_s, stage="tts")


async def heard(chunks: AsyncIterator[AudioChunk]) -> list[tuple[str | None, int]]:
    return [(each.provider, each.pcm[0]) async for each in chunks]


async def test_a_voice_that_breaks_off_is_begun_again_without_repeating_or_losing_sound() -> None:
    whole = [("voice 0", number) for number in range(5)]
    assert await heard(spoken(speaker(1, 3))) == whole
    assert await heard(spoken(speaker(1, 3), speaker())) == whole


async def test_sound_is_skipped_by_its_length_however_it_is_cut() -> None:
    tries = 0

    async def speak() -> AsyncIterator[AudioChunk]:
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


async def test_another_voice_says_the_text_from_its_beginning_where_the_first_does_not_come_back() -> None:
    whole = [("voice 1", number) for number in range(5)]
    assert await heard(spoken(speaker(2, 0, 0, 0), speaker())) == [("voice 0", 0), ("voice 0", 1), *whole]
    assert await heard(spoken(speaker(0), speaker())) == whole


async def test_the_deadline_of_a_voice_is_for_each_chunk_and_does_not_count_a_slow_reader() -> None:
    async def speak() -> AsyncIterator[AudioChunk]:
        for number in range(3):
            yield chunk(number)
        await asyncio.sleep(30)
        yield chunk(3)

    seen = []
    with pytest.raises(DeadlineExceeded):
        async for each in spoken(speak, deadline_s=0.2):
            seen.append(each.pcm[0])
            await asyncio.sleep(0.3)
    assert seen == [0, 1, 2]


async def test_sound_that_is_skipped_does_not_prolong_the_deadline() -> None:
    tries = 0

    async def speak() -> AsyncIterator[AudioChunk]:
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


async def test_what_fails_behind_the_last_sound_is_no_reason_to_say_it_again() -> None:
    async def speak() -> AsyncIterator[AudioChunk]:
        yield chunk(1)
        yield chunk(2, last=True)
        raise ProviderFailed("broken")

    assert await heard(spoken(speak, speaker())) == [("voice 0", 1), ("voice 0", 2)]


async def test_a_listener_that_stands_still_keeps_nobody_from_a_provider_that_is_back() -> None:
    voice = Choice("one", CircuitBreaker("x", lambda: RULES, clock := Clock()), speaker())
    for _ in range(RULES.circuit_breaker_threshold):
        with pytest.raises(ProviderFailed), voice.breaker.watching():
            raise BROKEN
    clock.now += RULES.circuit_breaker_reset_s
    chunks = stream([voice], RULES, deadline_s=5, stage="tts")
    await anext(chunks)
    assert voice.breaker.admits
    await chunks.aclose()


async def test_closing_a_voice_closes_its_source() -> None:
    closed = asyncio.Event()

    async def speak() -> AsyncIterator[AudioChunk]:
        try:
            while True:
                yield chunk(1)
        finally:
            closed.set()

    chunks = stream([Choice("one", breaker(), speak)], RULES, deadline_s=5, stage="tts")
    assert (await anext(chunks)).pcm
    await chunks.aclose()
    assert closed.is_set()
