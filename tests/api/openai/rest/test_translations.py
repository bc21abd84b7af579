"""``/v1/audio/translations`` as clients of OpenAI call it."""

import asyncio
import re
import warnings
from typing import Any

import httpx
import openai
import pytest
from openai.types.audio import Translation, TranslationVerbose

from sokuji.errors import NotRecognised
from tests.api.openai.rest.recordings import NOTHING_SAID, SECONDS, TWO_UTTERANCES, uploaded
from tests.support.fake_stages import FakeStt
from tests.support.openai_api import openai_api, strictly
from tests.support.subtitle_files import read_cues


async def posted(
    base_url: str, data: dict[str, Any], file: tuple[str, bytes] = TWO_UTTERANCES
) -> httpx.Response:
    return await uploaded(base_url, "audio/translations", {"model": "whisper-1", **data}, file)


def spoken() -> FakeStt:
    return FakeStt("bom dia", "a todos", language="pt")


async def test_a_recording_is_translated_to_english() -> None:
    async with openai_api(spoken()) as url:
        body = (await posted(url, {})).json()
    translation: Translation = strictly(Translation, body)
    assert translation.text == "en: bom dia en: a todos"


async def test_both_clients_of_openai_read_it() -> None:
    def translate(url: str) -> str:
        with warnings.catch_warnings(), openai.OpenAI(base_url=url, api_key="any", max_retries=0) as client:
            warnings.simplefilter("ignore", DeprecationWarning)
            answer: str = client.audio.translations.create(
                file=TWO_UTTERANCES, model="whisper-1", response_format="text"
            )
            return answer

    async with openai_api(spoken()) as url:
        assert await asyncio.to_thread(translate, url) == "en: bom dia en: a todos\n"


async def test_verbose_json_is_english_with_a_segment_for_each_utterance() -> None:
    async with openai_api(spoken()) as url:
        body = (await posted(url, {"response_format": "verbose_json"})).json()
    verbose: TranslationVerbose = strictly(TranslationVerbose, body, "task")
    assert (verbose.language, verbose.duration) == ("english", SECONDS)
    segments = verbose.segments or []
    assert [segment.text for segment in segments] == ["en: bom dia", "en: a todos"]
    assert segments[0].end <= segments[1].start < segments[1].end <= SECONDS


@pytest.mark.parametrize("subtitle_format", ["srt", "vtt"])
async def test_subtitles_show_the_translation(subtitle_format: str) -> None:
    async with openai_api(spoken()) as url:
        file = (await posted(url, {"response_format": subtitle_format})).text
    assert [cue.lines for cue in read_cues(file, subtitle_format)] == [("en: bom dia",), ("en: a todos",)]


async def test_another_target_is_an_extension() -> None:
    async with openai_api(FakeStt("good", "day", language="en")) as url:
        body = (await posted(url, {"target_language": "pt-BR", "response_format": "verbose_json"})).json()
    assert (body["text"], body["language"]) == ("pt: good pt: day", "portuguese")


async def test_silence_has_an_empty_text() -> None:
    async with openai_api() as url:
        answer = await posted(url, {}, NOTHING_SAID)
    assert (answer.status_code, answer.json()) == (200, {"text": ""})


async def test_speech_that_is_not_recognised_is_no_empty_text_and_a_part_of_it_is_named() -> None:
    async with openai_api(FakeStt(NotRecognised("nothing"), NotRecognised("nothing"))) as url:
        answer = await posted(url, {})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "not_recognised")
    for response_format in ("json", "text", "verbose_json", "srt", "vtt"):
        async with openai_api(FakeStt("bom", NotRecognised("nothing"))) as url:
            answer = await posted(url, {"response_format": response_format})
            assert re.fullmatch(r"\d+-\d+", answer.headers["X-Unrecognised-Ms"])


REFUSED: list[tuple[dict[str, Any], int, str, str, str]] = [
    ({"model": "tts-1"}, 400, "invalid_request", "model", "fake/ear"),
    ({"target_language": "fr"}, 422, "unsupported_language", "target_language", "pt"),
    ({"target_language": "klingon"}, 422, "unsupported_language", "target_language", "pt"),
    ({"response_format": "diarized_json"}, 400, "invalid_request", "response_format", "verbose_json"),
    ({"temperature": "1"}, 400, "not_supported", "temperature", "0"),
    ({"stream": "true"}, 400, "invalid_request", "stream", "response_format"),
    ({"prompt": ["a", "b"]}, 400, "invalid_request", "prompt", "more than once"),
]


@pytest.mark.parametrize(("fields", "status", "code", "param", "says"), REFUSED)
async def test_what_is_not_accepted_is_refused_by_name(
    fields: dict[str, Any], status: int, code: str, param: str, says: str
) -> None:
    async with openai_api() as url:
        answer = await posted(url, fields)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (status, code, param)
    assert says in error["message"]
