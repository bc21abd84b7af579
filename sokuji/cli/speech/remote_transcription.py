"""Transcribes recordings with a running service, part by part.

Parts end in silence. However long the recording is, each is within what a service takes in one request, and
there is progress to show.
"""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Any, NamedTuple

from sokuji.audio.encoding import encode
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.cli.speech.results import Interpreted, InterpretedUtterance, Interpreter
from sokuji.cli.speech.service_calls import ServiceCalls, service_calls
from sokuji.config import SegmentationSettings
from sokuji.contract import Word
from sokuji.errors import NoSpeech, NotRecognised
from sokuji.pipeline.detected_speech import utterances
from sokuji.pipeline.recorded_speech import UnrecognisedSpeech
from sokuji.text.subtitles.timed_words import TimedText

PART_MS = 60_000
"""A part ends at the first silence after this time. Longer ones show no progress; shorter ones give the
detection of the language less to go by."""


class _Part(NamedTuple):
    pcm: bytes
    start_ms: int
    end_ms: int


@asynccontextmanager
async def remote_transcriber(
    url: str, api_key: str | None, source: str, candidates: Sequence[str], *, word_times: bool
) -> AsyncIterator[Interpreter]:
    """An interpreter that recognises only; iterating over its results raises what the service answers."""
    form = {"language": source, "word_times": str(word_times).lower()}
    if candidates:
        form["source_languages"] = ",".join(candidates)
    async with service_calls(url, api_key) as calls:
        yield partial(_transcribe, calls, form)


async def _transcribe(calls: ServiceCalls, form: dict[str, str], pcm: bytes) -> Interpreted:
    async with aclosing(_parts(pcm)) as parts:
        async for part in parts:
            file = await asyncio.to_thread(encode, part.pcm, RECOGNISER_RATE, "flac")
            upload = {"audio_file": ("part.flac", file.data, file.media_type)}
            try:
                answer = await calls.post("/api/v1/stt/transcribe", data=form, files=upload)
            except (NoSpeech, NotRecognised):
                yield UnrecognisedSpeech(part.start_ms, part.end_ms)
                continue
            for each in _results(answer.json(), part.start_ms):
                yield each


def _results(answer: dict[str, Any], begin_ms: int) -> list[InterpretedUtterance | UnrecognisedSpeech]:
    segments = [_moved(each, begin_ms) for each in answer["segments"]]
    starts = [each.start_ms for each in segments]
    words: list[list[Word]] = [[] for _ in segments]
    for word in (_moved(each, begin_ms) for each in answer["words"] or ()):
        words[max(0, bisect_right(starts, (word.start_ms + word.end_ms) // 2) - 1)].append(word)
    found: list[InterpretedUtterance | UnrecognisedSpeech] = [
        InterpretedUtterance(
            segment.start_ms,
            segment.end_ms,
            answer["language"],
            segment.text,
            [TimedText(each.text, each.start_ms, each.end_ms) for each in own or [segment]],
            words=own,
        )
        for segment, own in zip(segments, words, strict=True)
    ]
    found += [
        UnrecognisedSpeech(begin_ms + span["start_ms"], begin_ms + span["end_ms"])
        for span in answer["unrecognised"]
    ]
    return sorted(found, key=lambda each: each.start_ms)


def _moved(part: dict[str, Any], by_ms: int) -> Word:
    return Word(part["text"], by_ms + part["start_ms"], by_ms + part["end_ms"])


async def _parts(pcm: bytes) -> AsyncGenerator[_Part, None]:
    """Parts of a recording that together have all its speech; none if nobody speaks."""
    begin_ms, speech_end_ms = 0, 0
    async with aclosing(utterances(pcm, SegmentationSettings())) as detected:
        async for speech in detected:
            if speech_end_ms and speech.speech_end_ms - begin_ms > PART_MS:
                middle_ms = (speech_end_ms + speech.speech_start_ms) // 2
                yield _part(pcm, begin_ms, middle_ms)
                begin_ms = middle_ms
            speech_end_ms = speech.speech_end_ms
    if speech_end_ms:
        yield _part(pcm, begin_ms, len(pcm) // 2 * 1_000 // RECOGNISER_RATE)


def _part(pcm: bytes, start_ms: int, end_ms: int) -> _Part:
    start, end = (2 * (RECOGNISER_RATE * ms // 1_000) for ms in (start_ms, end_ms))
    return _Part(pcm[start:end], start_ms, end_ms)
