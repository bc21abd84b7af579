"""Recorded speech whose language is detected: its longest utterance shows the language of the others."""

from collections.abc import Sequence

import pytest

from sokuji.config import SegmentationSettings
from sokuji.contract import Transcript
from sokuji.errors import InvalidAudio
from sokuji.pipeline.recorded_speech import RecordedUtterance, interpret
from tests.support.fake_stages import FakeStt, ready_pipeline
from tests.support.speech import sample, silence

SHORT, LONG = sample("pt", "ola_mundo"), sample("pt", "pangrama")
PAUSE = silence(900)
RECORDING = PAUSE.join([SHORT, LONG, SHORT, SHORT])


async def texts(stt: FakeStt, source: str | None = None, *, named: Sequence[str] = ()) -> list[str]:
    utterances = interpret(
        await ready_pipeline(stt),
        RECORDING,
        source=source,
        named=named,
        target=None,
        segmentation=SegmentationSettings(),
        concurrency=2,
    )
    return [each.transcript.text async for each in utterances if isinstance(each, RecordedUtterance)]


async def test_the_longest_of_the_first_utterances_is_recognised_first_and_comes_in_its_place() -> None:
    stt = FakeStt("longest", "first", "third", "fourth")
    assert await texts(stt) == ["first", "longest", "third", "fourth"]
    assert len(stt.requests) == 4
    assert len(stt.requests[0].pcm) == max(len(request.pcm) for request in stt.requests)


async def test_what_was_heard_in_order_is_expected_next() -> None:
    spanish = Transcript(text="uno", language="es")
    stt = FakeStt(Transcript(text="a", language="pt"), spanish, spanish, spanish)
    await texts(stt)
    before, *later = (request.language_prior for request in stt.requests)
    assert before["pt"] == before["es"]
    assert [max(prior, key=lambda code: prior[code]) for prior in later[:1]] == ["pt"]
    # Two at a time: the fourth begins when the first, in Spanish, has come.
    assert later[2]["es"] > before["es"]


@pytest.mark.parametrize("delay_s", [0, 0.02])
async def test_the_priors_do_not_depend_on_the_time_that_recognition_takes(delay_s: float) -> None:
    quick, slow = FakeStt(language="en"), FakeStt(language="en", delay_s=delay_s)
    await texts(quick)
    await texts(slow)
    assert [each.language_prior for each in quick.requests] == [each.language_prior for each in slow.requests]


async def test_a_language_that_is_named_changes_no_order() -> None:
    stt = FakeStt("first", "longest", "third", "fourth")
    assert await texts(stt, "pt") == ["first", "longest", "third", "fourth"]
    assert {request.language for request in stt.requests} == {"pt"}


async def test_only_candidates_are_expected() -> None:
    stt = FakeStt()
    await texts(stt, named=["en", "fr"])
    assert all(request.language_prior.keys() == {"en", "fr"} for request in stt.requests)


async def test_an_utterance_that_fails_early_is_reported_after_those_before_it() -> None:
    seen = []
    utterances = interpret(
        await ready_pipeline(FakeStt(InvalidAudio("broken"), "first")),
        RECORDING,
        source=None,
        target=None,
        segmentation=SegmentationSettings(),
        concurrency=2,
    )
    with pytest.raises(InvalidAudio, match="broken"):
        async for utterance in utterances:
            assert isinstance(utterance, RecordedUtterance)
            seen.append(utterance.transcript.text)
    assert seen == ["first"]
