"""Translates texts: plain ones, subtitles and HTML, with models in this process or with a running service.

A file stays what it is: a subtitle file keeps its times, HTML its tags, and each its encoding.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

from sokuji import languages
from sokuji.cli.speech.service_calls import ServiceCalls, service_calls
from sokuji.errors import InvalidRequest
from sokuji.pipeline.document_translation import TRANSLATED_FILES
from sokuji.pipeline.in_process import local_pipeline
from sokuji.pipeline.pipeline import Pipeline
from sokuji.pipeline.text_source import probable_source
from sokuji.text.encodings import encoding_of

MAX_TEXT_BYTES = 40 * 2**20
"""Of one file."""

TextTranslator = Callable[[bytes, str], Awaitable[bytes]]
"""Takes a file and its suffix, one of ``TRANSLATED_FILES``; gives the translated file."""


def text_of(data: bytes) -> str:
    """The text of a file.

    Raises:
        InvalidRequest: it is in neither UTF-8 nor UTF-16 with a byte order mark.
    """
    encoding = encoding_of(data)
    try:
        return encoding.decode(data)
    except UnicodeDecodeError as error:
        raise InvalidRequest(
            f"it is no text in {encoding.name.upper()} at byte {error.start}; save it as UTF-8"
        ) from None


def looks_like_text(data: bytes) -> bool:
    """Whether data that has no name is a text: it can be decoded, and has no control characters."""
    try:
        text = text_of(data)
    except InvalidRequest:
        return False
    return all(char.isprintable() or char.isspace() for char in text)


@asynccontextmanager
async def in_process_text_translator(source: str, target: str) -> AsyncIterator[TextTranslator]:
    """A translator that runs the embedded models; ``source`` may be "auto".

    Raises:
        UnsupportedLanguage: the models have no such pair.
    """
    async with local_pipeline(stt=(), tts=()) as pipeline:
        if source != languages.AUTO:
            pipeline.catalogue.check_text_pair(source, target)
        yield partial(_translate, pipeline, source, target)


async def _translate(pipeline: Pipeline, source: str, target: str, data: bytes, suffix: str) -> bytes:
    text = text_of(data)
    if source == languages.AUTO:
        source = (await probable_source(text, pipeline.catalogue, target)).code
    translate = partial(pipeline.translate_text, source=source, target=target)
    translated = await TRANSLATED_FILES[suffix](text, translate)
    return encoding_of(data).encode(translated.text)


@asynccontextmanager
async def remote_text_translator(
    url: str, api_key: str | None, source: str, target: str
) -> AsyncIterator[TextTranslator]:
    """A translator that uses the service at ``url``; what it answers is raised by the translation."""
    async with service_calls(url, api_key) as calls:
        yield partial(_translate_there, calls, {"source": source, "target": target})


async def _translate_there(calls: ServiceCalls, form: dict[str, str], data: bytes, suffix: str) -> bytes:
    await asyncio.to_thread(text_of, data)  # What is no text is refused here as it is without a service.
    upload = {"file": (f"text{suffix}", data, "text/plain")}
    answer = await calls.post("/translate_file", data=form, files=upload)
    return (await calls.get(answer.json()["translatedFileUrl"])).content
