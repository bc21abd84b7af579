"""Who speaks in a recording, as the REST calls of the bridge say it: segments, subtitles, refusals."""

from typing import Any

import httpx
import pytest

from sokuji.contract import Transcript, Word
from tests.api.openai.rest.recordings import TWO_UTTERANCES
from tests.support.fake_stages import FakeDiarizer, FakeStt, voice
from tests.support.rest_client import error_of, rest_client

WORDS = ["Who", "is", "<it>?", "It", "is", "me."]
TWO_SPEAKERS = Transcript(
    text=" ".join(WORDS),
    language="en",
    words=tuple(Word(word, 300 * at, 300 * at + 300) for at, word in enumerate(WORDS)),
)
TRANSCRIBE, TRANSLATE = "/api/v1/stt/transcribe", "/api/v1/pipeline/translate-audio"


def two_speakers() -> FakeDiarizer:
    return FakeDiarizer([(0, 900, voice(0)), (900, 2_800, voice(1))], [(0, 1_000, voice(0))])


async def posted(path: str, speakers: FakeDiarizer | None, **fields: Any) -> httpx.Response:
    async with rest_client(FakeStt(TWO_SPEAKERS, "Come in."), speakers=speakers) as (client, _):
        return await client.post(path, data=fields, files={"audio_file": TWO_UTTERANCES})


async def test_segments_say_who_speaks() -> None:
    answer = await posted(TRANSCRIBE, two_speakers(), language="en", diarize="true")
    assert [(each["speaker"], each["text"]) for each in answer.json()["segments"]] == [
        ("speaker_1", "Who is <it>?"),
        ("speaker_2", "It is me."),
        ("speaker_1", "Come in."),
    ]


async def test_no_more_speakers_are_told_apart_than_the_client_allows() -> None:
    answer = await posted(TRANSCRIBE, two_speakers(), language="en", diarize="true", max_speakers="1")
    assert {each["speaker"] for each in answer.json()["segments"]} == {"speaker_1"}


async def test_nobody_is_named_where_nobody_asked() -> None:
    speakers = two_speakers()
    answer = await posted(TRANSCRIBE, speakers, language="en")
    assert {each["speaker"] for each in answer.json()["segments"]} == {None}
    assert speakers.requests == []


@pytest.mark.parametrize(
    ("return_format", "lines"),
    [
        ("vtt", ["<v speaker_1>Who is &lt;it&gt;?", "<v speaker_2>It is me.", "<v speaker_1>Come in."]),
        ("srt", ["speaker_1: Who is <it>?", "speaker_2: It is me.", "speaker_1: Come in."]),
    ],
)
async def test_subtitles_name_the_speakers(return_format: str, lines: list[str]) -> None:
    answer = await posted(
        TRANSCRIBE, two_speakers(), language="en", diarize="true", return_format=return_format
    )
    assert [line for line in answer.text.splitlines() if "speaker_" in line] == lines


async def test_each_turn_is_translated_by_itself() -> None:
    answer = await posted(
        TRANSLATE,
        two_speakers(),
        source_language="en",
        target_language="pt",
        diarize="true",
        return_format="vtt",
    )
    assert [line for line in answer.text.splitlines() if "speaker_" in line] == [
        "<v speaker_1>pt: Who is &lt;it&gt;?",
        "<v speaker_2>pt: It is me.",
        "<v speaker_1>pt: Come in.",
    ]


@pytest.mark.parametrize("path", [TRANSCRIBE, TRANSLATE])
@pytest.mark.parametrize(
    ("fields", "has_provider", "param"),
    [
        ({"diarize": "true"}, False, "diarize"),
        ({"max_speakers": "2"}, True, "max_speakers"),
        ({"diarize": "true", "max_speakers": "0"}, True, "max_speakers"),
        ({"diarize": "true", "max_speakers": "33"}, True, "max_speakers"),
        ({"diarize": "perhaps"}, True, "diarize"),
    ],
)
async def test_what_cannot_be_done_is_refused_by_name(
    path: str, fields: dict[str, str], has_provider: bool, param: str
) -> None:
    target = {"target_language": "pt"} if path == TRANSLATE else {}
    answer = await posted(path, two_speakers() if has_provider else None, **target, **fields)
    status, _, named = error_of(answer)
    assert (status // 100, named) == (4, param)
    if not has_provider:
        assert "speakers: [campplus]" in answer.json()["error"]["message"]
