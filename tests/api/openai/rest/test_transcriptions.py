"""``/v1/audio/transcriptions`` as clients of OpenAI call it: formats, fields, streams."""

import asyncio
import math
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import openai
import pytest
from openai.types.audio import (
    Transcription,
    TranscriptionStreamEvent,
    TranscriptionVerbose,
)

from sokuji.config import GatewaySettings, OpenAISettings
from sokuji.contract import RecognitionRequest, Transcript, Word
from sokuji.errors import NotRecognised, ProviderFailed, SokujiError
from tests.api.openai.rest.recordings import (
    NOTHING_SAID,
    SECONDS,
    TWO_UTTERANCES,
    transcribed,
)
from tests.support.fake_stages import FakeStt
from tests.support.openai_api import client_of, events_of, openai_api, strictly
from tests.support.subtitle_files import read_cues


class HoldsSecond(FakeStt):
    """Answers one request; the next ones wait at the gate."""

    async def transcribe(self, requests: Sequence[RecognitionRequest]) -> list[Transcript | SokujiError]:
        results = await super().transcribe(requests)
        self.gate.clear()
        return results


@pytest.fixture
async def base_url() -> AsyncIterator[str]:
    async with openai_api(FakeStt("good morning", "all of you")) as url:
        yield url


async def test_a_form_of_file_and_model_is_answered_in_json(base_url: str) -> None:
    """As Open WebUI sends it."""
    body = (await transcribed(base_url, {"model": "whisper-1"})).json()
    transcription: Transcription = strictly(Transcription, body)
    assert transcription.text == "good morning all of you"
    assert transcription.usage
    assert transcription.usage.type == "duration"
    assert transcription.usage.seconds == SECONDS
    assert [each.code for each in transcription.languages or []] == ["pt"]


async def test_the_synchronous_client_works_as_well(base_url: str) -> None:
    def transcribe() -> str:
        with openai.OpenAI(base_url=base_url, api_key="any", max_retries=0) as client:
            return client.audio.transcriptions.create(file=TWO_UTTERANCES, model="whisper-1").text

    assert await asyncio.to_thread(transcribe) == "good morning all of you"


async def test_text_srt_and_vtt_are_texts(base_url: str) -> None:
    async with client_of(base_url) as client:
        text = await client.audio.transcriptions.create(
            file=TWO_UTTERANCES, model="whisper-1", response_format="text"
        )
    assert text == "good morning all of you\n"


@pytest.mark.parametrize("subtitle_format", ["srt", "vtt"])
async def test_subtitles_are_files_with_a_cue_for_each_utterance(base_url: str, subtitle_format: Any) -> None:
    async with client_of(base_url) as client:
        file = await client.audio.transcriptions.create(
            file=TWO_UTTERANCES, model="whisper-1", response_format=subtitle_format
        )
    cues = read_cues(file, subtitle_format)
    assert [cue.lines for cue in cues] == [("good morning",), ("all of you",)]
    assert 0 <= cues[0].start_ms < cues[0].end_ms <= cues[1].start_ms < cues[1].end_ms < 1_000 * SECONDS + 500


async def test_verbose_json_has_segments_with_what_is_known_of_them(base_url: str) -> None:
    body = (await transcribed(base_url, {"model": "whisper-1", "response_format": "verbose_json"})).json()
    verbose: TranscriptionVerbose = strictly(TranscriptionVerbose, body, "task")
    assert (verbose.text, verbose.language) == ("good morning all of you", "portuguese")
    assert verbose.duration == SECONDS
    assert verbose.words is None
    first, second = verbose.segments or []
    assert (first.id, second.id) == (0, 1)
    assert (first.text, second.text) == ("good morning", "all of you")
    assert first.start < first.end <= second.start < second.end <= SECONDS
    assert second.seek == pytest.approx(100 * second.start, abs=1)
    assert first.avg_logprob == pytest.approx(math.log(0.9))
    assert 0 < first.compression_ratio < 2


async def test_words_are_timed_where_they_are_asked_for() -> None:
    stt = FakeStt(
        Transcript(text="one two", language="en", words=(Word("one", 100, 400), Word("two", 400, 700))),
        Transcript(text="three", language="en", words=(Word("three", 100, 400),)),
    )
    stt.info = replace(stt.info, gives_word_times=True)
    async with openai_api(stt) as url, client_of(url) as client:
        verbose = await client.audio.transcriptions.create(
            file=TWO_UTTERANCES,
            model="whisper-1",
            response_format="verbose_json",
            timestamp_granularities=["word"],
        )
    strictly(TranscriptionVerbose, verbose.model_dump(exclude_unset=True), "task")
    words = verbose.words or []
    assert [word.word for word in words] == ["one", "two", "three"]
    assert words[0].end == words[1].start
    assert words[1].end < words[2].start
    assert verbose.segments is None
    assert [request.word_times for request in stt.requests] == [True, True]


async def test_both_granularities_may_be_asked_for_with_and_without_brackets() -> None:
    stt = FakeStt()
    stt.info = replace(stt.info, gives_word_times=True)
    wanted = {"model": "whisper-1", "response_format": "verbose_json"}
    async with openai_api(stt) as url:
        for name in ("timestamp_granularities", "timestamp_granularities[]"):
            body = (await transcribed(url, {**wanted, name: ["word", "segment"]})).json()
            assert len(body["segments"]) == 2
            assert body["words"] == []


async def test_a_recogniser_that_does_not_time_words_refuses_them(base_url: str) -> None:
    async with client_of(base_url) as client:
        with pytest.raises(openai.BadRequestError, match="fake/ear") as refusal:
            await client.audio.transcriptions.create(
                file=TWO_UTTERANCES,
                model="whisper-1",
                response_format="verbose_json",
                timestamp_granularities=["word"],
            )
    assert refusal.value.param == "timestamp_granularities"


async def test_a_stream_has_a_delta_for_each_utterance_and_the_joined_text_at_the_end(base_url: str) -> None:
    events = events_of(await transcribed(base_url, {"model": "gpt-4o-transcribe", "stream": "true"}))
    for event in events:
        strictly(TranscriptionStreamEvent, event)
    assert [event["type"] for event in events] == [*2 * ["transcript.text.delta"], "transcript.text.done"]
    assert events[-1]["text"] == "".join(event["delta"] for event in events[:-1]) == "good morning all of you"
    usage = events[-1]["usage"]
    assert usage["input_token_details"] == {"audio_tokens": math.ceil(10 * SECONDS), "text_tokens": 0}
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


async def test_the_first_delta_comes_while_the_second_utterance_is_recognised() -> None:
    stt = HoldsSecond("first", "second", language="en")
    settings = GatewaySettings(recording_concurrency=1)
    async with openai_api(stt, settings=settings) as url, client_of(url) as client:
        stream = await client.audio.transcriptions.create(
            file=TWO_UTTERANCES, model="whisper-1", language="en", stream=True
        )
        first = await anext(aiter(stream))
        assert first.type == "transcript.text.delta"
        assert first.delta == "first"
        await stt.arrived.get()
        await stt.arrived.get()
        assert stt.under_way == 1
        stt.gate.set()
        rest = [event async for event in stream]
    assert [event.type for event in rest] == ["transcript.text.delta", "transcript.text.done"]


async def test_a_client_that_leaves_a_stream_cancels_the_recognition() -> None:
    stt = HoldsSecond("first", "second", language="en")
    settings = GatewaySettings(recording_concurrency=1)
    async with openai_api(stt, settings=settings) as url, client_of(url) as client:
        stream = await client.audio.transcriptions.create(
            file=TWO_UTTERANCES, model="whisper-1", language="en", stream=True
        )
        await anext(aiter(stream))
        await stt.arrived.get()
        await stt.arrived.get()
        await stream.close()
        await stt.idle.wait()
        assert stt.cancelled == 1


async def test_an_error_before_the_first_delta_has_a_status_and_a_later_one_is_an_event() -> None:
    stt = FakeStt(ProviderFailed("broken"), "first", ProviderFailed("broken"), language="en")
    settings = GatewaySettings(recording_concurrency=1)
    async with openai_api(stt, settings=settings) as url, client_of(url) as client:
        wanted: Any = {"file": TWO_UTTERANCES, "model": "whisper-1", "language": "en", "stream": True}
        with pytest.raises(openai.InternalServerError) as refusal:
            await client.audio.transcriptions.create(**wanted)
        assert (refusal.value.status_code, refusal.value.code) == (502, "provider_failed")
        events = []
        with pytest.raises(openai.APIError, match="broken") as failure:
            async for event in await client.audio.transcriptions.create(**wanted):
                events.append(event)
        assert [event.delta for event in events] == ["first"]
        assert failure.value.code == "provider_failed"


@pytest.mark.parametrize("response_format", ["json", "text", "verbose_json", "srt", "vtt"])
async def test_silence_has_an_empty_text(base_url: str, response_format: str) -> None:
    data = {"model": "whisper-1", "response_format": response_format}
    response = await transcribed(base_url, data, NOTHING_SAID)
    assert response.status_code == 200
    if response_format == "json":
        assert strictly(Transcription, response.json()).text == ""
    elif response_format == "verbose_json":
        verbose: TranscriptionVerbose = strictly(TranscriptionVerbose, response.json(), "task")
        assert (verbose.text, verbose.segments, verbose.language) == ("", [], "unknown")
    else:
        assert response.text.strip() == ("WEBVTT" if response_format == "vtt" else "")


@pytest.mark.parametrize("response_format", ["json", "text", "verbose_json", "srt", "vtt"])
async def test_speech_that_is_not_recognised_is_no_empty_text_and_a_part_of_it_is_named(
    response_format: str,
) -> None:
    data = {"model": "whisper-1", "response_format": response_format}
    async with openai_api(FakeStt(NotRecognised("nothing"), NotRecognised("nothing"))) as url:
        response = await transcribed(url, data)
    assert (response.status_code, response.json()["error"]["code"]) == (422, "not_recognised")
    async with openai_api(FakeStt("first", NotRecognised("nothing"))) as url:
        response = await transcribed(url, data)
    assert "first" in response.text
    assert re.fullmatch(r"\d+-\d+", response.headers["X-Unrecognised-Ms"])


async def test_a_stream_of_silence_has_the_last_event_alone(base_url: str) -> None:
    data = {"model": "whisper-1", "stream": "true"}
    (done,) = events_of(await transcribed(base_url, data, NOTHING_SAID))
    assert (done["type"], done["text"], done["languages"]) == ("transcript.text.done", "", [])


async def test_prompt_and_keywords_reach_a_recogniser_that_takes_words() -> None:
    stt = FakeStt()
    stt.info = replace(stt.info, takes_context=True)
    async with openai_api(stt) as url:
        data = {"model": "whisper-1", "prompt": "Names:", "keywords[]": ["Ana", "Rui"]}
        assert (await transcribed(url, data)).status_code == 200
    assert {request.context for request in stt.requests} == {"Names: Ana, Rui"}


async def test_prompt_and_keywords_are_hints_for_one_that_takes_none() -> None:
    stt = FakeStt()
    async with openai_api(stt) as url:
        assert (await transcribed(url, {"model": "whisper-1", "prompt": "Ana"})).status_code == 200
    assert {request.context for request in stt.requests} == {""}


@pytest.mark.parametrize(
    ("fields", "language", "prior"),
    [
        ({"language": "pt-BR"}, "pt", set()),
        ({"language": "en"}, "en", set()),
        ({"language": ""}, None, {"en", "es", "fr", "pt"}),
        ({"languages[]": ["pt-BR", "en"]}, None, {"pt", "en"}),
        ({"languages": ["es"]}, None, {"es"}),
    ],
)
async def test_languages_are_named_or_detected(
    fields: dict[str, Any], language: str | None, prior: set[str]
) -> None:
    stt = FakeStt(language="es")
    async with openai_api(stt) as url:
        assert (await transcribed(url, {"model": "whisper-1", **fields})).status_code == 200
    assert stt.requests[0].language == language
    assert set(stt.requests[0].language_prior) == prior


@pytest.mark.parametrize(
    "fields",
    [
        {"chunking_strategy[type]": "server_vad", "chunking_strategy[silence_duration_ms]": "3000"},
        {"chunking_strategy": '{"type": "server_vad", "silence_duration_ms": 3000}'},
    ],
)
async def test_a_chunking_strategy_changes_how_the_recording_is_cut(fields: dict[str, str]) -> None:
    stt = FakeStt()
    async with openai_api(stt) as url:
        await transcribed(url, {"model": "whisper-1", "chunking_strategy": "auto"})
        assert len(stt.requests) == 2
        await transcribed(url, {"model": "whisper-1", **fields})
        assert len(stt.requests) == 3


async def test_the_client_sends_a_chunking_strategy_as_an_object(base_url: str) -> None:
    async with client_of(base_url) as client:
        answer = await client.audio.transcriptions.create(
            file=TWO_UTTERANCES,
            model="whisper-1",
            chunking_strategy={
                "type": "server_vad",
                "silence_duration_ms": 3_000,
                "prefix_padding_ms": 300,
                "threshold": 0.5,
            },
            temperature=0,
            keywords=["Ana"],
            languages=["en", "pt"],
        )
    assert answer.text == "good morning"


async def test_an_alias_of_the_operator_names_a_model_and_fields_of_others_are_refused() -> None:
    settings = GatewaySettings(openai=OpenAISettings(model_aliases={"ours": "fake/ear"}))
    async with openai_api(settings=settings) as url:
        assert (await transcribed(url, {"model": "ours"})).status_code == 200
    async with openai_api() as url:
        assert (await transcribed(url, {"model": "ours"})).status_code == 404
