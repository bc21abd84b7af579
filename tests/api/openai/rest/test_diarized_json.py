"""``diarized_json``: OpenAI's shape, one segment for each turn of a speaker."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from openai.types.audio import TranscriptionDiarized, TranscriptionStreamEvent

from sokuji.contract import Transcript, Word
from tests.api.openai.rest.recordings import SECONDS, TWO_UTTERANCES, transcribed
from tests.support.fake_stages import FakeDiarizer, FakeStt, voice
from tests.support.openai_api import client_of, events_of, openai_api, strictly

WORDS = ["Who", "is", "it?", "It", "is", "me."]
TWO_SPEAKERS = Transcript(
    text=" ".join(WORDS),
    language="en",
    words=tuple(Word(word, 300 * at, 300 * at + 300) for at, word in enumerate(WORDS)),
)
FORM = {"model": "whisper-1", "response_format": "diarized_json", "language": "en"}


@pytest.fixture
async def base_url() -> AsyncIterator[str]:
    """The first utterance is of two speakers, the second of the first of them."""
    speakers = FakeDiarizer([(0, 900, voice(0)), (900, 2_800, voice(1))], [(0, 1_000, voice(0))])
    async with openai_api(FakeStt(TWO_SPEAKERS, "Come in."), speakers=speakers) as url:
        yield url


async def test_each_turn_is_a_segment_with_its_speaker(base_url: str) -> None:
    body = (await transcribed(base_url, FORM)).json()
    answer: TranscriptionDiarized = strictly(TranscriptionDiarized, body)
    assert [(each.speaker, each.text) for each in answer.segments] == [
        ("A", "Who is it?"),
        ("B", "It is me."),
        ("A", "Come in."),
    ]
    assert answer.text == "Who is it? It is me. Come in."
    assert answer.duration == pytest.approx(SECONDS, abs=0.01)
    assert all(each.start < each.end for each in answer.segments)
    assert len({each.id for each in answer.segments}) == 3


async def test_openais_client_has_the_segments(base_url: str) -> None:
    async with client_of(base_url) as client:
        answer: Any = await client.audio.transcriptions.create(
            file=TWO_UTTERANCES,
            model="gpt-4o-transcribe-diarize",
            response_format="diarized_json",
            chunking_strategy="auto",
            language="en",
        )
    assert [each.speaker for each in answer.segments] == ["A", "B", "A"]


async def test_a_stream_has_each_segment_when_it_is_there(base_url: str) -> None:
    events = events_of(await transcribed(base_url, {**FORM, "stream": "true"}))
    for event in events:
        strictly(TranscriptionStreamEvent, event, "languages")
    segments = [event for event in events if event["type"] == "transcript.text.segment"]
    assert [each["speaker"] for each in segments] == ["A", "B", "A"]
    deltas = "".join(event["delta"] for event in events if event["type"] == "transcript.text.delta")
    assert deltas == events[-1]["text"] == "Who is it? It is me. Come in."


async def test_other_formats_do_not_tell_speakers_apart() -> None:
    speakers = FakeDiarizer()
    async with openai_api(speakers=speakers) as url:
        assert (await transcribed(url, {"model": "whisper-1"})).status_code == 200
    assert speakers.requests == []
