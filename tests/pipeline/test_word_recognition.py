"""Speech without words: all recognisers are asked, and none of them is waited for."""

from dataclasses import replace

import pytest

from sokuji.config import Deadlines, ResilienceSettings
from sokuji.errors import (
    NotRecognised,
    Overloaded,
    ProviderFailed,
    ProviderUnavailable,
    SokujiError,
    UnsupportedLanguage,
)
from sokuji.pipeline.members import StageProviders
from sokuji.pipeline.pipeline import Pipeline
from tests.support.fake_stages import FakeStt, FakeTranslator, FakeTts

SECOND = b"\0\0" * 16_000


async def two_recognisers(*answers: str | FakeStt, rules: ResilienceSettings | None = None) -> Pipeline:
    """The first and the second recogniser of a stage, or their answers."""
    recognisers = [each if isinstance(each, FakeStt) else FakeStt(each) for each in answers]
    for number, stt in enumerate(recognisers):
        stt.info = replace(stt.info, provider=f"recogniser{number}")
    providers = StageProviders(recognisers, [FakeTranslator()], [FakeTts()])
    pipeline = Pipeline(providers, Deadlines(stt_s=0.3), rules)
    await pipeline.refresh()
    return pipeline


@pytest.mark.parametrize(
    ("texts", "provider"),
    [(("olá", "bom dia"), "recogniser0"), (("", "bom dia"), "recogniser1"), (("...", "olá"), "recogniser1")],
)
async def test_where_one_recogniser_finds_no_words_the_next_is_asked(
    texts: tuple[str, str], provider: str
) -> None:
    heard = await (await two_recognisers(*texts)).recognise(SECOND, "pt")
    assert heard.provider == provider


async def test_speech_in_which_no_recogniser_finds_words_is_an_error_but_not_while_it_goes_on() -> None:
    with pytest.raises(NotRecognised):
        await (await two_recognisers("", " ")).recognise(SECOND, "pt")
    unfinished = await (await two_recognisers("", "olá")).recognise(SECOND, "pt", interim=True)
    assert unfinished.text == ""


@pytest.mark.parametrize("failure", [ProviderUnavailable, Overloaded, ProviderFailed, UnsupportedLanguage])
async def test_speech_in_which_one_recogniser_finds_no_words_is_not_recognised_if_the_others_fail(
    failure: type[SokujiError],
) -> None:
    # An outage would be waited out by the session, with all speech behind it.
    failing = FakeStt(*[failure("down")] * 50)
    with pytest.raises(NotRecognised):
        await (await two_recognisers("", failing)).recognise(SECOND, "pt")
    assert failing.requests


async def test_speech_that_nobody_could_hear_is_not_reported_as_without_words() -> None:
    down = [FakeStt(*[ProviderUnavailable("down")] * 50) for _ in range(2)]
    with pytest.raises(ProviderUnavailable):
        await (await two_recognisers(*down)).recognise(SECOND, "pt")


async def test_recognisers_that_keep_failing_are_not_asked_for_words_again() -> None:
    failing = FakeStt(*[ProviderFailed("down")] * 50)
    rules = ResilienceSettings(circuit_breaker_threshold=1)
    pipeline = await two_recognisers(FakeStt("", ""), failing, rules=rules)
    for _ in range(2):
        with pytest.raises(NotRecognised):
            await pipeline.recognise(SECOND, "pt")
    assert len(failing.requests) == 1
